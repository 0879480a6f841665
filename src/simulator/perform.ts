// The engine: performs a timeline of steps on one connection, in order, until it ends or the client goes.
import type { EventSource } from './events.ts';
import { pause, type Refusal, type Step, startPace } from './scenarios.ts';
import { encodeFrame, encodeTextFrames, OPCODE, type Wire } from './wire.ts';

/** A batch ends once it has this many characters: the bound of what one connection holds unsent. */
const MAX_BATCH_CHARACTERS = 128 * 1024;

/** Everything that steps act on. */
export interface Stage {
  readonly wire: Wire;
  readonly source: EventSource;
  readonly welcomeText: string;
  /** For `events` steps that do not bring their own. */
  readonly ratePerSecond: number;
  refuseKey(refusal: Refusal): void;
  /** Is told of whole events just before they are written. */
  noteEvents(texts: readonly string[]): void;
}

/** Whether there may be more events: false ends an endless repetition. */
type HasMore = boolean;

/** Takes up to `count` events from a source, at most one batch of them with their copies. */
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

async function performEvents(stage: Stage, step: Step & { do: 'events' }): Promise<HasMore> {
  const { wire, source } = stage;
  const copies = step.copies ?? 1;
  const pace = startPace(step.ratePerSecond ?? stage.ratePerSecond, performance.now());
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
    stage.noteEvents(sent);
    await wire.send(encodeTextFrames(sent));
  }
  return true;
}

async function performDrip(stage: Stage, step: Step & { do: 'drip' }): Promise<HasMore> {
  const { wire, source } = stage;
  for (let left = step.count ?? Number.POSITIVE_INFINITY; left > 0; left--) {
    const text = source.next();
    if (text === undefined) return false;
    const frame = encodeTextFrames([text]);
    stage.noteEvents([text]);
    wire.holdPongs(true);
    for (let offset = 0; offset < frame.length; offset += step.pieceBytes) {
      await wire.send(frame.subarray(offset, offset + step.pieceBytes));
      await pause(step.everyMs, wire.signal);
    }
    wire.holdPongs(false);
  }
  return true;
}

async function performFeed({ wire, noteEvents }: Stage, step: Step & { do: 'feed' }): Promise<HasMore> {
  for await (const texts of step.open(wire.signal)) {
    noteEvents(texts);
    await wire.send(encodeTextFrames(texts));
  }
  return true;
}

async function performRepeat(stage: Stage, step: Step & { do: 'repeat' }): Promise<HasMore> {
  for (let left = step.times ?? Number.POSITIVE_INFINITY; left > 0; left--) {
    if (!(await performSteps(stage, step.steps))) return false;
    // A repetition without a wait must not keep the loop to itself.
    await pause(0, stage.wire.signal);
  }
  return true;
}

async function performStep(stage: Stage, step: Step): Promise<HasMore> {
  const { wire } = stage;
  switch (step.do) {
    case 'welcome':
      await wire.send(encodeTextFrames([stage.welcomeText]));
      return true;
    case 'events':
      return performEvents(stage, step);
    case 'drip':
      return performDrip(stage, step);
    case 'repeat':
      return performRepeat(stage, step);
    case 'feed':
      return performFeed(stage, step);
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
      stage.refuseKey(step.refusal);
      return true;
    case 'close':
      wire.close(step.code, step.reason);
      return true;
    case 'reset':
      await performReset(stage, step.midFrame ?? false);
      return true;
  }
}

async function performReset({ wire, source }: Stage, midFrame: boolean): Promise<void> {
  const text = midFrame ? source.next() : undefined;
  if (text !== undefined) {
    const frame = encodeTextFrames([text]);
    wire.holdPongs(true);
    await wire.send(frame.subarray(0, frame.length >> 1));
    // A reset discards what the client has not read yet: it gets the time to read.
    await pause(50, wire.signal);
  }
  wire.reset();
}

async function performSteps(stage: Stage, steps: readonly Step[]): Promise<HasMore> {
  let hasMore = true;
  for (const step of steps) {
    if (!(await performStep(stage, step))) hasMore = false;
  }
  return hasMore;
}

/**
 * Performs a timeline. Resolves after its last step, with the connection still open unless a step ended it,
 * or as soon as the client is gone.
 */
export async function performTimeline(stage: Stage, steps: readonly Step[]): Promise<void> {
  try {
    await performSteps(stage, steps);
  } catch (error) {
    if (!stage.wire.signal.aborted) throw error;
  }
}
