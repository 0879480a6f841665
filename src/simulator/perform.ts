// Performs the steps of a scenario on one connection, in order, until the client disconnects.
import { sleep, systemClock } from '../clock.ts';
import type { EventSource } from './events.ts';
import type { Refusal, Step } from './scenarios.ts';
import { encodeFrame, encodeTextFrames, OPCODE, type Wire } from './wire.ts';

/** Limits the unsent data of a connection. */
const MAX_BATCH_CHARACTERS = 128 * 1024;

export interface SharedTexts {
  readonly texts: readonly string[];
  /** When the feed passed the texts to the connections, by `performance.now`. */
  readonly atMs: number;
}

export interface StepContext {
  readonly wire: Wire;
  readonly source: EventSource;
  readonly welcomeText: string;
  /** For `events` steps without their own rate. */
  readonly ratePerSecond: number;
  /** The events that all clients get, from now on. */
  subscribe(signal: AbortSignal): AsyncIterable<SharedTexts>;
  refuseKey(refusal: Refusal): void;
  noteEvents(texts: readonly string[]): void;
}

/** False after the last event: ends a `repeat` step. */
type HasMore = boolean;

/** Events that are overdue by more than this are skipped. */
const MAX_OVERDUE_MS = 250;
/** At high rates several events are sent per wait. */
const MIN_WAIT_MS = 4;
const MAX_WAIT_MS = 60_000;

interface Pace {
  /** Infinity without a limit. */
  countDue(nowMs: number): number;
  /** Records that `count` events were sent. */
  advance(count: number): void;
  getWaitMs(nowMs: number): number;
}

/** The first event is due at once. @param ratePerSecond 0 for none, Infinity for as many as the client reads */
export function startPace(ratePerSecond: number, nowMs: number): Pace {
  const periodMs = 1000 / ratePerSecond;
  let nextDueMs = ratePerSecond === 0 ? Number.POSITIVE_INFINITY : nowMs;
  return {
    countDue(now) {
      if (now < nextDueMs) return 0;
      nextDueMs = Math.max(nextDueMs, now - MAX_OVERDUE_MS);
      return periodMs === 0 ? Number.POSITIVE_INFINITY : Math.floor((now - nextDueMs) / periodMs) + 1;
    },
    advance(count) {
      nextDueMs += count * periodMs;
    },
    getWaitMs: (now) => Math.min(MAX_WAIT_MS, Math.max(MIN_WAIT_MS, nextDueMs - now)),
  };
}

/** Rejects once the signal aborts. */
async function pause(ms: number, signal: AbortSignal): Promise<void> {
  await sleep(systemClock, ms, signal);
  signal.throwIfAborted();
}

/** The size limit of a batch includes the copies. */
function takeBatch(source: EventSource, count: number, copies: number): string[] {
  const texts: string[] = [];
  let characters = 0;
  while (texts.length < count && characters * copies < MAX_BATCH_CHARACTERS) {
    const text = source.next();
    if (text === undefined) break;
    texts.push(text);
    characters += text.length;
  }
  return texts;
}

async function performEvents(context: StepContext, step: Step & { do: 'events' }): Promise<HasMore> {
  const { wire, source } = context;
  const copies = step.copies ?? 1;
  const pace = startPace(step.ratePerSecond ?? context.ratePerSecond, performance.now());
  const endMs = performance.now() + (step.forMs ?? Number.POSITIVE_INFINITY);
  let left = step.count ?? Number.POSITIVE_INFINITY;
  while (left > 0) {
    const nowMs = performance.now();
    if (nowMs >= endMs) break;
    const due = pace.countDue(nowMs);
    if (due === 0) {
      const waitMs = Math.min(pace.getWaitMs(nowMs), endMs - nowMs);
      await pause(waitMs, wire.signal);
      continue;
    }
    const texts = takeBatch(source, Math.min(due, left), copies);
    if (texts.length === 0) return false;
    left -= texts.length;
    pace.advance(texts.length);
    const sent = copies === 1 ? texts : texts.flatMap((text) => new Array<string>(copies).fill(text));
    context.noteEvents(sent);
    await wire.send(encodeTextFrames(sent));
  }
  return true;
}

async function performDrip(context: StepContext, step: Step & { do: 'drip' }): Promise<HasMore> {
  const { wire, source } = context;
  for (let left = step.count ?? Number.POSITIVE_INFINITY; left > 0; left--) {
    const text = source.next();
    if (text === undefined) return false;
    const frame = encodeTextFrames([text]);
    context.noteEvents([text]);
    wire.holdPongs(true);
    for (let offset = 0; offset < frame.length; offset += step.pieceBytes) {
      await wire.send(frame.subarray(offset, offset + step.pieceBytes));
      await pause(step.everyMs, wire.signal);
    }
    wire.holdPongs(false);
  }
  return true;
}

