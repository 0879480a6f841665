// `atlantis stream replay`: its flags, and nothing that runs before it is called.

import type { DocumentedCommand } from '../../flags/documented-command.ts';
import type { Io } from '../../io/io.ts';

/** The flags of `tail` that say which events are wanted and in which form: the same here. */
const SHARED = [
  '--type',
  '--where',
  '--format',
  '--json',
  '--envelope',
  '--fields',
  '--time',
  '--wide',
  '--limit',
];

/** Adds the command; `tail` lends it its options. */
export function addStreamReplay(stream: DocumentedCommand, io: Io): void {
  const replay = stream
    .command('replay')
    .summary('play a recording to stdout')
    .description('Play a recording of `tail --record` to stdout, with the spacing it was recorded with.')
    .argument('<file>', 'the recording, plain or .gz; - for stdin')
    .option('--speed <speed>', '1x, 10x or any such factor, or max (default: 1x)')
    .option('--strict', 'end with 8 at the first damaged line');
  const tail = stream.commands.find((command) => command.name() === 'tail');
  for (const option of tail?.options ?? []) {
    if (SHARED.includes(option.long ?? '')) replay.addOption(option);
  }
  replay
    .example('atlantis stream replay events.ndjson.gz')
    .example("atlantis stream replay events.ndjson --speed max --where 'amount_usd >= 1000000' --json")
    .example('cat events.*.gz | atlantis stream replay - --speed 10x')
    .example('atlantis stream simulate --replay events.ndjson', 'the same as a live stream')
    .action(async (path: string, _options, command: DocumentedCommand) => {
      const { runReplay } = await import('./run.ts');
      io.end(await runReplay(path, command.optsWithGlobals(), io));
    });
}
