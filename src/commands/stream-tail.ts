// `atlantis stream tail`: its flags, and nothing that runs before it is called.
import type { Command } from 'commander';
import type { Io } from '../io.ts';
import { collect } from './collect.ts';

/** Adds the flags that say where and how to connect once: those of `check`. */
export function addDialOptions(command: Command): Command {
  return command
    .option('-p, --profile <name>', 'profile to use (ATLANTIS_PROFILE, else the one in use)')
    .option('--url <url>', "base or stream URL (ATLANTIS_URL, else the profile's)")
    .option('--key-stdin', 'read the key from the first line of stdin')
    .option('--connect-timeout <dur>', 'for a whole attempt, and again for the welcome (default: 15s)')
    .option('--ping-interval <dur>', 'keepalive; 0 turns it off (default: 20s)')
    .option('--pong-timeout <dur>', 'time to hear anything after a ping (default: 10s)')
    .option('--ca-cert <file>', 'extra trusted roots (PEM)');
}

/** And those that say when to try again; `relay` shares them. */
export function addConnectionOptions(command: Command): Command {
  return addDialOptions(command)
    .option('--no-reconnect', 'end at the first loss')
    .option('--max-reconnects <n>', 'attempts beyond the first one (default: unlimited)')
    .option('--retry-min <dur>', 'lower bound of the backoff (default: 1s)')
    .option('--retry-max <dur>', 'upper bound of the backoff (default: 30s)');
}

export function addStreamTail(stream: Command, io: Io): void {
  addConnectionOptions(
    stream
      .command('tail')
      .summary('follow the live stream')
      .description('Follow the live stream: pretty on a terminal, one JSON event a line into a pipe.'),
  )
    .option('--simulate [scenario]', 'tail the built-in simulator: no key, no URL')
    .option('-t, --type <glob>', 'only these event types; repeatable, comma-separated', collect)
    .option('-w, --where <expr>', 'only events for which it holds; repeatable, all must hold', collect)
    .option('-f, --format <format>', 'auto, pretty or ndjson (default: auto)')
    .option('--json', 'the same as --format ndjson')
    .option('--envelope', 'wrap each event with receive time and number, add lifecycle records')
    .option('--fields <path,...>', 'print only these: tab-separated, or columns on a terminal')
    .option('--time <mode>', 'receive time shown in pretty: local, utc, relative, none (default: local)')
    .option('--wide', 'pretty and columns: nothing shortened, no word broken')
    .option('-n, --limit <n>', 'end with 0 once n events are written')
    .option('--duration <dur>', 'end with 0 after this long')
    .option('--timeout <dur>', 'end with 124 if --limit is not reached by then')
    .option('--max-silence <dur>', 'end with 13 when connected and no event for this long')
    .option('--fail-on-gap', 'end with 12 at the first gap')
    .option('--ready-file <path>', 'written once the first welcome has come')
    .option('--record <file>', 'write every event with its receive time to a file too; .gz compresses')
    .option('--record-max-size <n>', 'begin another file before one grows beyond it, as 100MB')
    .option('--record-max-age <dur>', 'begin another file with the first event after it')
    .option('--record-keep <n>', 'so many finished files stay (default: all)')
    .addHelpText(
      'after',
      `
Durations: 500ms, 20s, 5m, 1h30m

Filters: PATH OP VALUE, OP one of = != > >= < <= ~ !~ (~ is a regular expression)
  PATH   a.b, items[0].x, items[*].x (any of them), ["odd name"].x
  VALUE  a number (compared exactly), true, false, null, "text" or text

Examples:
  $ atlantis stream tail --simulate
  $ atlantis stream tail | jq -c .type
  $ atlantis stream tail --type 'large_*' --where 'amount_usd >= 1000000'
  $ atlantis stream tail --limit 100 --timeout 30s > events.ndjson`,
    )
    .action(async (_options, command: Command) => {
      const { runTail } = await import('../tail.ts');
      io.end(await runTail(command.optsWithGlobals(), io));
    });
}
