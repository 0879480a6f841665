// Defines `atlantis version`. The code that runs it is loaded when it is called.
import type { DocumentedCommand } from '../../flags/documented-command.ts';
import type { Io } from '../../io/io.ts';

export function addVersion(program: DocumentedCommand, io: Io): void {
  program
    .command('version')
    .summary('print the version; with --verbose, details for a bug report')
    .description(
      'Print the version. With --verbose, also print the commit, Node version, platform, profile file, terminal, proxy and CI settings, without secrets, to paste into a bug report. Opens no connection.',
    )
    .example('atlantis version --verbose')
    .action(async (_options, command: DocumentedCommand) => {
      const { printVersion } = await import('./print.ts');
      printVersion(command.optsWithGlobals(), io);
    });
}
