// Answers the completion script of a shell: `atlantis __complete <shell> -- <words>`. Loaded when it asks.

import type { DocumentedCommand } from '../../flags/documented-command.ts';
import { outlineCommand } from '../../flags/read-outline.ts';
import type { Io } from '../../io/io.ts';
import { answerShell } from './answer.ts';

/** The first word that makes `runProgram` come here; no command, for nobody types it. */
export function printOffers(words: readonly string[], program: DocumentedCommand, io: Io): void {
  const [shell = '', , ...line] = words;
  io.writeOut(answerShell(shell, line, outlineCommand(program), io));
}
