// `atlantis help`: defined only so that help and completion list it. It never runs, because runCommandLine turns
// `help stream tail` into `stream tail --help`.
import type { DocumentedCommand } from '../../flags/documented-command.ts';

export function addHelp(program: DocumentedCommand): void {
  program
    .command('help')
    .summary('show help for a command or a topic')
    .argument('[command...]', 'a command, such as stream tail, or a topic: exit-codes, environment, files')
    .example('atlantis help stream tail')
    .example('atlantis help exit-codes');
}
