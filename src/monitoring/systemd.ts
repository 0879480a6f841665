// Notifies systemd (Type=notify) of the state of the run, and the watchdog of systemd while the run makes progress.
//
// Node has no Unix datagram sockets, so the program `systemd-notify` sends each message.
import { spawn } from 'node:child_process';
import type { SinkMonitor } from '../delivery/sink-status.ts';
import type { Io } from '../io/io.ts';
import { platformOf } from '../io/platform.ts';
import { PHASE_PROBLEMS } from '../session/messages.ts';
import type { RunPhase, RunStatus } from '../session/run-status.ts';
import type { Reporter } from '../ui/reporter.ts';
import * as say from './messages.ts';
import type { MonitorConfig, Watcher } from './watcher.ts';

/** Undefined unless systemd waits for notifications. */
export function createServiceNotifier(
  connection: MonitorConfig['connection'],
  reporter: Reporter,
  io: Io,
): Watcher | undefined {
  const { clock, env } = io;
  if ((env['NOTIFY_SOCKET'] ?? '') === '') return undefined;
  const send = createSender(io, (why) => reporter.report(say.sayNotNotified(why)));
  const intervalMs = findWatchdogInterval(io);
  const findStuck = createProgressCheck(connection.connectTimeoutMs, clock.monotonicMs);
  let sinks: readonly SinkMonitor[] = [];
  let run: RunStatus | undefined;
  let isReady = false;
  let isStopping = false;
  let isStuck = false;
  let cancelWatchdog: (() => void) | undefined;
  const notifyWatchdog = (ms: number): void => {
    cancelWatchdog = clock.setTimer(() => notifyWatchdog(ms), ms);
    const stuck = run === undefined ? undefined : findStuck(run, sinks);
    if (stuck === undefined) send({ WATCHDOG: '1', STATUS: describeRun(run, sinks) });
    else if (!isStuck) reporter.report(say.sayStuck(stuck));
    isStuck = stuck !== undefined;
  };
  if (intervalMs !== undefined) notifyWatchdog(intervalMs);
  return {
    update(status) {
      run = status;
      const message: Record<string, string> = { STATUS: describeRun(status, sinks) };
      if (!isReady && status.listProblems().length === 0) message['READY'] = '1';
      if (!isStopping && status.phase.kind === 'stopping') message['STOPPING'] = '1';
      isReady ||= 'READY' in message;
      isStopping ||= 'STOPPING' in message;
      send(message);
    },
    watch(all) {
      sinks = all;
    },
    noteReload(state) {
      // systemd compares this time with its own monotonic clock.
      if (state === 'begun')
        send({ RELOADING: '1', MONOTONIC_USEC: String(Math.floor(clock.monotonicMs() * 1_000)) });
      // READY also ends a failed reload, after which the relay continues as before.
      else send({ READY: '1', STATUS: describeRun(run, sinks) });
    },
    close: () => cancelWatchdog?.(),
  };
}

/** Half of the watchdog's limit, in ms; undefined without a watchdog for this process. */
function findWatchdogInterval({ env, pid }: Io): number | undefined {
  const { WATCHDOG_USEC = '', WATCHDOG_PID = String(pid) } = env;
  const ms = Number(WATCHDOG_USEC) / 2_000;
  return ms > 0 && WATCHDOG_PID === String(pid) ? ms : undefined;
}

/** One line for `systemctl status`. */
function describeRun(run: RunStatus | undefined, sinks: readonly SinkMonitor[]): string {
  if (run === undefined) return PHASE_PROBLEMS.starting;
  const [problem] = run.listProblems();
  if (problem !== undefined) return problem;
  const { events } = run.tally.summarize(0);
  return say.describeLive(
    events,
    sinks.map((sink) => sink.status().pendingRecords),
  );
}

/** Added to every limit, for reading a key, a slow name lookup or a busy machine. */
const GRACE_MS = 60_000;
/** The request, its repetition and the body of the response each have the timeout of the sink. */
const STEPS_OF_SEND = 3;

/** Finds what is stuck. Waiting for the service or a sink does not count, because it is retried and reported. */
function createProgressCheck(
  connectTimeoutMs: number,
  monotonicMs: () => number,
): (run: RunStatus, sinks: readonly SinkMonitor[]) => string | undefined {
  const settled = new Map<SinkMonitor, { readonly count: number; readonly sinceMs: number }>();
  return ({ phase, phaseSinceMs }, sinks) => {
    const nowMs = monotonicMs();
    if (nowMs - phaseSinceMs > limitPhase(phase, connectTimeoutMs)) return say.describeLongPhase(phase.kind);
    for (const sink of sinks) {
      const { name, state, acknowledged, refused, lost, pendingRecords, sendTimeoutMs } = sink.status();
      const count = acknowledged + refused + lost;
      const before = settled.get(sink);
      if (pendingRecords === 0 || state !== 'delivering' || before?.count !== count) {
        settled.set(sink, { count, sinceMs: nowMs });
      } else if (nowMs - before.sinceMs > STEPS_OF_SEND * sendTimeoutMs + GRACE_MS)
        return say.describeUnresponsiveSink(name);
    }
    return undefined;
  };
}

function limitPhase(phase: RunPhase, connectTimeoutMs: number): number {
  switch (phase.kind) {
    case 'lost':
      return GRACE_MS;
    case 'retrying':
      return phase.delayMs + GRACE_MS;
    case 'connecting':
      // One timeout for the connection, and one for the welcome.
      return 2 * connectTimeoutMs + GRACE_MS;
    default:
      return Number.POSITIVE_INFINITY;
  }
}

type Message = Readonly<Record<string, string>>;

/** A `systemd-notify` that takes longer is killed. Later messages wait until it has exited. */
const NOTIFY_MS = 10_000;

/** Sends one message after the other, and combines waiting messages. Reports only the first failure. */
function createSender({ env, platform }: Io, onFault: (why: string) => void): (message: Message) => void {
  const { PATH, NOTIFY_SOCKET } = env;
  const isolated = platformOf(platform).isolate({ PATH, NOTIFY_SOCKET });
  const waiting: Message[] = [];
  let isBusy = false;
  let hasFailed = false;
  const fail = (why: string): void => {
    if (!hasFailed) onFault(why);
    hasFailed = true;
  };
  const next = (): void => {
    const message = waiting.shift();
    isBusy = message !== undefined;
    if (message === undefined) return;
    const assignments = Object.entries(message).map(([name, value]) => `${name}=${value}`);
    const child = spawn('systemd-notify', assignments, { ...isolated, stdio: 'ignore' });
    child.unref();
    const limit = setTimeout(() => child.kill(), NOTIFY_MS).unref();
    child.once('error', ({ code }: NodeJS.ErrnoException) => {
      fail(say.describeNoProgram(code));
      next();
    });
    child.once('exit', (code) => {
      clearTimeout(limit);
      if (code !== 0) fail(code === null ? say.describeKilled(NOTIFY_MS) : say.describeExitStatus(code));
      next();
    });
  };
  return (message) => {
    // The two messages about the start and the end of a reload are not combined.
    const isReload = 'RELOADING' in message || 'RELOADING' in (waiting.at(-1) ?? {});
    if (waiting.length === 0 || isReload) waiting.push(message);
    else waiting.push({ ...waiting.pop(), ...message });
    if (!isBusy) next();
    // At the end of the run, all waiting messages are sent at once.
    while ('STOPPING' in message && waiting.length > 0) next();
  };
}
