// What a relay says on stderr: pure functions from what happened to words (contract G5).

import type { StatusRecord } from '../ui/reporter.ts';
import { formatCount, formatDuration } from '../ui/stream-messages.ts';
import type { SinkFault } from './sink.ts';
import type { WorkerFigures } from './worker-types.ts';

/** The sink is of no use at the moment; what was received is kept. */
export function saySinkFailed(
  sink: string,
  fault: SinkFault,
  delayMs: number,
  attempt: number,
): StatusRecord {
  return {
    event: 'sink',
    level: 'warn',
    message: `${fault.words}; sending again in ${formatDuration(delayMs)}`,
    hint: fault.hint,
    figures: { sink, state: 'failed', delay_ms: Math.round(delayMs), attempt },
  };
}

export function saySinkRecovered(sink: string): StatusRecord {
  return {
    event: 'sink',
    level: 'info',
    message: `${sink} takes events again`,
    figures: { sink, state: 'recovered' },
  };
}

/** What there is to know about a JetStream stream before events go into it. Durations in ms. */
interface StreamFigures {
  readonly isNew: boolean;
  readonly maxAgeMs: number;
  readonly maxBytes: number;
  readonly replicas: number;
  readonly dedupeWindowMs: number;
}

/** The stream is ready, with what it keeps and for how long it recognises a message. */
export function saySinkReady(sink: string, stream: StreamFigures): StatusRecord {
  const { isNew, maxAgeMs, maxBytes, replicas, dedupeWindowMs } = stream;
  const age = maxAgeMs > 0 ? `for ${formatDuration(maxAgeMs)}` : 'for ever';
  const size = maxBytes > 0 ? `, up to ${formatCount(maxBytes, 'byte')}` : '';
  const copies = replicas === 1 ? 'one copy' : `${replicas} copies`;
  const keeps = `keeps messages ${age}${size} in ${copies}`;
  const isBlind = dedupeWindowMs === 0;
  const dedupe = isBlind
    ? 'never recognises duplicates'
    : `recognises duplicates for ${formatDuration(dedupeWindowMs)}`;
  return {
    event: 'sink',
    level: isBlind ? 'warn' : 'info',
    message: `${isNew ? 'made the stream' : 'delivering to'} ${sink}, which ${keeps} and ${dedupe}`,
    figures: {
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

/** What an earlier run left behind. */
export function sayLeftOver(sink: string, records: number): StatusRecord {
  return {
    event: 'spooling',
    level: 'info',
    message: `${formatCount(records, 'message')} from an earlier run go to ${sink} first`,
    figures: { sink, records },
  };
}

export function sayRepaired(what: string, bytes: number): StatusRecord {
  return {
    event: 'warning',
    level: 'warn',
    message: `${what} ended in a torn record: its last ${formatCount(bytes, 'byte')} were taken away`,
    figures: { bytes_repaired: bytes },
  };
}

/** Damage that no crash explains: a disk that did not keep what it had, or a file that was removed. */
export function sayDamaged(sink: string, records: number): StatusRecord {
  return {
    event: 'warning',
    level: 'error',
    message: `the spool of ${sink} is damaged: ${formatCount(records, 'message')} in it cannot be read and are lost`,
    hint: 'Check the disk, and that nothing else deletes files in the spool.',
    figures: { sink, records_lost: records },
  };
}

/** There are records, but no cursor that says how far they were delivered. */
export function sayLostCursor(sink: string): StatusRecord {
  return {
    event: 'warning',
    level: 'warn',
    message: `the spool of ${sink} has lost its cursor: everything in it is sent again, and what is missing in front of it cannot be counted`,
    hint: 'Check the disk, and that nothing else deletes files in the spool.',
    figures: { sink },
  };
}

/** A spool of a sink that this run does not have. */
export function sayForgottenSpool(path: string, records: number): StatusRecord {
  return {
    event: 'warning',
    level: 'warn',
    message: `${JSON.stringify(path)} holds ${formatCount(records, 'message')} for another sink than those of this run`,
    hint: 'They are delivered by a run whose --to names that sink; or remove the folder.',
    figures: { path, records },
  };
}

export function saySpooling(sink: string, pending: number, window: number): StatusRecord {
  return {
    event: 'spooling',
    level: 'warn',
    message: `${sink} does not keep up: the window of ${window} is full, ${formatCount(pending, 'message')} wait, now in the spool`,
    figures: { sink, pending, window },
  };
}

export function sayCaughtUp(sink: string): StatusRecord {
  return {
    event: 'caught-up',
    level: 'info',
    message: `${sink} has caught up: the spool is empty`,
    figures: { sink },
  };
}

/** Reading stands still; `why` is what is full. */
export function sayReadingPaused(sink: string, why: string, pending: number): StatusRecord {
  return {
    event: 'paused',
    level: 'warn',
    message: `${sink} does not keep up and ${why}: reading from the server is paused, ${formatCount(pending, 'message')} wait, nothing is lost here`,
    figures: { sink, reason: why, pending },
  };
}

export function sayReadingResumed(pausedMs: number): StatusRecord {
  return {
    event: 'resumed',
    level: 'info',
    message: `reading from the server goes on after ${formatDuration(pausedMs)}`,
    figures: { paused_ms: Math.round(pausedMs) },
  };
}

export function sayDeadLettered(sink: string, path: string, id: string, why: string): StatusRecord {
  return {
    event: 'dead-letter',
    level: 'warn',
    message: `${sink} will not take the event ${id} (${why}): it is kept in ${JSON.stringify(path)}`,
    hint: 'Send it again with `atlantis stream relay --redeliver <file>` once the reason is gone.',
    figures: { sink, id, reason: why, path },
  };
}

/** The end of one sink, as figures of the run. */
export function sayDelivered(
  sink: string,
  { delivered, duplicates, deadLettered, lost }: WorkerFigures,
  left: number,
): StatusRecord {
  const known = duplicates === 0 ? '' : `, ${formatCount(duplicates, 'duplicate')} among them`;
  const dead = deadLettered === 0 ? '' : `, ${formatCount(deadLettered, 'dead letter')}`;
  const gone = lost === 0 ? '' : `; ${formatCount(lost, 'message')} were lost with the spool`;
  const rest = left === 0 ? '' : `; ${formatCount(left, 'message')} wait in the spool for the next run`;
  return {
    event: 'summary',
    level: left === 0 && lost === 0 ? 'info' : 'warn',
    message: `${sink}: ${formatCount(delivered, 'event')} acknowledged${known}${dead}${gone}${rest}`,
    figures: { sink, acknowledged: delivered, duplicates, dead_letters: deadLettered, lost, spooled: left },
  };
}

/** What was received, not delivered, and is not in a spool either. */
export function sayUndelivered(records: number): StatusRecord {
  return {
    event: 'error',
    level: 'error',
    message: `${formatCount(records, 'message')} were received and not delivered: they are lost`,
    hint: 'With --spool <folder> they would wait there for the next run.',
    figures: { undelivered: records },
  };
}
