// The options of a simulator: checked, with defaults.
import { randomBytes } from 'node:crypto';
import { UsageError } from '../errors.ts';
import { KNOWN_EVENT_TYPES } from './events.ts';
import { ACCEPTED_SIMULATOR_OPTIONS as ACCEPTED, AN_EMPTY_LIST, saySimulatorOption } from './messages.ts';
import { findScenario, type Scenario } from './scenarios.ts';

export interface SimulatorOptions {
  /** TCP port; default 0: any free one. */
  readonly port?: number;
  /** Address to listen on; default 127.0.0.1. */
  readonly host?: string;
  /** TLS with a certificate for this run (`Simulator.caCertificate`); default false. */
  readonly tls?: boolean;
  /** Events per second on each connection; default 5, 0 for none, Infinity for as many as the client reads. */
  readonly ratePerSecond?: number;
  /**
   * Makes every byte repeatable: events, ids and times depend only on the seed, the options and the number of the
   * connection. Without it they are random and the times are real.
   */
  readonly seed?: number | string;
  /** Events on each connection (`shared` steps: in total), which then stays open and quiet. Default unlimited. */
  readonly count?: number;
  /** Event types; default those that the service is known to send. */
  readonly types?: readonly string[];
  /** Accepted keys; default any well-formed one. */
  readonly keys?: readonly string[];
  /** A scenario or the name of one; default `steady`. */
  readonly scenario?: string | Scenario;
  /** Called just before events are sent; connections are numbered from 0. */
  readonly onEvents?: (connection: number, texts: readonly string[]) => void;
}

interface SimulatorConfig extends Required<Omit<SimulatorOptions, 'keys' | 'scenario'>> {
  /** Whether a seed was given, so that times are repeatable. */
  readonly isSeeded: boolean;
  readonly keys: readonly string[] | undefined;
  readonly scenario: Scenario;
}

/** Event types are strings of 1 to 64 characters (docs/protocol.md, "After the upgrade"). */
const MAX_TYPE_CHARACTERS = 64;

/** @throws UsageError that names the option, its value and the accepted values */
export function checkOptions(options: SimulatorOptions): SimulatorConfig {
  const { port = 0, host = '127.0.0.1', ratePerSecond = 5, types = KNOWN_EVENT_TYPES, keys } = options;
  const { count = Number.POSITIVE_INFINITY, seed, scenario = 'steady' } = options;
  const demand = (holds: boolean, name: string, value: unknown, accepted: string): void => {
    if (!holds) throw new UsageError(...saySimulatorOption(name, value, accepted));
  };
  demand(Number.isInteger(port) && port >= 0 && port <= 65_535, 'port', port, ACCEPTED.port);
  demand(ratePerSecond >= 0, 'ratePerSecond', ratePerSecond, ACCEPTED.ratePerSecond);
  demand(
    count >= 0 && (Number.isInteger(count) || count === Number.POSITIVE_INFINITY),
    'count',
    count,
    ACCEPTED.count,
  );
  const areTypes = types.every((type) => type.length > 0 && type.length <= MAX_TYPE_CHARACTERS);
  demand(types.length > 0 && areTypes, 'types', JSON.stringify(types), ACCEPTED.types(MAX_TYPE_CHARACTERS));
  demand(keys?.length !== 0, 'keys', AN_EMPTY_LIST, ACCEPTED.keys);
  return {
    port,
    host,
    tls: options.tls ?? false,
    ratePerSecond,
    count,
    types,
    keys,
    seed: seed ?? randomBytes(16).toString('hex'),
    isSeeded: seed !== undefined,
    scenario: typeof scenario === 'string' ? findScenario(scenario) : scenario,
    onEvents: options.onEvents ?? (() => {}),
  };
}
