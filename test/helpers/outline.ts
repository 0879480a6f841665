// The outline of the whole program: source of help, completion, the man page and docs/reference.md.

import { createProgram } from '../../src/commands/program.ts';
import { type Outline, outlineCommand } from '../../src/flags/documented-command.ts';
import { createFakeIo } from './fake-io.ts';

export function readOutline(): Outline {
  return outlineCommand(createProgram(createFakeIo()));
}

/** The arguments of atlantis in an example: the words between its name and a pipe, redirection or comment. */
export function findOwnWords(example: string): string[] {
  const [, own = ''] = /(?:^|[ (])atlantis ((?:'[^']*'|[^'|<>)])*)/.exec(example) ?? [];
  return own.match(/(?:'[^']*'|[^\s'])+/g) ?? [];
}
