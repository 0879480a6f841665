// What a close code says about the end of a connection (contract § 5; RFC 6455 § 7.4.1, 1012 to 1014 from the
// IANA registry).
import type { CauseKind } from '../causes.ts';

/** The cause that a code stands for; one that nobody has defined counts as a decision of the server. */
export function pickCloseKind(code: number): CauseKind {
  if (code === 1000) return 'closed-normally';
  if (code === 1006) return 'dropped';
  if ([1001, 1005, 1011, 1012, 1013, 1014].includes(code)) return 'closed-by-server';
  if ([1002, 1003, 1007, 1009, 1010].includes(code)) return 'closed-for-protocol';
  return 'closed-by-policy';
}

/** Code and reason for the brackets of a message. */
export function describeClose(code: number, reason: string): string {
  if (code === 1006) return 'it ended without a close frame';
  if (code === 1005) return 'no close code';
  return `close code ${code}${reason === '' ? '' : `: ${reason}`}`;
}
