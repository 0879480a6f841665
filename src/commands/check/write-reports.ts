// Where the reports of a check go besides stdout: the JUnit file, and what GitHub Actions reads.
import { closeSync, constants, writeFileSync } from 'node:fs';
import { isAtlantisError, type OutputError } from '../../errors.ts';
import type { Io } from '../../io/io.ts';
import { openNamedFile } from '../../io/safe-file.ts';
import { writeWholeFile } from '../../io/whole-file.ts';
import type { CheckConfig } from './config.ts';
import { formatAnnotation, formatSummary } from './git-hub.ts';
import { formatJunit } from './junit.ts';
import type { Report } from './report.ts';

/**
 * Writes them all. Each is whole or not there; the step summary is added to in one write, since it may hold
 * what other steps wrote.
 *
 * @returns what is wrong with the file that was asked for, or undefined
 */
export function writeReports(
  report: Report,
  { junit, gitHub }: CheckConfig,
  io: Io,
  warn: (message: string) => void,
): OutputError | undefined {
  if (gitHub !== undefined) {
    const annotation = formatAnnotation(report);
    if (annotation !== undefined) io.writeErr(annotation);
    if (gitHub.summaryFile !== undefined) appendSummary(gitHub.summaryFile, report, warn);
  }
  if (junit === undefined) return undefined;
  try {
    writeWholeFile(junit, io.redactor.redact(formatJunit(report)), 'the JUnit report');
    return undefined;
  } catch (error) {
    if (!isAtlantisError(error)) throw error;
    return error;
  }
}

const APPEND = constants.O_WRONLY | constants.O_APPEND | constants.O_CREAT;

function append(path: string, text: string): void {
  const fd = openNamedFile(path, APPEND, 0o666);
  try {
    writeFileSync(fd, text);
  } finally {
    closeSync(fd);
  }
}

/** Nobody asked for it with a flag, so it is no failure of the check. */
function appendSummary(path: string, report: Report, warn: (message: string) => void): void {
  try {
    append(path, formatSummary(report));
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? 'unknown error';
    warn(`the step summary "${path}" could not be written (${code})`);
  }
}
