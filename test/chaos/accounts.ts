// The accounts of a chaos run: for every sink, each event was delivered once, or twice as allowed by a rule in
// docs/relay.md, or it was lost and the relay reported the loss or could not. Anything else is an error.
import { CRASH_STATES, type CrashState } from './rules.ts';

export type SinkName = 'nats' | 'http';

export interface SentEvent {
  readonly atMs: number;
  readonly bytes: number;
  /** False if no relay was connected. */
  readonly wasSent: boolean;
}

export interface Delivery {
  readonly n: number;
  /** When the sink had answered, or the time at which the stream was read. */
  readonly atMs: number;
  /** Which incarnation of the stream; '' for HTTP. */
  readonly place: string;
  /** How long the sink took to answer. */
  readonly tookMs: number;
}

/** An end of the relay by a signal. */
export interface RelayEnd {
  readonly signal: 'SIGKILL' | 'SIGTERM';
  readonly state: CrashState;
  readonly atMs: number;
  readonly endedAtMs: number;
  /** Bytes that were sent to the relay and that it had not read. */
  readonly transitBytes: number;
  /** The highest event number in the spool of each sink after the end. */
  readonly kept: Readonly<Record<SinkName, number>>;
  /** Events that the relay counted as lost. */
  readonly counted: number;
}

export interface Period {
  readonly fromMs: number;
  readonly toMs: number;
}

export interface Book {
  readonly sent: readonly SentEvent[];
  readonly deliveries: Readonly<Record<SinkName, readonly Delivery[]>>;
  /** Numbers of the events in the dead-letter file. */
  readonly deadLetters: ReadonlySet<number>;
  readonly ends: readonly RelayEnd[];
  /** Losses of the connection as the relay reported them, from its last byte to its next connection. */
  readonly gaps: readonly Period[];
  /** Numbers of the events whose spool records were damaged. */
  readonly damaged: Readonly<Record<SinkName, ReadonlySet<number>>>;
  /** How many messages the relay reported as lost with its spool. */
  readonly reportedLost: Readonly<Record<SinkName, number>>;
  /** Times at which the relay or its sink was suspended or unreachable, so that an answer may not have arrived. */
  readonly outages: readonly Period[];
}

export interface Verdict {
  readonly errors: readonly string[];
  /** Number of events by outcome, for each sink. */
  readonly totals: Readonly<Record<SinkName, Readonly<Record<string, number>>>>;
}

/** Clocks, timers and messages are late on a busy machine. */
const SLACK_MS = 2_500;
/** The longest time that an event may wait in buffers before the relay reads it. */
const MAX_TRANSIT_MS = 30_000;
/** Acknowledgements of the last 100 ms are lost by `kill -9`. */
const CURSOR_MS = 100 + SLACK_MS;
/** With a shorter answer, `--send-timeout` has not passed, even on a busy machine. */
const QUICK_MS = 1_000;

const SINKS: readonly SinkName[] = ['nats', 'http'];

export function settle(book: Book): Verdict {
  const errors: string[] = [];
  const totals = { nats: {}, http: {} } as Record<SinkName, Record<string, number>>;
  const had = Object.fromEntries(
    SINKS.map((sink) => [sink, new Set(book.deliveries[sink].map(({ n }) => n))]),
  ) as Record<SinkName, Set<number>>;
  for (const sink of SINKS) {
    const count = (what: string): void => {
      totals[sink][what] = (totals[sink][what] ?? 0) + 1;
    };
    settleCopies(book, sink, count, errors);
    settleLosses(book, sink, had, count, errors);
  }
  checkOrder(book.deliveries.http, errors);
  return { errors: summarize(errors), totals };
}

/** Each event is delivered once, or twice if a rule allows it. */
function settleCopies(book: Book, sink: SinkName, count: (what: string) => void, errors: string[]): void {
  const last = new Map<number, Delivery>();
  for (const delivery of book.deliveries[sink]) {
    const { n } = delivery;
    const before = last.get(n);
    last.set(n, delivery);
    if (book.sent[n]?.wasSent !== true) errors.push(`${sink}: was never sent: event ${n}`);
    if (before === undefined) {
      count('once');
      continue;
    }
    const rule = findRuleOfCopy(book, sink, before, delivery);
    if (rule === undefined) errors.push(`${sink}: twice, by no rule: event ${n}`);
    count(`again: ${rule ?? 'by no rule'}`);
  }
}

function findRuleOfCopy(book: Book, sink: SinkName, first: Delivery, second: Delivery): string | undefined {
  if (first.place !== second.place) return 'the stream was created again';
  if (sink === 'nats') return undefined;
  const isBetween = ({ fromMs, toMs }: Period): boolean =>
    first.atMs >= fromMs && first.atMs <= toMs && second.atMs >= fromMs;
  if (book.ends.some(({ atMs, endedAtMs }) => isBetween({ fromMs: atMs - CURSOR_MS, toMs: endedAtMs + 1 }))) {
    return 'the relay ended';
  }
  if (first.tookMs >= QUICK_MS) return 'a late answer';
  if (
    book.outages.some(({ fromMs, toMs }) => isBetween({ fromMs: fromMs - SLACK_MS, toMs: toMs + SLACK_MS }))
  )
    return 'the answer did not arrive';
  return undefined;
}

