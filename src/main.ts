// Starts the program, and prints every error once.
import { homedir } from 'node:os';
import { EXIT, type ExitCode, isAtlantisError } from './errors.ts';
import { createProcessIo, type Io } from './io/io.ts';
import { sayBug, UNPRINTABLE } from './io/messages.ts';
import { createReporter } from './ui/reporter.ts';
import { VERSION } from './version.ts';

/** Never rejects. */
export async function main(io: Io): Promise<void> {
  try {
    // Scripts ask for the version often, so it is answered without loading commander.
    if (io.argv.length === 1 && (io.argv[0] === '--version' || io.argv[0] === '-V')) {
      io.writeOut(`${VERSION}\n`);
      return;
    }
    // A running stream replaces this handler, to write queued events first (contract S2).
    io.onUncaught((error) => io.exitNow(report(error, io)));
    const { runCommandLine } = await import('./commands/program.ts');
    await runCommandLine(io);
  } catch (error) {
    const exitCode = report(error, io);
    // After a bug, sockets or timers may still be open and would keep the process alive.
    if (exitCode === EXIT.bug) io.exitNow(exitCode);
    else io.setExitCode(exitCode);
  }
}

/** Called by bin/atlantis.cjs. */
export function run(): Promise<void> {
  return main(createProcessIo(homedir));
}

/** Prints an error and returns its exit code. A bug is one line, unless --verbose adds the stack. */
function report(error: unknown, io: Io): ExitCode {
  const { argv } = io;
  const isJson = argv.some(
    (word, at) => word === '--log-format=json' || (word === 'json' && argv[at - 1] === '--log-format'),
  );
  const isVerbose = argv.includes('--verbose') || argv.includes('-v');
  const reporter = createReporter(io, {
    format: isJson ? 'json' : 'text',
    isQuiet: false,
    isVerbose,
    useColor: false,
  });
  if (isAtlantisError(error)) {
    const { message, hint, exitCode } = error;
    reporter.report({ event: 'error', level: 'error', message, hint, fields: { exit_code: exitCode } });
    return exitCode;
  }
  const { message, stack } = describeThrown(error);
  const fields = { exit_code: EXIT.bug, ...(isJson && isVerbose ? { stack } : {}) };
  reporter.report({
    event: 'error',
    level: 'error',
    message: sayBug(message, isVerbose),
    fields,
  });
  if (isVerbose && !isJson)
    for (const line of stack?.split('\n').slice(1) ?? []) io.writeErr(io.toDisplay(line));
  return EXIT.bug;
}

/** A thrown value need not be an Error, and can throw when it is read. */
function describeThrown(error: unknown): { message: string; stack?: string | undefined } {
  try {
    if (error instanceof Error) return { message: String(error.message), stack: error.stack };
    return { message: String(error) };
  } catch {
    return { message: UNPRINTABLE };
  }
}
