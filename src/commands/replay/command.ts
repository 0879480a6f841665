// `atlantis stream replay`: its flags and help.
import { pick } from '../../flags/definition.ts';
import type { DocumentedCommand } from '../../flags/documented-command.ts';
import { ARROWS } from '../../flags/messages.ts';
import { END_FLAGS, EVENT_FLAGS, FORM_FLAGS } from '../../flags/shared-flags.ts';
import type { Io } from '../../io/io.ts';
import { PLAY_FLAGS } from '../../recording/flags.ts';

export function addStreamReplay(stream: DocumentedCommand, io: Io): void {
  stream
    .command('replay')
    .summary('play a recording made by `tail --record`')
    .description(
      'Play a recording made by `tail --record`: print its events to stdout at their original speed. Plain NDJSON has no receive times: it is played at full speed, or at --rate.',
    )
    .argument('<file>', 'recording or NDJSON, plain or .gz; - for stdin')
    .flags(PLAY_FLAGS)
    .flags({ ...EVENT_FLAGS, ...FORM_FLAGS, ...pick(END_FLAGS, 'limit') })
    .note('Arrows', ARROWS)
    .example('atlantis stream replay events.ndjson.gz')
    .example("atlantis stream replay events.ndjson --speed max --where 'amount_usd >= 1M' --json")
    .example('atlantis stream replay day.ndjson.gz --since 2026-01-31T12:00Z --max-pause 5s')
    .example('cat events.*.gz | atlantis stream replay - --speed 10x')
    .example('atlantis stream simulate --replay events.ndjson', 'serve it as a live stream')
    .action(async (path: string, _options, command: DocumentedCommand) => {
      const { runReplay } = await import('./run.ts');
      io.end(await runReplay(path, command.optsWithGlobals(), io));
    });
}
