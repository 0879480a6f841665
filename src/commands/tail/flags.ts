// `atlantis stream tail`: its flags, and nothing that runs before it is called.
import { FORMATS, TIME_MODES } from '../../flags/choices.ts';
import { collect } from '../../flags/collect.ts';
import { createChoice, type DocumentedCommand } from '../../flags/documented-command.ts';
import type { Io } from '../../io/io.ts';

/** Adds the flags that say where the stream is, and who is asking. */
function addSourceOptions(command: DocumentedCommand): DocumentedCommand {
  return command
    .option('-p, --profile <name>', 'profile to use (ATLANTIS_PROFILE, else the one in use)')
    .option('--url <url>', "base or stream URL (ATLANTIS_URL, else the profile's)")
    .option('--key-stdin', 'read the key from the first line of stdin');
}

/** Adds the flags that say how to connect once. */
function addAttemptOptions(command: DocumentedCommand): DocumentedCommand {
  return command
    .option('--connect-timeout <dur>', 'for a whole attempt, and again for the welcome (default: 15s)')
    .option('--ping-interval <dur>', 'keepalive; 0 turns it off (default: 20s)')
    .option('--pong-timeout <dur>', 'time to hear anything after a ping (default: 10s)')
    .option('--ca-cert <file>', 'extra trusted roots (PEM)');
}

/** Adds the flags that say when to try again. */
function addRetryOptions(command: DocumentedCommand): DocumentedCommand {
  return command
    .option('--no-reconnect', 'end at the first loss')
    .option('--max-reconnects <n>', 'attempts beyond the first one (default: unlimited)')
    .option('--retry-min <dur>', 'bound of the first random delay, then doubled (default: 1s)')
    .option('--retry-max <dur>', 'bound of every delay (default: 30s)');
}

/** The flags that say where and how to connect once: those of `check`. */
export function addDialOptions(command: DocumentedCommand): DocumentedCommand {
  return addAttemptOptions(addSourceOptions(command));
}

export function addStreamTail(stream: DocumentedCommand, io: Io): void {
  const tail = stream
    .command('tail')
    .summary('follow the live stream')
    .description('Follow the live stream: pretty on a terminal, one JSON event a line into a pipe.');
  addSourceOptions(tail.optionsGroup('Source:'))
    .option('--from <url>', 'a JetStream stream instead: nats://host[:port][,...]/stream, or tls://...')
    .option('--since <start>', 'with --from: 10m, a time, or the number of a message (default: what is new)')
    .option('--durable <name>', 'with --from: go on where the last reader of this name stopped')
    .option('--nats-creds <file>', 'with --from: credentials (NATS_CREDS, NATS_NKEY, NATS_USER, NATS_TOKEN)');
  addRetryOptions(addAttemptOptions(addEventOptions(tail).optionsGroup('Connection:')));
  tail
    .note('Durations', '500ms, 20s, 5m, 1h30m')
    .note('Filters', 'PATH OP VALUE, OP one of = != > >= < <= ~ !~ (~ is a regular expression)', {
      PATH: 'a.b, items[0].x, items[*].x (any of them), ["odd name"].x',
      VALUE: 'a number (compared exactly), true, false, null, "text" or text',
    })
    .example('atlantis stream tail --simulate', 'no key needed')
    .example('atlantis stream tail | jq -c .type')
    .example("atlantis stream tail --type 'large_*' --where 'amount_usd >= 1000000'")
    .example('atlantis stream tail --limit 100 --timeout 30s > events.ndjson', 'or exit 124')
    .example('atlantis stream tail --record day.ndjson.gz --record-max-size 100MB --record-keep 10')
    .action(async (_options, command: DocumentedCommand) => {
      const { runTail } = await import('./run.ts');
      io.end(await runTail(command.optsWithGlobals(), io));
    });
}

/** Adds what is asked of the events: which, in which form, how many, and where to. */
function addEventOptions(tail: DocumentedCommand): DocumentedCommand {
  return tail
    .option('--simulate [scenario]', 'tail the built-in simulator: no key, no URL')
    .optionsGroup('Which events:')
    .option('-t, --type <glob>', 'only these event types; repeatable, comma-separated', collect)
    .option('-w, --where <expr>', 'only events for which it holds; repeatable, all must hold', collect)
    .optionsGroup('In which form:')
    .addOption(createChoice('-f, --format <format>', 'form of the events', FORMATS, 'auto'))
    .option('--json', 'the same as --format ndjson')
    .option('--envelope', 'wrap each event with receive time and number, add lifecycle records')
    .option('--fields <path,...>', 'print only these: tab-separated, or columns on a terminal')
    .addOption(createChoice('--time <mode>', 'receive time shown in pretty', TIME_MODES, 'local'))
    .option('--wide', 'pretty and columns: every field in full, nothing shortened or left to a +n')
    .optionsGroup('Until when:')
    .option('-n, --limit <n>', 'end with 0 once n events are written')
    .option('--duration <dur>', 'end with 0 after this long')
    .option('--timeout <dur>', 'end with 124 if --limit is not reached by then')
    .option('--max-silence <dur>', 'end with 13 when connected and no event for this long')
    .option('--fail-on-gap', 'end with 12 at the first gap')
    .optionsGroup('Into files:')
    .option('--ready-file <file>', 'written once the first welcome has come')
    .option(
      '--record <file>',
      'write every event with its receive time to a file too; .gz compresses, SIGUSR1 reopens',
    )
    .option('--record-max-size <n>', 'begin another file before one grows beyond it, as 100MB')
    .option('--record-max-age <dur>', 'begin another file once one is so old, as 24h')
    .option('--record-keep <n>', 'so many finished files stay (default: all)');
}
