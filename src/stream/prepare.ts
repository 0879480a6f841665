// Prepares a stream: chooses the proxy, reads the trusted roots, compiles the filters. Commands call
// `prepareSource`, the library calls `prepareStream`.
import type { AttemptObserver, ConnectionsConfig } from '../connection/config.ts';
import { ONE_CONNECTION } from '../connection/follow-all.ts';
import { UsageError } from '../errors.ts';
import { createFrameBuffer } from '../events/frame-buffer.ts';
import { classifyText } from '../events/scanner.ts';
import type { Io } from '../io/io.ts';
import type { Environment } from '../io/platform.ts';
import {
  areTlsChecksOff,
  listAddedRoots,
  readGivenRoots,
  readSystemRoots,
} from '../settings/certificates.ts';
import { sayTlsChecksOff } from '../settings/messages.ts';
import { findProxy } from '../settings/proxy.ts';
import type { ConnectionConfig, StreamSource } from '../settings/stream-config.ts';
import { VERSION } from '../version.ts';
import { type ConnectLoopConfig, EventStream, type Select, type StreamDeps } from './event-stream.ts';
import { FILTER_OPTIONS, nameOption, OPTIONS_NAME } from './messages.ts';
import type { StreamConfig } from './options.ts';

/** Key commands have a shorter timeout of their own. */
const KEY_TIMEOUT_MS = 60_000;

export interface PreparedStream {
  readonly settings: ConnectLoopConfig;
  /** Opens the stream, once; the stream ends when the signal aborts. */
  open(signal: AbortSignal, observer?: AttemptObserver): EventStream;
}

/**
 * @param signal ends waiting for a CA file that is a pipe
 * @throws UsageError if certificate checks are off for another machine (contract C7), or if the CA file or the proxy is
 *   invalid
 */
export async function prepareSource(
  config: ConnectionConfig,
  source: Pick<StreamSource, 'url' | 'key' | 'keyOrigin'>,
  io: Io,
  extra: Pick<StreamDeps, 'deadlineMs' | 'select'> & { readonly redundancy?: ConnectionsConfig } = {},
  signal?: AbortSignal,
): Promise<PreparedStream> {
  const { caCert, useSystemCa, ...connection } = config;
  const stream: StreamConfig = {
    ...connection,
    url: source.url,
    key: source.key,
    keyTimeoutMs: KEY_TIMEOUT_MS,
    signal: undefined,
    // Commands pass a compiled filter, `extra.select`.
    types: [],
    where: [],
    ca: await readGivenRoots({ caCert, useSystemCa }, signal),
    systemCa: false,
    proxyUrl: undefined,
    useEnvironment: true,
    callbacks: {},
    redundancy: extra.redundancy ?? ONE_CONNECTION,
  };
  const { clock, random } = io;
  const deps = { clock, random, readEnvironment: () => io.env, keyOrigin: source.keyOrigin, ...extra };
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

/**
 * @throws UsageError if a filter is invalid, if `systemCa` finds no roots of the operating system, or if the
 *   environment has an invalid proxy or turns certificate checks off for another machine
 */
export async function prepareStream(config: StreamConfig, deps: StreamDeps): Promise<ConnectLoopConfig> {
  const { url, key, ca, systemCa, useEnvironment } = config;
  const env = useEnvironment ? deps.readEnvironment() : {};
  // Contract C7.
  const isUnchecked = areTlsChecksOff(env);
  if (isUnchecked && !url.isLoopback) throw new UsageError(...sayTlsChecksOff('connect'));
  const systemRoots = systemCa ? await readSystemRoots(nameOption('systemCa')) : [];
  return {
    dial: {
      url: url.stream,
      host: url.host,
      key: typeof key === 'string' ? key : '',
      keyOrigin: deps.keyOrigin ?? { kind: 'option', source: OPTIONS_NAME },
      userAgent: `atlantis-cli/${VERSION}`,
      proxyUrl: pickProxy(config, env),
      trustedRoots: await listAddedRoots([...ca, ...systemRoots], env),
      mustCheckCertificates: !isUnchecked,
      mustBeLoopback: url.isLoopback && (!url.isSecure || isUnchecked),
      connectTimeoutMs: config.connectTimeoutMs,
      keepalive: { pingIntervalMs: config.pingIntervalMs, pongTimeoutMs: config.pongTimeoutMs },
      lingerMs: config.lingerMs,
      classify: classifyText,
      createFrameBuffer,
    },
    policy: {
      maxReconnects: config.maxReconnects,
      firstBudget: config.firstBudget,
      retryMinMs: config.retryMinMs,
      retryMaxMs: config.retryMaxMs,
      deadlineMs: deps.deadlineMs,
    },
    select: deps.select ?? (await compileFilter(config)),
  };
}

async function compileFilter({ types, where }: StreamConfig): Promise<Select> {
  if (types.length === 0 && where.length === 0) return undefined;
  const { createFilter } = await import('../filter/filter.ts');
  return createFilter({ types, where }, FILTER_OPTIONS);
}

/** Loopback never goes through a proxy (contract C5). */
function pickProxy({ url, proxyUrl }: StreamConfig, env: Environment): string | undefined {
  return url.isLoopback ? undefined : (proxyUrl ?? findProxy(url.base, env));
}
