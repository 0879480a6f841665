// Starts the program and is its only catch-all: an error is printed once, as its class says.
import { homedir } from 'node:os';
import { EXIT, isAtlantisError } from './errors.ts';
import { createProcessIo, type Io } from './io.ts';
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
    const { runProgram } = await import('./commands/program.ts');
    await runProgram(io);
  } catch (error) {
    report(error, io);
  }
}

/** What bin/atlantis.cjs calls. */
export function run(): Promise<void> {
  return main(createProcessIo(homedir));
}

function report(error: unknown, io: Io): void {
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
  const isOurs = isAtlantisError(error);
  const exitCode = isOurs ? error.exitCode : EXIT.bug;
  const message = error instanceof Error ? error.message : String(error);
  reporter.report({
    event: 'error',
    level: 'error',
    message: isOurs ? message : `a bug in atlantis: ${message}`,
    hint: isOurs ? error.hint : 'run again with --verbose for the stack, and report it',
    figures: { exit_code: exitCode },
  });
  if (isVerbose && error instanceof Error && error.stack !== undefined) {
    for (const line of error.stack.split('\n').slice(1)) io.writeErr(line);
  }
  io.setExitCode(exitCode);
}
