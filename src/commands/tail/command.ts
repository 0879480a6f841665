// `atlantis stream tail`: its flags and help.
import type { DocumentedCommand } from '../../flags/documented-command.ts';
import { ARROWS } from '../../flags/messages.ts';
import type { Io } from '../../io/io.ts';
import { TAIL_FLAGS } from './flags.ts';

export function addStreamTail(stream: DocumentedCommand, io: Io): void {
  stream
    .command('tail')
    .summary('follow the live stream')
    .description('Follow the live stream: pretty on a terminal, one JSON event per line in a pipe.')
    .flags(TAIL_FLAGS)
    .note('Durations', '500ms, 20s, 5m, 1h30m, 7d')
    .note('Arrows', ARROWS)
    .note('Expressions', 'PATH OP VALUE, joined by and, or, not and parentheses; see docs/filters.md', {
      PATH: 'a.b, items[0].x, items[*].x (any element), ["odd name"].x',
      OP: '= != > >= < <=, ~ and !~ (regular expression), in (a, b), not in (a, b)',
      VALUE: 'a number (compared exactly; 1_000, 1.5M), true, false, null, "text" or text',
    })
    .example('atlantis stream tail --simulate', 'no key needed')
    .example('atlantis stream tail | jq -c .type')
    .example("atlantis stream tail --type 'large_*' --where 'amount_usd >= 1M'")
    .example("atlantis stream tail --where 'token = DAI or chain = tron'")
    .example('atlantis stream tail -n 100 --timeout 30s > events.ndjson', '100 events, or exit 124')
    .example('atlantis stream tail --record day.ndjson.gz --record-max-size 100MB --record-keep 10')
    .action(async (_options, command: DocumentedCommand) => {
      const { runTail } = await import('./run.ts');
      io.end(await runTail(command.optsWithGlobals(), io));
    });
}
