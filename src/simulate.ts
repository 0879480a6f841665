// `stream simulate`, from parsed flags to the end: a server that runs until a signal.

import { parseKey } from './config/key.ts';
import { type GlobalFlags, parseLogFlags } from './config/tail-config.ts';
import { parseCount, parseRate } from './config/values.ts';
import type { EndSignal, Io, Outcome } from './io.ts';
import { type SimulatorOptions, startSimulator } from './simulator/server.ts';

/** As the command line gives them. */
export interface SimulateFlags extends GlobalFlags {
  readonly port?: string;
  readonly host?: string;
  readonly rate?: string;
  readonly seed?: string;
  readonly count?: string;
  readonly types?: string;
  readonly key?: readonly string[];
  readonly scenario?: string;
}

/** Where the simulator listens unless told otherwise. */
export const DEFAULT_PORT = 8787;

/** Serves until the first signal. @throws UsageError for bad flags or an address that is taken */
export async function runSimulate(flags: SimulateFlags, io: Io): Promise<Outcome> {
  const log = parseLogFlags(flags, io);
  const simulator = await startSimulator(parseOptions(flags));
  const { signal, release } = awaitSignal(io);
  if (!log.isQuiet) {
    io.writeOut(
      [
        `Simulator ready at ${simulator.url}`,
        'Tail it from another terminal:',
        `  ATLANTIS_API_KEY=${flags.key?.[0] === undefined ? simulator.exampleKey : '<one of your --key>'} atlantis stream tail --url ${simulator.url}`,
        'Ctrl-C ends it.',
        '',
      ].join('\n'),
    );
  }
  const ended = await signal;
  release();
  await simulator.close();
  return { signal: ended };
}

function parseOptions(flags: SimulateFlags): SimulatorOptions {
  const { host, seed, types, scenario, key = [] } = flags;
  return {
    port: flags.port === undefined ? DEFAULT_PORT : parseCount('--port', flags.port, 0, 65_535),
    ...(host === undefined ? {} : { host }),
    ...(flags.rate === undefined ? {} : { ratePerSecond: parseRate('--rate', flags.rate) }),
    ...(seed === undefined ? {} : { seed }),
    ...(flags.count === undefined ? {} : { count: parseCount('--count', flags.count, 0) }),
    ...(types === undefined
      ? {}
      : {
          types: types
            .split(',')
            .map((type) => type.trim())
            .filter(Boolean),
        }),
    ...(key.length === 0 ? {} : { keys: key.map((one) => parseKey(one, '--key')) }),
    ...(scenario === undefined ? {} : { scenario }),
  };
}

function awaitSignal(io: Io): { signal: Promise<EndSignal>; release: () => void } {
  let release: () => void = () => {};
  const signal = new Promise<EndSignal>((resolve) => {
    release = io.onSignal(resolve);
  });
  return { signal, release };
}
