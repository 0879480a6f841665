// From what flags, environment and profile say to a stream of the library, ready to be opened.
import type { AttemptObserver } from '../connection/config.ts';
import type { Io } from '../io/io.ts';
import { readCaFile } from '../settings/certificates.ts';
import type { ConnectionConfig } from '../settings/connection-config.ts';
import type { StreamSource } from '../settings/stream-config.ts';
import { EventStream } from './event-stream.ts';
import type { StreamConfig } from './options.ts';
import { type ConnectLoopConfig, prepareStream, type StreamDeps } from './prepare.ts';

/** Key commands have a limit of their own, which is shorter. */
const KEY_TIMEOUT_MS = 60_000;

export interface PreparedStream {
  readonly settings: ConnectLoopConfig;
  /** Opens it, once; it ends when the signal aborts. */
  open(signal: AbortSignal, observer?: AttemptObserver): EventStream;
}

/**
 * Everything that can be checked before a connection is made, checked. The redactor knows the proxy afterwards.
 *
 * @param signal ends waiting for a CA file that is a pipe
 * @throws UsageError where certificate checks are turned off (contract C7), the CA file or a proxy is no good
 */
export async function prepareSource(
  config: ConnectionConfig,
  source: Pick<StreamSource, 'url' | 'key' | 'keyOrigin'>,
  io: Io,
  extra: Pick<StreamDeps, 'deadlineMs' | 'select'> = {},
  signal?: AbortSignal,
): Promise<PreparedStream> {
  const { caCert, ...connection } = config;
  const stream: StreamConfig = {
    ...connection,
    url: source.url,
    key: source.key,
    keyTimeoutMs: KEY_TIMEOUT_MS,
    signal: undefined,
    // The command has its own filter: `extra.select`.
    types: [],
    where: [],
    ca: caCert === undefined ? [] : [await readCaFile(caCert, signal)],
    proxyUrl: undefined,
    useEnvironment: true,
    callbacks: {},
  };
  const { clock, random } = io;
  const { keyOrigin } = source;
  const deps = { clock, random, readEnvironment: () => io.env, keyOrigin, ...extra };
  const settings = await prepareStream(stream, deps);
  if (settings.dial.proxyUrl !== undefined) io.redactor.addProxyUrl(settings.dial.proxyUrl);
  return {
    settings,
    open: (signal, observer) =>
      new EventStream(
        { ...stream, signal },
        async () => ({ ...settings, dial: { ...settings.dial, observer } }),
        deps,
      ),
  };
}
