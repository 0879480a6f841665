// `stream simulate`, from parsed flags to the end: a server that runs until a signal. When it is ready it
// prints what to connect to.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { OutputError, UsageError } from '../../errors.ts';
import { listGiven, parseFlags, pick } from '../../flags/definition.ts';
import { foldCommand } from '../../flags/wrap.ts';
import type { EndSignal, Io, Outcome } from '../../io/io.ts';
import { isKey } from '../../io/key.ts';
import { wrapWords } from '../../render/fit-lines.ts';
import { type LogConfig, parseLogFlags } from '../../settings/stream-config.ts';
import { type SimulatorOptions, startSimulator } from '../../simulator/server.ts';
import { createReporter, loadLogStyle } from '../../ui/reporter.ts';
import { SERVER_FLAGS, type ServerValues, type SimulateFlags } from './flags.ts';

interface ReadySimulator {
  readonly url: string;
  readonly port: number;
  /** The address that was asked for. */
  readonly host: string;
  /** The example key, or undefined where --key says what is accepted: those are not repeated. */
  readonly key: string | undefined;
  /** Where the certificate stands that a client has to trust; undefined without TLS. */
  readonly caCertPath: string | undefined;
  readonly pid: number;
}

const LOOPBACK_URL = /^https?:\/\/(127\.|\[::1\]|localhost)/;

/**
 * The words and the record of a simulator that is ready.
 * @param columns width of the terminal, where lines break between words; undefined where there is none
 */
function describeReady(
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
  const isOpen = isForAll || !LOOPBACK_URL.test(url);
  const command = `ATLANTIS_API_KEY=${key ?? '<one of your --key>'} ${argv.map(quote).join(' ')}`;
  const text = [
    `Simulator ready at ${url}`,
    ...(caCertPath === undefined ? [] : [`Certificate: ${caCertPath}`]),
    'Tail it from another terminal:',
    ...foldCommand(command, columns - 2).map((line) => `  ${line}`),
    ...(isForAll ? [`It listens on every address of this machine (${host}).`] : []),
    ...(isOpen ? ['Other machines on its networks can connect with any key that it accepts.'] : []),
    ...(isOpen && caCertPath === undefined ? ['`tail` wants --tls wherever it is not on loopback.'] : []),
    'Ctrl-C ends it.',
  ];
  const lines = text.flatMap((line) => (line.startsWith(' ') ? line : wrapWords(line, columns)));
  return { text: `${lines.join('\n')}\n`, record: JSON.stringify(record) };
}

/** One word of a POSIX shell. */
function quote(word: string): string {
  return /^[\w@%+=:,./[\]-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}

/** Puts a certificate into a file of its own, in a fresh temporary folder. @throws OutputError */
function keepCertificate(pem: string | undefined): { readonly path: string; remove(): void } | undefined {
  if (pem === undefined) return undefined;
  try {
    const path = join(mkdtempSync(join(tmpdir(), 'atlantis-simulator-')), 'cert.pem');
    writeFileSync(path, pem);
    return { path, remove: () => rmSync(dirname(path), { recursive: true, force: true }) };
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? 'unknown error';
    throw new OutputError(`the certificate could not be written to ${tmpdir()} (${code})`);
  }
}

/** Serves until the first signal. @throws UsageError for bad flags or an address that is taken */
export async function runSimulate(flags: SimulateFlags, io: Io): Promise<Outcome> {
  const log = parseLogFlags(flags, io);
  const values = parseFlags(SERVER_FLAGS, flags);
  const simulator = await startSimulator({
    ...toOptions(values),
    ...(await chooseScenario(values, flags, log, io)),
  });
  const { signal, release } = awaitSignal(io);
  const certificate = keepCertificate(simulator.caCertificate);
  try {
    const key = values.key.length === 0 ? simulator.exampleKey : undefined;
    const { host } = values;
    const ready = describeReady(
      { ...simulator, host, key, caCertPath: certificate?.path, pid: io.pid },
      io.stdout.columns(),
    );
    if (values.isJson) io.writeOut(`${ready.record}\n`);
    else if (!log.isQuiet) io.writeOut(ready.text);
    return { signal: await signal };
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

/** Set by a recording. */
const SET_BY_REPLAY = pick(SERVER_FLAGS, 'scenario', 'script', 'ratePerSecond', 'seed', 'count', 'types');

/** The scenario that the flags ask for; each kind of it is loaded only then. @throws UsageError */
async function chooseScenario(
  { scenario, script, replay, speed }: ServerValues,
  flags: SimulateFlags,
  log: LogConfig,
  io: Io,
): Promise<Pick<SimulatorOptions, 'scenario'>> {
  const refuse = (one: string, other: string): UsageError =>
    new UsageError(`${one} and ${other} contradict each other`, 'give one of them');
  if (replay !== undefined) {
    const [other] = listGiven(SET_BY_REPLAY, flags);
    if (other !== undefined) throw refuse('--replay', other);
    const { createReplay } = await import('./replay.ts');
    const reporter = createReporter(io, log, await loadLogStyle(log));
    return { scenario: await createReplay(replay, speed, reporter) };
  }
  if (flags.speed !== undefined)
    throw new UsageError('--speed needs --replay', 'for other scenarios there is --rate');
  if (script !== undefined && scenario !== undefined) throw refuse('--script', '--scenario');
  if (script === undefined) return scenario === undefined ? {} : { scenario };
  const { readScript } = await import('./script-file.ts');
  return { scenario: await readScript(script) };
}

/** An invented key that the server accepts; what was given is not repeated, it might be a real one after all. */
function parseAcceptedKey(key: string): string {
  if (isKey(key)) return key;
  throw new UsageError(
    'a --key cannot be used: it has another form than a key',
    'accepted: an invented one, "ak_" and printable ASCII without spaces',
  );
}

function awaitSignal(io: Io): { signal: Promise<EndSignal>; release: () => void } {
  let release: () => void = () => {};
  const signal = new Promise<EndSignal>((resolve) => {
    release = io.onSignal(resolve);
  });
  return { signal, release };
}
