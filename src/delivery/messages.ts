// The messages of a relay on stderr (contract G5).
import { type ErrorText, EXIT, SinkError } from '../errors.ts';
import { sayExistsAndIsOther, sayNotRegular } from '../io/messages.ts';
import type { StreamLimits } from '../settings/nats-settings.ts';
import { formatCount, formatDuration } from '../ui/format.ts';
import type { StatusRecord } from '../ui/reporter.ts';
import type { SinkFault, SinkFigures, WorkerEvent } from './sink.ts';
import { OPEN_AFTER } from './sink-policy.ts';
import type { SinkStatus } from './sink-status.ts';

export const THE_DEAD_LETTER_FILE = 'the dead-letter file';
export const nameSpool = (sink: string): string => `the spool of ${sink}`;

/** For a timeout that `--send-timeout` sets, not `--connect-timeout`. */
export const SEND_TIMED_OUT_HINT = 'check the network, or allow more time with --send-timeout';

export const NOT_CONNECTED = 'not connected yet';
export const DEAD_LETTER_FAILED = 'a dead letter could not be written';

export const WINDOW_FULL = 'the window is full';
export const SPOOL_FULL = 'the window and the spool are full';

export const sayRefused = (sink: string, why: string): ErrorText => [
  `${sink} refused an event: ${why}`,
  'to keep refused events and deliver the others, add --dead-letter <file>',
];

export const sayDeadLettersNotAFile = (path: string): ErrorText => sayNotRegular('--dead-letter', path);

export const sayOtherDeadLetters = (path: string): ErrorText =>
  sayExistsAndIsOther('--dead-letter', path, 'a dead-letter file');

export function sayDeadLettersRestarted(path: string, isDeleted: boolean): StatusRecord {
  return {
    event: 'warning',
    level: 'warn',
    message: `${THE_DEAD_LETTER_FILE} ${JSON.stringify(path)} was ${isDeleted ? 'deleted by another program' : 'moved away'}: a new file was started`,
  };
}

const SPOOL_HINT = 'check the disk, and that no other program deletes files in the spool';

export function sayWorkerEvent(
  sink: string,
  event: Exclude<WorkerEvent, { kind: 'stopped' }>,
  isSpooled: boolean,
): StatusRecord {
  switch (event.kind) {
    case 'failed':
      return sayFailed(sink, event, isSpooled);
    case 'recovered':
      return {
        event: 'sink',
        level: 'info',
        message: `${sink} accepts events again`,
        fields: { sink, state: 'recovered', circuit: 'closed' },
      };
    case 'dropping':
      return {
        event: 'warning',
        level: 'error',
        message: `${sink} has stopped, and there is no more room for its events: from now on they are lost`,
        hint: 'fix the cause, then restart the relay; a larger --spool-max keeps more events',
        fields: { sink },
      };
    // A crash does not cause such damage. The disk lost data, or a file was deleted.
    case 'damaged':
      return {
        event: 'warning',
        level: 'error',
        message: `${nameSpool(sink)} is damaged: lost ${formatCount(event.records, 'message')} that cannot be read`,
        hint: SPOOL_HINT,
        fields: { sink, records_lost: event.records },
      };
  }
}

/** Once the circuit is open, further failures are only in the verbose log. */
function sayFailed(
  sink: string,
  { fault, circuit, delayMs, attempt, askedMs }: Extract<WorkerEvent, { kind: 'failed' }>,
  isSpooled: boolean,
): StatusRecord {
  const asked = askedMs === undefined ? '' : ` (it asked for ${formatDuration(askedMs)})`;
  const opened = attempt === OPEN_AFTER;
  const kept = isSpooled && (attempt === 1 || opened) ? '; events are kept in the spool' : '';
  const next = opened
    ? `; failed ${attempt} times in a row: sending one message or batch at a time until one is accepted, next attempt in`
    : '; retrying in';
  return {
    event: 'sink',
    level: attempt > OPEN_AFTER ? 'debug' : fault.isLasting === true ? 'error' : 'warn',
    message: `${fault.message}${kept}${next} ${formatDuration(delayMs)}${asked}`,
    hint: fault.hint,
    fields: { sink, state: 'failed', circuit, delay_ms: Math.round(delayMs), attempt, asked_ms: askedMs },
  };
}

