// `atlantis completion`: prints the script of a shell.
import { SHELLS } from '../config/choices.ts';
import { parseChoice } from '../config/values.ts';
import type { Io } from '../io.ts';
import { SCRIPTS } from './scripts.ts';

/** @throws UsageError for a shell that has none */
export function printCompletionScript(shell: string, io: Io): void {
  io.writeOut(SCRIPTS[parseChoice('shell', shell, SHELLS)]);
}
