// `atlantis help`: its place in the command line. runProgram turns `help stream tail` into `stream tail --help`.
import type { DocumentedCommand } from '../../flags/documented-command.ts';

export function addHelp(program: DocumentedCommand): void {
  program
    .command('help')
    .summary('help for a command')
    .argument('[command...]', 'its words, such as stream tail; or exit-codes, environment, files')
    .example('atlantis help stream tail')
    .example('atlantis help exit-codes');
}