export function saySinkStopped(sink: string, { message, hint }: SinkFault): StatusRecord {
  return {
    event: 'sink',
    level: 'error',
    message: `${message}; ${sink} gets no more events in this run; the other sinks continue`,
    hint,
    fields: { sink, state: 'stopped' },
  };
}

const SPOOL_WAITS = 'with --spool <dir>, events are kept until the sink works';

export function describeStop(fault: SinkFault): SinkError {
  const { message, hint, exitCode, exitCodeOnGiveUp, isEnd } = fault;
  const code = exitCode ?? exitCodeOnGiveUp ?? EXIT.unreachable;
  if (isEnd === true || exitCode !== undefined) return new SinkError(message, code, hint);
  const advice = hint === undefined ? SPOOL_WAITS : `${hint}; ${SPOOL_WAITS}`;
  return new SinkError(`${message}; giving up, since no attempt succeeded`, code, advice);
}

interface Delivery {
  readonly pending: number;
  readonly figures: SinkFigures;
  readonly stoppedBy: SinkFault | undefined;
}

/** Undefined if everything was delivered. */
export function describeLeft(workers: readonly Delivery[]): SinkError | undefined {
  const stopped = workers.flatMap(({ stoppedBy }) => (stoppedBy === undefined ? [] : [stoppedBy]));
  const [first] = stopped;
  if (first !== undefined) {
    const { message, exitCode, hint } = describeStop(first);
    return new SinkError(`${stopped.length} of ${workers.length} sinks stopped: ${message}`, exitCode, hint);
  }
  const left = workers.reduce((sum, { pending, figures }) => sum + pending + figures.lost, 0);
  if (left === 0) return undefined;
  const message = `${formatCount(left, 'message')} could not be delivered before the end`;
  return new SinkError(
    message,
    EXIT.undelivered,
    'the summary of each sink shows what was lost, and what its spool keeps for the next run',
  );
}

export function saySinkReady(sink: string, stream: StreamLimits & { readonly isNew: boolean }): StatusRecord {
  const { isNew, maxAgeMs, maxBytes, replicas, dedupeWindowMs } = stream;
  const age = maxAgeMs > 0 ? `for ${formatDuration(maxAgeMs)}` : 'without an age limit';
  const size = maxBytes > 0 ? `, up to ${formatCount(maxBytes, 'byte')}` : '';
  const copies = replicas === 1 ? 'one replica' : `${replicas} replicas`;
  const keeps = `keeps messages ${age}${size} in ${copies}`;
  const isDedupeOff = dedupeWindowMs === 0;
  const dedupe = isDedupeOff
    ? 'does not recognize duplicates'
    : `recognizes duplicates for ${formatDuration(dedupeWindowMs)}`;
  return {
    event: 'sink',
    level: isDedupeOff ? 'warn' : 'info',
    message: `${isNew ? 'created the stream' : 'delivering to'} ${sink}, which ${keeps} and ${dedupe}`,
    fields: {
      sink,
      state: 'ready',
      is_new: isNew,
      max_age_ms: maxAgeMs,
      max_bytes: maxBytes,
      replicas,
      dedupe_window_ms: dedupeWindowMs,
    },
  };
}

export function sayLeftOver(sink: string, records: number): StatusRecord {
  return {
    event: 'spooling',
    level: 'info',
    message: `delivering ${formatCount(records, 'message')} from an earlier run to ${sink} first`,
    fields: { sink, records },
  };
}

export function sayRepaired(what: string, bytes: number): StatusRecord {
  return {
    event: 'warning',
    level: 'warn',
    message: `removed an incomplete record of ${formatCount(bytes, 'byte')} at the end of ${what}`,
    fields: { bytes_repaired: bytes },
  };
}