function settleLosses(
  book: Book,
  sink: SinkName,
  had: Readonly<Record<SinkName, ReadonlySet<number>>>,
  count: (what: string) => void,
  errors: string[],
): void {
  const other = sink === 'nats' ? 'http' : 'nats';
  const lostBytes = new Map<RelayEnd, { bytes: number; events: number }>();
  let damaged = 0;
  /** The gap that contains event n + 1. */
  let gap: Period | undefined;
  for (let n = book.sent.length - 1; n >= 0; n -= 1) {
    const event = book.sent[n] as SentEvent;
    if (!event.wasSent) {
      count('not connected');
      continue;
    }
    if (had[sink].has(n)) {
      gap = undefined;
      continue;
    }
    if (sink === 'http' && book.deadLetters.has(n)) {
      count('dead letter');
      continue;
    }
    if (book.damaged[sink].has(n)) {
      damaged += 1;
      count('reported: damage');
      continue;
    }
    const end = book.ends.find(({ endedAtMs }) => endedAtMs >= event.atMs);
    const isTail = end !== undefined && n > end.kept[sink];
    gap = findGap(book.gaps, event.atMs, gap);
    if (gap !== undefined) {
      const isElsewhere = had[other].has(n) || book.damaged[other].has(n);
      if (isElsewhere && !isTail) errors.push(`${sink}: lost, though it was received: event ${n}`);
      count('reported: gap');
    } else if (isTail) {
      const sum = lostBytes.get(end) ?? { bytes: 0, events: 0 };
      lostBytes.set(end, { bytes: sum.bytes + event.bytes, events: sum.events + 1 });
      count(`${end.signal}: ${end.state}`);
    } else errors.push(`${sink}: lost, and not reported: event ${n}`);
  }
  if (damaged > book.reportedLost[sink]) {
    errors.push(`${sink}: ${damaged} lost with the spool, but ${book.reportedLost[sink]} reported`);
  }
  for (const [end, { bytes, events }] of lostBytes) errors.push(...checkEnd(book, sink, end, bytes, events));
}

/** The reported gap that contains an event sent at `atMs`; `next` is the gap of the following event. */
function findGap(gaps: readonly Period[], atMs: number, next: Period | undefined): Period | undefined {
  // Events wait in buffers, so those before the last byte that was read can be lost, too.
  if (next !== undefined && atMs >= next.fromMs - MAX_TRANSIT_MS) return next;
  return gaps.find(({ fromMs, toMs }) => atMs >= fromMs - SLACK_MS && atMs <= toMs + SLACK_MS);
}

/** Compares the losses of an end with the bounds of its state. */
function checkEnd(book: Book, sink: SinkName, end: RelayEnd, bytes: number, events: number): string[] {
  const late = book.sent.filter(({ atMs, wasSent }) => wasSent && atMs >= end.atMs && atMs <= end.endedAtMs);
  const lateBytes = late.reduce((sum, event) => sum + event.bytes, 0);
  const meanBytes = bytes / events;
  const bound = end.signal === 'SIGKILL' ? CRASH_STATES[end.state].killBytes : end.counted * meanBytes;
  const allowed = bound + end.transitBytes + lateBytes;
  if (bytes <= allowed) return [];
  return [
    `${sink}: ${end.signal} in the state "${end.state}" lost ${events} events, ${bytes} bytes; allowed are ${Math.round(allowed)}`,
  ];
}

/** First copies are in order. */
function checkOrder(deliveries: readonly Delivery[], errors: string[]): void {
  const seen = new Set<number>();
  let highest = -1;
  for (const { n } of deliveries) {
    if (!seen.has(n) && n < highest) errors.push(`http: out of order: event ${n}`);
    seen.add(n);
    highest = Math.max(highest, n);
  }
}

/** Combines errors of the same kind into one line with the ranges of their events. */
function summarize(errors: readonly string[]): string[] {
  const kinds = new Map<string, number[]>();
  const others: string[] = [];
  for (const error of errors) {
    const [, kind, n] = /^(.*): event (\d+)$/.exec(error) ?? [];
    if (kind === undefined) others.push(error);
    else kinds.set(kind, [...(kinds.get(kind) ?? []), Number(n)]);
  }
  return [
    ...others,
    ...[...kinds].map(([kind, list]) => `${kind}: ${list.length} events: ${sayRanges(list)}`),
  ];
}

function sayRanges(numbers: readonly number[]): string {
  const ranges: [number, number][] = [];
  for (const n of [...numbers].sort((a, b) => a - b)) {
    const last = ranges.at(-1);
    if (last !== undefined && n <= last[1] + 1) last[1] = n;
    else ranges.push([n, n]);
  }
  const said = ranges.slice(0, 20).map(([from, to]) => (from === to ? `${from}` : `${from} to ${to}`));
  return ranges.length > 20 ? `${said.join(', ')}, …` : said.join(', ');
}
