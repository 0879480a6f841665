// What an HTTP answer says about the events that were posted. Pure.
import { EXIT } from '../../errors.ts';
import type { Verdict } from '../sink.ts';

/** An answer that came whole. */
export interface HttpAnswer {
  readonly status: number;
  /** What `Retry-After` asks for in ms, or undefined. */
  readonly retryAfterMs: number | undefined;
  /** The beginning of its body, for the reason. */
  readonly excerpt: string;
}

/** Nothing is wrong with the events; the same request may be taken later (RFC 9110 § 15.5.9, RFC 6585 § 4). */
const TRY_AGAIN = new Set([408, 425, 429]);

/**
 * The verdict: 2xx takes the events, 408, 425, 429 and 5xx ask for another try, and any other 4xx is about the
 * events. A redirect is not followed: events go only where they were meant to go. A 1xx is not a final answer.
 *
 * @param host the endpoint, for the words
 * @param hasWorked whether it ever took anything in this run
 */
export function judgeAnswer(
  { status, retryAfterMs, excerpt }: HttpAnswer,
  host: string,
  hasWorked: boolean,
): Verdict {
  if (status >= 200 && status < 300) return { kind: 'accepted', duplicates: 0 };
  const why = `HTTP ${status}${excerpt === '' ? '' : `: ${excerpt}`}`;
  if (status >= 500 || TRY_AGAIN.has(status)) {
    const fault = { words: `${host} answered ${why}`, retryAfterMs, exitCodeInTheEnd: EXIT.unreachable };
    return { kind: 'failed', fault };
  }
  if (status >= 400) return { kind: 'refused', why, isTooLarge: status === 413 };
  const fault = {
    words: `${host} answered ${why}, which takes no events`,
    hint:
      status >= 300
        ? 'Redirects are not followed: give the final address with --to.'
        : 'Check the address in --to: it is not an endpoint for events.',
    exitCode: hasWorked ? undefined : EXIT.refused,
    exitCodeInTheEnd: EXIT.refused,
  };
  return { kind: 'failed', fault };
}

const EXCERPT_LENGTH = 200;

/** The beginning of a body in one line. */
export function excerptOf(body: Buffer): string {
  return body
    .toString('utf8', 0, 4 * EXCERPT_LENGTH)
    .replace(/\s+/g, ' ')
    .trim()
    .slice(0, EXCERPT_LENGTH);
}
