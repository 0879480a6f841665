// `stream simulate`, from parsed flags to the end: a server that runs until a signal.
import { isKey } from './config/key.ts';
import { type GlobalFlags, type LogConfig, parseLogFlags } from './config/tail-config.ts';
import { parseCount, parseRate, parseSpeed } from './config/values.ts';
import { UsageError } from './errors.ts';
import type { EndSignal, Io, Outcome } from './io.ts';
import { describeReady, keepCertificate } from './simulate-ready.ts';
import { type SimulatorOptions, startSimulator } from './simulator/server.ts';
import { createReporter, loadLogStyle } from './ui/reporter.ts';

/** As the command line gives them. */
export interface SimulateFlags extends GlobalFlags {
  readonly port?: string;
  readonly host?: string;
  readonly tls?: boolean;
  readonly rate?: string;
  readonly seed?: string;
  readonly count?: string;
  readonly types?: string;
  readonly key?: readonly string[];
  readonly scenario?: string;
  readonly script?: string;
  readonly replay?: string;
  readonly speed?: string;
  readonly json?: boolean;
}

/** Where the simulator listens unless told otherwise. */
export const DEFAULT_PORT = 8787;
const DEFAULT_HOST = '127.0.0.1';

/** Serves until the first signal. @throws UsageError for bad flags or an address that is taken */
export async function runSimulate(flags: SimulateFlags, io: Io): Promise<Outcome> {
  const log = parseLogFlags(flags, io);
  const simulator = await startSimulator({
    ...parseOptions(flags),
    ...(await chooseScenario(flags, log, io)),
  });
  const { signal, release } = awaitSignal(io);
  const certificate = keepCertificate(simulator.caCertificate);
  try {
    const key = flags.key === undefined ? simulator.exampleKey : undefined;
    const host = flags.host ?? DEFAULT_HOST;
    const ready = describeReady(
      { ...simulator, host, key, caCertPath: certificate?.path, pid: io.pid },
      io.stdout.columns(),
    );
    if (flags.json === true) io.writeOut(`${ready.record}\n`);
    else if (!log.isQuiet) io.writeOut(ready.text);
    return { signal: await signal };
  } finally {
    release();
    certificate?.remove();
    await simulator.close();
  }
}

function parseOptions(flags: SimulateFlags): SimulatorOptions {
  const { host = DEFAULT_HOST, seed, types, key = [] } = flags;
  return {
    port: flags.port === undefined ? DEFAULT_PORT : parseCount('--port', flags.port, 0, 65_535),
    host,
    ...(flags.tls === true ? { tls: true } : {}),
    ...(flags.rate === undefined ? {} : { ratePerSecond: parseRate('--rate', flags.rate) }),
    ...(seed === undefined ? {} : { seed }),
    ...(flags.count === undefined ? {} : { count: parseCount('--count', flags.count, 0) }),
    ...(types === undefined ? {} : { types: types.split(',').map((type) => type.trim()) }),
    ...(key.length === 0 ? {} : { keys: key.map(parseAcceptedKey) }),
  };
}

/** What a recording brings with it, and a scenario cannot change. */
const SET_BY_REPLAY = ['scenario', 'script', 'rate', 'seed', 'count', 'types'] as const;

/** The scenario that the flags ask for; each kind of it is loaded only then. @throws UsageError */
async function chooseScenario(
  flags: SimulateFlags,
  log: LogConfig,
  io: Io,
): Promise<Pick<SimulatorOptions, 'scenario'>> {
  const { scenario, script, replay, speed } = flags;
  const refuse = (one: string, other: string): UsageError =>
    new UsageError(`--${one} and --${other} contradict each other`, 'give one of them');
  if (replay !== undefined) {
    const other = SET_BY_REPLAY.find((name) => flags[name] !== undefined);
    if (other !== undefined) throw refuse('replay', other);
    const { createReplay } = await import('./simulate-replay.ts');
    const factor = parseSpeed('--speed', speed ?? '1x');
    const reporter = createReporter(io, log, await loadLogStyle(log));
    return { scenario: await createReplay(replay, factor, reporter) };
  }
  if (speed !== undefined)
    throw new UsageError('--speed needs --replay', 'for other scenarios there is --rate');
  if (script !== undefined && scenario !== undefined) throw refuse('script', 'scenario');
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
