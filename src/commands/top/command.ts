// `atlantis stream top`: its flags and help.
import type { DocumentedCommand } from '../../flags/documented-command.ts';
import type { Io } from '../../io/io.ts';
import { TOP_FLAGS } from './flags.ts';

export function addStreamTop(stream: DocumentedCommand, io: Io): void {
  stream
    .command('top')
    .summary('show a live table of the stream: events, rate, dollars, lag')
    .description(
      'Show a live table of the stream, or of a recording: events, rate, dollars per minute and lag, by type and chain.',
    )
    .argument('[file]', 'recording or NDJSON to read instead of the stream, plain or .gz; - for stdin')
    .flags(TOP_FLAGS)
    .note('Keys', 'On a terminal, single keys sort and control the table.', {
      'e s u': 'sort by events, rate, dollars per minute',
      'l m t': 'sort by lag (p99), largest amount, last event',
      'i p q': 'reverse the order, pause drawing, quit',
    })
    .note('Figures', 'docs/top.md describes each column.', {
      '~12.3M': 'rounded; amounts without ~ are exact',
      '1,234+': 'events since the row was created; earlier ones may be counted in `other`',
    })
    .example('atlantis stream top --simulate', 'no key needed')
    .example('atlantis stream top --by token', 'another field')
    .example('atlantis stream top --once --within 10s --json | jq ".rows[0]"')
    .example('atlantis stream top day.ndjson.gz --once --by chain --sort usd')
    .action(async (path: string | undefined, _options, command: DocumentedCommand) => {
      const { runTop } = await import('./run.ts');
      io.end(await runTop(path, command.optsWithGlobals(), io));
    });
}
