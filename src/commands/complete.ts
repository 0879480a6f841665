// Answers the completion script of a shell: `atlantis __complete <shell> -- <words>`. Loaded when it asks.
import { answerShell } from '../completion/answer.ts';
import type { Io } from '../io.ts';
import type { DocumentedCommand } from './documented-command.ts';
import { outlineCommand } from './outline.ts';

/** The first word that makes `runProgram` come here; no command, for nobody types it. */
export function printOffers(words: readonly string[], program: DocumentedCommand, io: Io): void {
  const [shell = '', , ...line] = words;
  io.writeOut(answerShell(shell, line, outlineCommand(program), io));
}
