// The outline of the whole program, as help, completion, the man page and docs/reference.md are made of it.

import { createProgram } from '../../src/commands/program.ts';
import { type Outline, outlineCommand } from '../../src/flags/documented-command.ts';
import { createFakeIo } from './fake-io.ts';

export function readOutline(): Outline {
  return outlineCommand(createProgram(createFakeIo()));
}

/** The words of an example that are atlantis's own: from its name to a pipe, a redirection or a comment. */
export function findOwnWords(example: string): string[] {
  const [, own = ''] = /(?:^|[ (])atlantis ((?:'[^']*'|[^'|<>)])*)/.exec(example) ?? [];
  return own.match(/(?:'[^']*'|[^\s'])+/g) ?? [];
}
