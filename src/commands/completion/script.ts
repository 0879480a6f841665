// `atlantis completion`: prints the script of a shell.
import { SHELLS } from '../../flags/choices.ts';
import { parseChoice } from '../../flags/values.ts';
import type { Io } from '../../io/io.ts';
import { SCRIPTS } from './scripts.ts';

/** @throws UsageError for a shell that has none */
export function printCompletionScript(shell: string, io: Io): void {
  io.writeOut(SCRIPTS[parseChoice('shell', shell, SHELLS)]);
}
