// `atlantis stream check`: its flags, and nothing that runs before it is called.

import { collect } from '../../flags/collect.ts';
import type { DocumentedCommand } from '../../flags/documented-command.ts';
import type { Io } from '../../io/io.ts';
import { addDialOptions } from '../tail/flags.ts';

export function addStreamCheck(stream: DocumentedCommand, io: Io): void {
  addDialOptions(
    stream
      .command('check')
      .summary('can this key stream from here, step by step')
      .description(
        'Check that this key can stream from here, and that expected events arrive. The first failure decides the exit code.',
      ),
  )
    .option(
      '--expect <expr>',
      'events that must arrive, as for --where; repeatable, each must be met',
      collect,
    )
    .option('--min <n>', 'events that each --expect needs (default: 1)')
    .option('--within <dur>', 'time for them from the welcome on (default: 30s)')
    .option('--max-lag <dur>', 'events that arrive later after their own time do not count')
    .option('--lag-field <path>', 'where that time stands (default: first of timestamp, ts, created_at)')
    .option('--deadline <dur>', 'for the whole check; then 124 (default: 30s, plus --within with --expect)')
    .option('--json', 'the report as one JSON document')
    .option('--junit <file>', 'write the report as JUnit XML, too')
    .note('Exit codes', '0 passed, 124 expectations or deadline not met, else those of `stream tail`.')
    .example('atlantis stream check')
    .example("atlantis stream check --json | jq -r '.steps[] | [.name, .status] | @tsv'")
    .example("atlantis stream check --expect 'type=large_transfer' --min 3 --within 2m --junit check.xml")
    .action(async (_options, command: DocumentedCommand) => {
      const { runCheck } = await import('./run.ts');
      io.end(await runCheck(command.optsWithGlobals(), io));
    });
}
