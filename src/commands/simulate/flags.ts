// The flags of `stream simulate`, as they are defined, and what the command line gives for them.
import {
  type Flags,
  type FlagValues,
  list,
  optional,
  text,
  toggle,
  withDefault,
} from '../../flags/definition.ts';
import type { GlobalFlags } from '../../flags/shared-flags.ts';
import { parseCount, parseRate, parseSpeed } from '../../flags/values.ts';

export const SERVER_FLAGS = {
  port: withDefault(
    '--port <n>',
    'port to listen on; 0 picks one',
    (flag, given) => parseCount(flag, given, 0, 65_535),
    '8787',
  ),
  host: withDefault('--host <address>', 'address to listen on', (_flag, given) => given, '127.0.0.1'),
  tls: toggle('--tls', 'speak TLS with a self-made certificate, whose path is printed'),
  ratePerSecond: optional('--rate <n>', 'events a second on each connection, or max', parseRate, '5'),
  seed: text('--seed <text>', 'makes every byte repeatable'),
  count: optional('--count <n>', 'events on each connection, which then stays quiet', (flag, given) =>
    parseCount(flag, given, 0),
  ),
  types: text('--types <type,...>', 'only these event types'),
  key: list('--key <key>', 'an invented key to accept; repeatable', 'any well-formed key'),
  scenario: text('--scenario <name>', 'how the server behaves', 'steady'),
  script: text('--script <file>', 'a scenario of your own, as JSON (docs/scenario.schema.json)'),
  replay: text('--replay <recording>', 'what `tail --record` wrote, as a live stream for each client'),
  speed: withDefault('--speed <speed>', 'of --replay: 1x, 10x or any such factor, or max', parseSpeed, '1x'),
  isJson: toggle('--json', 'print one JSON line once it is ready'),
};

/** As the command line gives them. */
export type SimulateFlags = GlobalFlags & Flags<typeof SERVER_FLAGS>;
export type ServerValues = FlagValues<typeof SERVER_FLAGS>;