async function performFeed({ wire, noteEvents }: StepContext, step: Step & { do: 'feed' }): Promise<HasMore> {
  for await (const texts of step.open(wire.signal)) {
    noteEvents(texts);
    await wire.send(encodeTextFrames(texts));
  }
  return true;
}

async function performShared(context: StepContext, step: Step & { do: 'shared' }): Promise<HasMore> {
  const { wire } = context;
  const { delayMs = 0, copies = 1, missEvery = Number.POSITIVE_INFINITY, isSwapped = false } = step;
  const endMs = performance.now() + (step.forMs ?? Number.POSITIVE_INFINITY);
  const ending = new AbortController();
  const end = (): void => ending.abort();
  wire.signal.addEventListener('abort', end);
  const timer = step.forMs === undefined ? undefined : setTimeout(end, step.forMs);
  let number = 0;
  let held: string | undefined;
  try {
    for await (const { texts, atMs } of context.subscribe(ending.signal)) {
      const waitMs = atMs + delayMs - performance.now();
      if (waitMs > 0) await pause(Math.min(waitMs, endMs - performance.now()), wire.signal);
      const sent: string[] = [];
      for (const text of texts) {
        number += 1;
        if (number % missEvery === 0) continue;
        for (let copy = 0; copy < copies; copy++) {
          if (isSwapped && held === undefined) held = text;
          else {
            sent.push(text, ...(held === undefined ? [] : [held]));
            held = undefined;
          }
        }
      }
      context.noteEvents(sent);
      if (sent.length > 0) await wire.send(encodeTextFrames(sent));
    }
  } finally {
    clearTimeout(timer);
    wire.signal.removeEventListener('abort', end);
  }
  return true;
}

async function performRepeat(context: StepContext, step: Step & { do: 'repeat' }): Promise<HasMore> {
  for (let left = step.times ?? Number.POSITIVE_INFINITY; left > 0; left--) {
    if (!(await performSteps(context, step.steps))) return false;
    // Steps without a wait must not block the event loop.
    await pause(0, context.wire.signal);
  }
  return true;
}

async function performStep(context: StepContext, step: Step): Promise<HasMore> {
  const { wire } = context;
  switch (step.do) {
    case 'welcome':
      await wire.send(encodeTextFrames([context.welcomeText]));
      return true;
    case 'events':
      return performEvents(context, step);
    case 'drip':
      return performDrip(context, step);
    case 'repeat':
      return performRepeat(context, step);
    case 'feed':
      return performFeed(context, step);
    case 'shared':
      return performShared(context, step);
    case 'wait':
      await pause(step.ms, wire.signal);
      return true;
    case 'pongs':
      wire.setPongPolicy({ answer: step.answer, delayMs: step.delayMs ?? 0 });
      return true;
    case 'text':
      await wire.send(encodeTextFrames([step.text]));
      return true;
    case 'binary':
      await wire.send(encodeFrame(OPCODE.binary, Buffer.from(step.hex, 'hex')));
      return true;
    case 'raw':
      await wire.send(Buffer.from(step.hex, 'hex'));
      return true;
    case 'refuse-key':
      context.refuseKey(step.refusal);
      return true;
    case 'close':
      wire.close(step.code, step.reason);
      return true;
    case 'reset':
      await performReset(context, step.midFrame ?? false);
      return true;
  }
}

async function performReset({ wire, source }: StepContext, midFrame: boolean): Promise<void> {
  const text = midFrame ? source.next() : undefined;
  if (text !== undefined) {
    const frame = encodeTextFrames([text]);
    wire.holdPongs(true);
    await wire.send(frame.subarray(0, frame.length >> 1));
    // A reset discards unread data, so the client gets time to read.
    await pause(50, wire.signal);
  }
  wire.reset();
}

async function performSteps(context: StepContext, steps: readonly Step[]): Promise<HasMore> {
  let hasMore = true;
  for (const step of steps) {
    if (!(await performStep(context, step))) hasMore = false;
  }
  return hasMore;
}

/** Resolves after the last step or when the client disconnects. */
export async function performTimeline(context: StepContext, steps: readonly Step[]): Promise<void> {
  try {
    await performSteps(context, steps);
  } catch (error) {
    if (!context.wire.signal.aborted) throw error;
  }
}
