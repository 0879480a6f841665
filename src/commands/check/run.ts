// `stream check`: runs the steps, writes the reports, and exits with the code of the first failure.
import { type AtlantisError, EXIT, type ExitCode, isAtlantisError } from '../../errors.ts';
import { type Io, type Outcome, toSafeLine } from '../../io/io.ts';
import { createStop, type Stop, toOutcome } from '../../io/stop.ts';
import { stringifySafe } from '../../render/sanitize.ts';
import { sayFailure, saySignal } from '../../session/messages.ts';
import { reportSearchCuts } from '../../session/run-filter.ts';
import { watchStopTriggers } from '../../session/stop-triggers.ts';
import { createReporter, loadLogStyle, type Reporter } from '../../ui/reporter.ts';
import { createStatusLine } from '../../ui/status-line.ts';
import { VERSION } from '../../version.ts';
import { openReports } from './ci-reports.ts';
import { type CheckConfig, parseCheckFlags } from './config.ts';
import { createExpectationCounter } from './expectations.ts';
import type { CheckFlags } from './flags.ts';
import { describeDeadline, describeSignal, fromError, sayChecking } from './messages.ts';
import { runSteps } from './probe.ts';
import { buildReport, formatStep, formatVerdict, type Report } from './report.ts';
import { createStepLog, type StepLog } from './steps.ts';

/** @throws UsageError for invalid flags; StoreError if the stored settings cannot be used */
export async function runCheck(flags: CheckFlags, io: Io): Promise<Outcome> {
  const config = await parseCheckFlags(flags, io);
  const startedAtMs = io.clock.wallMs();
  const beganAtMs = io.clock.monotonicMs();
  const statusLine = createStatusLine(io, config.log);
  const reporter = createReporter(io, config.log, await loadLogStyle(config.log), statusLine);
  const warn = (message: string, hint?: string): void =>
    reporter.report({ event: 'warning', level: 'warn', message, hint });
  const clean = (text: string): string => toSafeLine(text, io.redactor);
  const writeReports = openReports(config, io, warn);
  const output = createOutput(io);
  const print = (text: string): void => {
    statusLine.clear();
    if (!config.isJson) output.write(text);
  };
  const style = await loadLogStyle(config);
  const log = createStepLog(io.clock, clean, {
    onBegin: (name) => statusLine.show(sayChecking(name)),
    onResult: (result) => print(formatStep(result, style, io.stdout.columns(), io.signs)),
  });
  const counter = createExpectationCounter(config.expected, io.clock);
  for (const { select } of config.expected?.expectations ?? []) {
    reportSearchCuts(select, reporter, '--expect', 'not counted');
  }
  const stop = createStop();
  const unwatch = watchStopTriggers({ timeoutMs: config.deadlineMs, durationMs: undefined }, io, stop);
  try {
    const { connection, deadlineMs, expected } = config;
    await runSteps(flags, { connection, deadlineMs, expected, counter, log, io, signal: stop.signal, warn });
  } catch (error) {
    if (!isAtlantisError(error)) throw error;
    log.fail(fromError(error));
  } finally {
    statusLine.clear();
    unwatch();
  }
  const { reason } = stop;
  if (reason?.kind === 'fault') throw reason.error;
  if (reason?.kind === 'timeout') log.fail(describeDeadline(config.deadlineMs, log.current, counter));
  if (reason?.kind === 'signal') log.fail(describeSignal(reason.signal));

  const outcome = decide(log, reason);
  const frame = {
    tool: `atlantis-cli/${VERSION}`,
    startedAtMs,
    durationMs: io.clock.monotonicMs() - beganAtMs,
    exitCode: 'exitCode' in outcome ? outcome.exitCode : null,
    signal: 'signal' in outcome ? outcome.signal : null,
  };
  const report = buildReport(frame, log, counter, clean);
  print(formatVerdict(report, io.stdout.columns()));
  if (config.isJson) output.write(`${io.redactor.redact(stringifySafe(report))}\n`);
  if (reason?.kind === 'signal') reporter.report(saySignal(reason.signal));
  reportFailure(report, config, reporter);
  const unwritten = writeReports(report);
  const faults = [output.fault, unwritten].filter((fault) => fault !== undefined);
  for (const fault of faults) reporter.report(sayFailure(fault));
  return report.ok && faults.length > 0 ? { exitCode: EXIT.output } : outcome;
}

/** Writes to stdout until the first error; the check and its other reports continue. */
function createOutput(io: Io): { write(text: string): void; readonly fault: AtlantisError | undefined } {
  let fault: AtlantisError | undefined;
  return {
    get fault() {
      return fault;
    },
    write(text) {
      if (fault !== undefined) return;
      try {
        io.writeOut(text);
      } catch (error) {
        if (!isAtlantisError(error)) throw error;
        fault = error;
      }
    },
  };
}

/** A signal after the last step only changes how the process ends. */
function decide({ failure }: StepLog, reason: Stop['reason']): Outcome {
  if (reason?.kind === 'signal') return toOutcome(reason);
  if (failure === undefined) return { exitCode: EXIT.ok };
  return { exitCode: (failure.failure.exitCode ?? EXIT.bug) as ExitCode };
}

/** If stdout and stderr are both text, the report on stdout already has the failure. */
function reportFailure(report: Report, { isJson, log }: CheckConfig, reporter: Reporter): void {
  const failed = report.steps.find(({ error }) => error !== undefined);
  if (failed?.error === undefined || (!isJson && log.format === 'text')) return;
  const { cause, message, hint } = failed.error;
  reporter.report({
    event: 'error',
    level: 'error',
    message: `${failed.name}: ${message}`,
    hint: hint ?? undefined,
    fields: { step: failed.name, cause, exit_code: report.exit_code, signal: report.signal },
  });
}
