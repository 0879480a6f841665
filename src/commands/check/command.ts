// `atlantis stream check`: its place in the command line, and nothing that runs before it is called.
import type { DocumentedCommand } from '../../flags/documented-command.ts';
import { ATTEMPT_FLAGS, SOURCE_FLAGS } from '../../flags/shared-flags.ts';
import type { Io } from '../../io/io.ts';
import { CHECK_FLAGS } from './flags.ts';

export function addStreamCheck(stream: DocumentedCommand, io: Io): void {
  stream
    .command('check')
    .summary('can this key stream from here, step by step')
    .description(
      'Check that this key can stream from here, and that expected events arrive. The first failure decides the exit code.',
    )
    .flags({ ...SOURCE_FLAGS, ...ATTEMPT_FLAGS, ...CHECK_FLAGS })
    .note('Exit codes', '0 passed, 124 expectations or deadline not met, else those of `stream tail`.')
    .example('atlantis stream check')
    .example("atlantis stream check --json | jq -r '.steps[] | [.name, .status] | @tsv'")
    .example("atlantis stream check --expect 'type=large_transfer' --min 3 --within 2m --junit check.xml")
    .action(async (_options, command: DocumentedCommand) => {
      const { runCheck } = await import('./run.ts');
      io.end(await runCheck(command.optsWithGlobals(), io));
    });
}
