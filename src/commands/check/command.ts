// `atlantis stream check`: its flags and help.
import type { DocumentedCommand } from '../../flags/documented-command.ts';
import { ATTEMPT_FLAGS, SOURCE_FLAGS, waitFlags } from '../../flags/shared-flags.ts';
import type { Io } from '../../io/io.ts';
import { CHECK_FLAGS } from './flags.ts';

export function addStreamCheck(stream: DocumentedCommand, io: Io): void {
  stream
    .command('check')
    .summary('check step by step that this key can stream')
    .description(
      'Check step by step that this key can stream from this machine, and that expected events arrive. The first step that fails decides the exit code.',
    )
    .flags({ ...SOURCE_FLAGS, ...ATTEMPT_FLAGS, ...waitFlags('one attempt'), ...CHECK_FLAGS })
    .note(
      'Exit codes',
      '0 if all steps passed, 124 if --expect or --deadline was not met, otherwise as for `stream tail`.',
    )
    .example('atlantis stream check')
    .example("atlantis stream check --json | jq -r '.steps[] | [.name, .status] | @tsv'")
    .example("atlantis stream check --expect 'type=large_transfer' --min 3 --within 2m --junit check.xml")
    .action(async (_options, command: DocumentedCommand) => {
      const { runCheck } = await import('./run.ts');
      io.end(await runCheck(command.optsWithGlobals(), io));
    });
}
