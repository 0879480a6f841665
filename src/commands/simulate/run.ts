// `stream simulate`: starts the simulator, prints how to connect, and serves until a signal.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { OutputError, UsageError } from '../../errors.ts';
import { listGiven, parseFlags, pick } from '../../flags/definition.ts';
import { sayInvalid, sayNotCombinable, sayRequires } from '../../flags/messages.ts';
import { parsePlayRate } from '../../flags/values.ts';
import { foldCommand } from '../../flags/wrap.ts';
import type { Io, Outcome } from '../../io/io.ts';
import { isKey } from '../../io/key.ts';
import { quoteForShell, sayNotRead } from '../../io/messages.ts';
import { readNamedFile } from '../../io/read-file.ts';
import type { EndSignal } from '../../io/signals.ts';
import { dropByteOrderMark } from '../../io/text-encoding.ts';
import { describePosition, findJsonFault } from '../../profiles/json-fault.ts';
import { wrapWords } from '../../render/fit-lines.ts';
import { stringifySafe } from '../../render/sanitize.ts';
import { saySignal } from '../../session/messages.ts';
import { type LogConfig, parseLogFlags } from '../../settings/stream-config.ts';
import { isLoopbackHost } from '../../settings/stream-url.ts';
import type { Scenario } from '../../simulator/scenarios.ts';
import { type SimulatorOptions, startSimulator } from '../../simulator/server.ts';
import { createReporter, loadLogStyle } from '../../ui/reporter.ts';
import { SERVER_FLAGS, type ServerValues, type SimulateFlags } from './flags.ts';
import * as say from './messages.ts';

interface ReadySimulator {
  readonly url: string;
  readonly port: number;
  /** As given by --host. */
  readonly host: string;
  /** The example key; undefined with --key, since given keys are not printed. */
  readonly key: string | undefined;
  /** Path of the certificate that clients must trust; undefined without TLS. */
  readonly caCertPath: string | undefined;
  readonly pid: number;
}

/** @param columns width of the terminal; default: unlimited */
function describeServer(
  { url, port, host, key, caCertPath, pid }: ReadySimulator,
  columns = Number.POSITIVE_INFINITY,
): { text: string; record: string } {
  const argv = ['atlantis', 'stream', 'tail', '--url', url];
  if (caCertPath !== undefined) argv.push('--ca-cert', caCertPath);
  const record = {
    ready: true,
    url,
    stream_url: `${url.replace('http', 'ws')}/v1/stream`,
    host,
    port,
    key: key ?? null,
    ca_cert: caCertPath ?? null,
    tail: argv,
    pid,
  };
  const isForAll = host === '0.0.0.0' || host === '::';
  // The URL of a link-local address, which has a zone, cannot be parsed.
  const isOpen = isForAll || !URL.canParse(url) || !isLoopbackHost(new URL(url).hostname);
  const command = `ATLANTIS_API_KEY=${key ?? '<your --key>'} ${argv.map(quoteForShell).join(' ')}`;
  const folded = foldCommand(command, columns - 2);
  const text = say.describeReadySimulator(url, host, caCertPath, folded, { isForAll, isOpen });
  const lines = text.flatMap((line) => (line.startsWith(' ') ? line : wrapWords(line, columns)));
  return { text: `${lines.join('\n')}\n`, record: stringifySafe(record) };
}

/** @throws OutputError */
function writeCertificate(pem: string | undefined): { readonly path: string; remove(): void } | undefined {
  if (pem === undefined) return undefined;
  let remove = (): void => {};
  try {
    const directory = mkdtempSync(join(tmpdir(), 'atlantis-simulator-'));
    remove = () => rmSync(directory, { recursive: true, force: true });
    const path = join(directory, 'cert.pem');
    writeFileSync(path, pem);
    return { path, remove };
  } catch (error) {
    remove();
    throw new OutputError(...say.sayCertificateNotWritten(tmpdir(), error));
  }
}

