// What a simulator can be told, and what it makes of it: defaults filled in, nonsense refused.
import { randomBytes } from 'node:crypto';
import { UsageError } from '../errors.ts';
import { KNOWN_EVENT_TYPES } from './events.ts';
import { findScenario, type Scenario } from './scenarios.ts';

/** How the simulator behaves; every part has a default. */
export interface SimulatorOptions {
  /** TCP port; 0, the default, picks a free one. */
  readonly port?: number;
  /** Address to listen on; default 127.0.0.1. */
  readonly host?: string;
  /** Speaks TLS, with a certificate made for the run (`Simulator.caCertificate`); default false. */
  readonly tls?: boolean;
  /** Events a second on each connection; default 5, 0 for none, Infinity for all that a client takes. */
  readonly ratePerSecond?: number;
  /**
   * Makes every byte repeatable: events, ids and times then depend on the seed, the options and the place of
   * a connection in the order of accepted ones, and on nothing else. Without it they are random and the
   * times are real.
   */
  readonly seed?: number | string;
  /** Events on each connection, which then stays open and quiet; default without end. */
  readonly count?: number;
  /** Types of the events; default those that the service is known to send. */
  readonly types?: readonly string[];
  /** Accepted keys; default every well-formed one. */
  readonly keys?: readonly string[];
  /** Name of a scenario, or one of your own; default `steady`. */
  readonly scenario?: string | Scenario;
  /** Is told of the events that go out on a connection, counted from 0, just before they are written. */
  readonly onEvents?: (connection: number, texts: readonly string[]) => void;
}

/** The options with nothing left open. */
interface SimulatorConfig {
  readonly port: number;
  readonly host: string;
  readonly tls: boolean;
  readonly ratePerSecond: number;
  readonly seed: number | string;
  /** Whether the seed was asked for, and with it repeatable times. */
  readonly isSeeded: boolean;
  readonly count: number;
  readonly types: readonly string[];
  readonly keys: readonly string[] | undefined;
  readonly scenario: Scenario;
  readonly onEvents: (connection: number, texts: readonly string[]) => void;
}

/** Event types are strings of 1 to 64 characters (docs/protocol.md, "After the upgrade"). */
const MAX_TYPE_CHARACTERS = 64;

/**
 * Fills in the defaults.
 * @throws UsageError that names the option, its value and what is accepted
 */
export function checkOptions(options: SimulatorOptions): SimulatorConfig {
  const { port = 0, host = '127.0.0.1', ratePerSecond = 5, types = KNOWN_EVENT_TYPES, keys } = options;
  const { count = Number.POSITIVE_INFINITY, seed, scenario = 'steady' } = options;
  const demand = (holds: boolean, name: string, value: unknown, accepted: string): void => {
    if (!holds) throw new UsageError(`the simulator's ${name} cannot be ${value}`, `accepted: ${accepted}`);
  };
  demand(Number.isInteger(port) && port >= 0 && port <= 65_535, 'port', port, '0 to 65535');
  demand(ratePerSecond >= 0, 'rate', ratePerSecond, 'events a second, 0 or more');
  demand(
    count >= 0 && (Number.isInteger(count) || count === Number.POSITIVE_INFINITY),
    'count',
    count,
    'a whole number',
  );
  const areTypes = types.every((type) => type.length > 0 && type.length <= MAX_TYPE_CHARACTERS);
  demand(
    types.length > 0 && areTypes,
    'types',
    JSON.stringify(types),
    `one or more, of 1 to ${MAX_TYPE_CHARACTERS} characters`,
  );
  demand(keys?.length !== 0, 'keys', 'an empty list', 'one or more, or none given for every well-formed key');
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
