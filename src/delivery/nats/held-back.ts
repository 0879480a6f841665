// Puts the first messages of a durable consumer in order: those that an earlier reader got and never acknowledged
// come again when the server has waited long enough, behind newer ones.
import type { JsMsg } from '@nats-io/jetstream';
import type { Clock } from '../../clock.ts';

export interface HeldBack {
  /** What may be handed on now that this message came. */
  take(message: JsMsg): readonly JsMsg[];
  end(): void;
}

/** Nothing to wait for: every message is handed on as it comes. */
const NOTHING_HELD: HeldBack = { take: (message) => [message], end() {} };

/**
 * Holds messages until so many of those up to `upTo` have come, or `waitMs` have passed: another reader of the same
 * durable may have them.
 */
export function holdBack(
  missing: number,
  upTo: number,
  waitMs: number,
  clock: Clock,
  onRelease: (messages: readonly JsMsg[]) => void,
): HeldBack {
  if (missing === 0) return NOTHING_HELD;
  let left = missing;
  let held: JsMsg[] | undefined = [];
  const release = (): readonly JsMsg[] => {
    cancel();
    const messages = (held ?? []).sort((a, b) => a.seq - b.seq);
    held = undefined;
    return messages;
  };
  const cancel = clock.setTimer(() => onRelease(release()), waitMs);
  return {
    take(message) {
      if (held === undefined) return [message];
      held.push(message);
      if (message.seq <= upTo) left -= 1;
      return left > 0 ? [] : release();
    },
    end: cancel,
  };
}