/** Serves until the first signal. @throws UsageError for invalid flags or an address in use */
export async function runSimulate(flags: SimulateFlags, io: Io): Promise<Outcome> {
  const log = parseLogFlags(flags, io);
  const values = parseFlags(SERVER_FLAGS, flags);
  const simulator = await startSimulator({
    ...toOptions(values),
    ...(await chooseScenario(values, flags, log, io)),
  });
  const { signal, release } = awaitSignal(io);
  const certificate = writeCertificate(simulator.caCertificate);
  try {
    const key = values.key.length === 0 ? simulator.exampleKey : undefined;
    const { host } = values;
    const ready = describeServer(
      { ...simulator, host, key, caCertPath: certificate?.path, pid: io.pid },
      io.stdout.columns(),
    );
    if (values.isJson) io.writeOut(`${ready.record}\n`);
    else if (!log.isQuiet) io.writeOut(ready.text);
    const endSignal = await signal;
    createReporter(io, log).report(saySignal(endSignal));
    return { signal: endSignal };
  } finally {
    release();
    certificate?.remove();
    await simulator.close();
  }
}

function toOptions(values: ServerValues): SimulatorOptions {
  const { port, host, tls, ratePerSecond, seed, count, types, key } = values;
  return {
    port,
    host,
    tls,
    ...(ratePerSecond === undefined ? {} : { ratePerSecond }),
    ...(seed === undefined ? {} : { seed }),
    ...(count === undefined ? {} : { count }),
    ...(types === undefined ? {} : { types: types.split(',').map((type) => type.trim()) }),
    ...(key.length === 0 ? {} : { keys: key.map(parseAcceptedKey) }),
  };
}

/** Flags that decide which events are sent, as the recording of `--replay` does. */
const SET_BY_REPLAY = pick(SERVER_FLAGS, 'scenario', 'script', 'seed', 'count', 'types');

/** @throws UsageError */
async function chooseScenario(
  { scenario, script, replay, speed, maxPauseMs }: ServerValues,
  flags: SimulateFlags,
  log: LogConfig,
  io: Io,
): Promise<Pick<SimulatorOptions, 'scenario'>> {
  const refuse = (one: string, other: string): UsageError => new UsageError(...sayNotCombinable(one, other));
  const [paced] = listGiven(pick(SERVER_FLAGS, 'speed', 'maxPauseMs'), flags);
  if (replay !== undefined) {
    const [other] = listGiven(SET_BY_REPLAY, flags);
    if (other !== undefined) throw refuse('--replay', other);
    const ratePerSecond = flags.rate === undefined ? undefined : parsePlayRate('--rate', flags.rate);
    if (ratePerSecond !== undefined && paced !== undefined) throw refuse('--rate', paced);
    if (speed === Number.POSITIVE_INFINITY && maxPauseMs !== undefined)
      throw refuse('--speed max', '--max-pause');
    const { createReplay } = await import('./replay.ts');
    const reporter = createReporter(io, log, await loadLogStyle(log));
    return { scenario: await createReplay(replay, { speed, ratePerSecond, maxPauseMs }, reporter) };
  }
  if (paced !== undefined) throw new UsageError(...sayRequires([paced], '--replay', say.RATE_HINT));
  if (script !== undefined && scenario !== undefined) throw refuse('--script', '--scenario');
  if (script === undefined) return scenario === undefined ? {} : { scenario };
  return { scenario: await readScript(script) };
}

/** @throws UsageError for an unreadable file, or with the line and column or the JSON path of the first mistake */
async function readScript(path: string): Promise<Scenario> {
  const text = await readText(path);
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new UsageError(...say.sayScriptNotJson(path, describePosition(text, findJsonFault(text) ?? 0)));
  }
  const { parseScript } = await import('../../simulator/script.ts');
  return parseScript(value);
}

async function readText(path: string): Promise<string> {
  try {
    return dropByteOrderMark((await readNamedFile(path)).toString('utf8'));
  } catch (error) {
    throw new UsageError(...sayNotRead(say.THE_SCRIPT, path, error));
  }
}

/** The error message does not repeat the key, which may be a real one. */
function parseAcceptedKey(key: string): string {
  if (isKey(key)) return key;
  throw new UsageError(...sayInvalid('--key', undefined, say.ACCEPTED_MADE_UP_KEY));
}

function awaitSignal(io: Io): { signal: Promise<EndSignal>; release: () => void } {
  let release: () => void = () => {};
  const signal = new Promise<EndSignal>((resolve) => {
    release = io.onSignal(resolve);
  });
  return { signal, release };
}
