// Starts the program and is its only catch-all: an error is printed once, as its class says.
import { homedir } from 'node:os';
import { EXIT, type ExitCode, isAtlantisError } from './errors.ts';
import { createProcessIo, type Io } from './io/io.ts';
import { createReporter } from './ui/reporter.ts';
import { VERSION } from './version.ts';

/** Runs the command line of `io`; never rejects. */
export async function main(io: Io): Promise<void> {
  try {
    // The one question that needs no command line, and is asked most often by machines.
    if (io.argv.length === 1 && (io.argv[0] === '--version' || io.argv[0] === '-V')) {
      io.writeOut(`${VERSION}\n`);
      return;
    }
    // A stream takes this over while it runs, to write first what is queued (contract S2).
    io.onUncaught((error) => io.exitNow(report(error, io)));
    const { runProgram } = await import('./commands/program.ts');
    await runProgram(io);
  } catch (error) {
    const exitCode = report(error, io);
    // After a bug nobody knows what else is still open.
    if (exitCode === EXIT.bug) io.exitNow(exitCode);
    else io.setExitCode(exitCode);
  }
}

/** What bin/atlantis.cjs calls. */
export function run(): Promise<void> {
  return main(createProcessIo(homedir));
}

/** Prints an error, in one line if it is a bug of ours, and returns its exit code. */
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
    reporter.report({ event: 'error', level: 'error', message, hint, figures: { exit_code: exitCode } });
    return exitCode;
  }
  const { message, stack } = describeThrown(error);
  const next = isVerbose ? 'please report it' : 'run again with --verbose for the stack, and report it';
  // With JSON the stack is a figure, since a line is an object.
  const figures = { exit_code: EXIT.bug, ...(isJson && isVerbose ? { stack } : {}) };
  reporter.report({
    event: 'error',
    level: 'error',
    message: `a bug in atlantis: ${message}; ${next}`,
    figures,
  });
  if (isVerbose && !isJson)
    for (const line of stack?.split('\n').slice(1) ?? []) io.writeErr(io.toDisplay(line));
  return EXIT.bug;
}

/** Words for whatever was thrown: it can be anything, also something that cannot be asked for words. */
function describeThrown(error: unknown): { message: string; stack?: string | undefined } {
  try {
    if (error instanceof Error) return { message: String(error.message), stack: error.stack };
    return { message: String(error) };
  } catch {
    return { message: 'something was thrown that has no words' };
  }
}
