// The flags of `stream simulate`.
import {
  type Flags,
  type FlagValues,
  list,
  optional,
  text,
  toggle,
  withDefault,
} from '../../flags/definition.ts';
import { count, type GlobalFlags } from '../../flags/shared-flags.ts';
import { parseDuration, parseRate, parseSpeed } from '../../flags/values.ts';

export const SERVER_FLAGS = {
  port: withDefault('--port <n>', 'port to listen on; 0: any free port', count(0, 65_535), '8787'),
  host: withDefault('--host <address>', 'address to listen on', (_flag, given) => given, '127.0.0.1'),
  tls: toggle('--tls', 'use TLS with a self-signed certificate; its path is printed'),
  ratePerSecond: optional('--rate <n>', 'events per second on each connection, or max', parseRate, '5'),
  seed: text('--seed <text>', 'random seed: the same seed gives the same output'),
  count: optional(
    '--count <n>',
    'send only n events on each connection (shared scenarios: in total); connections stay open',
    count(0),
  ),
  types: text('--types <type,...>', 'send only these event types'),
  key: list('--key <key>', 'accept this made-up key; repeatable', 'any well-formed key'),
  scenario: text('--scenario <name>', 'behavior of the server, see Scenarios', 'steady'),
  script: text('--script <file>', 'your own scenario, a JSON file (docs/scenario.schema.json)'),
  replay: text('--replay <recording>', 'play a recording made by `tail --record` to each client'),
  maxPauseMs: optional(
    '--max-pause <dur>',
    'with --replay: wait at most this long between two events',
    parseDuration,
  ),
  speed: withDefault('--speed <speed>', 'with --replay: play at 1x, 10x, 0.5x, or max', parseSpeed, '1x'),
  isJson: toggle('--json', 'print one JSON line when the server is ready'),
};

export type SimulateFlags = GlobalFlags & Flags<typeof SERVER_FLAGS>;
export type ServerValues = FlagValues<typeof SERVER_FLAGS>;
