// `stream simulate`, from parsed flags to the end: a server that runs until a signal.
import { isKey } from './config/key.ts';
import { type GlobalFlags, parseLogFlags } from './config/tail-config.ts';
import { parseCount, parseRate } from './config/values.ts';
import { UsageError } from './errors.ts';
import type { EndSignal, Io, Outcome } from './io.ts';
import { describeReady, keepCertificate } from './simulate-ready.ts';
import { type SimulatorOptions, startSimulator } from './simulator/server.ts';

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
  readonly json?: boolean;
}

/** Where the simulator listens unless told otherwise. */
export const DEFAULT_PORT = 8787;

/** Serves until the first signal. @throws UsageError for bad flags or an address that is taken */
export async function runSimulate(flags: SimulateFlags, io: Io): Promise<Outcome> {
  const log = parseLogFlags(flags, io);
  const simulator = await startSimulator(parseOptions(flags));
  const { signal, release } = awaitSignal(io);
  const certificate = keepCertificate(simulator.caCertificate);
  try {
    const key = flags.key === undefined ? simulator.exampleKey : undefined;
    const ready = describeReady({ ...simulator, key, caCertPath: certificate?.path, pid: io.pid });
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
  const { host, seed, types, scenario, key = [] } = flags;
  return {
    port: flags.port === undefined ? DEFAULT_PORT : parseCount('--port', flags.port, 0, 65_535),
    ...(host === undefined ? {} : { host }),
    ...(flags.tls === true ? { tls: true } : {}),
    ...(flags.rate === undefined ? {} : { ratePerSecond: parseRate('--rate', flags.rate) }),
    ...(seed === undefined ? {} : { seed }),
    ...(flags.count === undefined ? {} : { count: parseCount('--count', flags.count, 0) }),
    ...(types === undefined ? {} : { types: types.split(',').map((type) => type.trim()) }),
    ...(key.length === 0 ? {} : { keys: key.map(parseAcceptedKey) }),
    ...(scenario === undefined ? {} : { scenario }),
  };
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