/** Without a cursor it is unknown how far the records were delivered. */
export function sayLostCursor(sink: string): StatusRecord {
  return {
    event: 'warning',
    level: 'warn',
    message: `${nameSpool(sink)} has lost its cursor: all messages in it will be sent again, and earlier losses cannot be counted`,
    hint: SPOOL_HINT,
    fields: { sink },
  };
}

export function sayUnusedSpool(path: string, records: number): StatusRecord {
  return {
    event: 'warning',
    level: 'warn',
    message: `${JSON.stringify(path)} contains ${formatCount(records, 'message')} for a sink that this run does not use`,
    hint: 'to deliver them, run with that sink; to discard them, remove the directory unless another relay uses it',
    fields: { path, records },
  };
}

export function saySpooling(sink: string, pending: number, window: number): StatusRecord {
  return {
    event: 'spooling',
    level: 'warn',
    message: `${sink} is not keeping up: the window of ${window} is full, with ${formatCount(pending, 'message')} waiting in the spool`,
    fields: { sink, pending, window },
  };
}

export function sayCaughtUp(sink: string): StatusRecord {
  return {
    event: 'caught-up',
    level: 'info',
    message: `${sink} has caught up: all waiting messages fit into the window`,
    fields: { sink },
  };
}

export function sayReadingPaused(sink: string, why: string, pending: number): StatusRecord {
  return {
    event: 'paused',
    level: 'warn',
    message: `${sink} is not keeping up, and ${why}: paused reading from the server, with ${formatCount(pending, 'message')} waiting; nothing is lost`,
    fields: { sink, reason: why, pending },
  };
}

export function sayReadingResumed(pausedMs: number): StatusRecord {
  return {
    event: 'resumed',
    level: 'info',
    message: `resumed reading from the server after ${formatDuration(pausedMs)}`,
    fields: { paused_ms: Math.round(pausedMs) },
  };
}

export function sayDeadLettered(sink: string, path: string, id: string, why: string): StatusRecord {
  return {
    event: 'dead-letter',
    level: 'warn',
    message: `${sink} refused the event ${id} (${why}): kept as a dead letter in ${JSON.stringify(path)}`,
    hint: 'once the cause is fixed, send it again with `atlantis stream relay --redeliver <file>`',
    fields: { sink, id, reason: why, path },
  };
}

export function sayDelivered(
  sink: string,
  { delivered, duplicates, deadLettered, lost }: Readonly<SinkFigures>,
  left: number,
): StatusRecord {
  const known = duplicates === 0 ? '' : ` (including ${formatCount(duplicates, 'duplicate')})`;
  const dead = deadLettered === 0 ? '' : `, ${formatCount(deadLettered, 'dead letter')}`;
  const gone = lost === 0 ? '' : `; ${formatCount(lost, 'message')} lost`;
  const rest = left === 0 ? '' : `; ${formatCount(left, 'message')} left in the spool for the next run`;
  return {
    event: 'summary',
    level: left === 0 && lost === 0 ? 'info' : 'warn',
    message: `${sink}: ${formatCount(delivered, 'event')} acknowledged${known}${dead}${gone}${rest}`,
    fields: { sink, acknowledged: delivered, duplicates, dead_letters: deadLettered, lost, spooled: left },
  };
}

export function sayUndelivered(records: number): StatusRecord {
  return {
    event: 'error',
    level: 'error',
    message: `lost ${formatCount(records, 'undelivered message')}`,
    hint: 'use --spool <dir> to keep them for the next run',
    fields: { undelivered: records },
  };
}

/** Leaves out the fault, because it may repeat what the sink answered. */
export function describeSinkProblem({ name, state }: Pick<SinkStatus, 'name' | 'state'>): string {
  return state === 'stopped'
    ? `${name} has stopped`
    : `${name} does not accept events, and no spool has room for them`;
}

export const nameSinkFilter = (sink: string): string => `${sink}: where`;
