// From what went wrong to the failure of a step: message, hint, exit code (contract § 2).
import { CAUSES } from '../../connection/cause-table.ts';
import { type Cause, describeCause } from '../../connection/lifecycle.ts';
import { RULES } from '../../connection/retry-policy.ts';
import { type AtlantisError, EXIT } from '../../errors.ts';
import type { EndSignal } from '../../io/io.ts';
import { formatDuration } from '../../ui/stream-messages.ts';
import type { ExpectationCounter, Expected } from './expectations.ts';
import { type Failure, STEPS, type StepName } from './steps.ts';

/** Types that a message names; reports for programs name more. */
const SHOWN_TYPES = 8;

/** The cause in reports, by exit code. */
const ERROR_CAUSES: Readonly<Record<number, string>> = {
  [EXIT.usage]: 'usage',
  [EXIT.credential]: 'credential',
  [EXIT.store]: 'store',
};

/** The failure for a cause of the connection; `tail` gives up with the same exit code. */
export function fromCause(cause: Cause): Failure {
  const { happened, remedy } = describeCause(cause);
  const { retryAfterMs } = cause;
  const wait = retryAfterMs === undefined ? '' : `; it asks to come back in ${formatDuration(retryAfterMs)}`;
  return {
    cause: cause.kind,
    message: `${happened}${wait}`,
    hint: remedy,
    exitCode: RULES[CAUSES[cause.kind].rule].exitCode,
    details: {
      host: cause.host,
      ...(cause.proxy === undefined ? {} : { proxy: cause.proxy }),
      ...(cause.httpStatus === undefined ? {} : { status: cause.httpStatus }),
      ...(cause.errorCode === undefined ? {} : { error_code: cause.errorCode }),
      ...(cause.requestId === undefined ? {} : { request_id: cause.requestId }),
      ...(cause.closeCode === undefined ? {} : { close_code: cause.closeCode }),
      ...(retryAfterMs === undefined ? {} : { retry_after_ms: retryAfterMs }),
    },
  };
}

/** The failure for an error of `errors.ts`. */
export function fromError({ message, hint, exitCode }: AtlantisError): Failure {
  return { cause: ERROR_CAUSES[exitCode] ?? 'settings', message, hint, exitCode };
}

/** The welcome names a different key from the one in use (contract C4). */
export function describeForeignKey(host: string, accepted: string, expected: string): Failure {
  return {
    cause: 'foreign-key',
    message: `${host} accepted the key ${accepted} while the key in use begins with ${expected}`,
    hint: 'Another key than yours may be charged: check what stands between here and the service.',
    exitCode: EXIT.credential,
    details: { key_prefix: accepted, expected_key_prefix: expected },
  };
}

/**
 * No pong came. If messages came in the meantime, the connection works and the server breaks the protocol; if
 * none did, it is dead (contract K2).
 */
export function describeMissingPong(host: string, waitedMs: number, hasHeard: boolean): Failure {
  const detail = `no pong within ${formatDuration(waitedMs)} of a ping`;
  if (!hasHeard) return fromCause({ kind: 'silent', host, detail });
  return {
    cause: 'no-pong',
    message: `${host} sends messages but answers no ping (${detail})`,
    hint: 'Allow more time with --pong-timeout; if no pong comes at all, something in between may take texts away.',
    exitCode: EXIT.protocol,
    details: { host },
  };
}

/** Expected events did not arrive: which, and what arrived instead. */
export function describeUnmet(expected: Expected, counter: ExpectationCounter): Failure {
  return {
    cause: 'expectation',
    message: `${listUnmet(counter)} within ${formatDuration(expected.withinMs)} of the welcome; ${describeSeen(counter)}`,
    hint: 'Check the subscriptions of the key, or allow more time with --within.',
    exitCode: EXIT.timeout,
    details: listSeen(counter),
  };
}

/** The overall deadline passed. */
export function describeDeadline(
  deadlineMs: number,
  step: StepName | undefined,
  counter: ExpectationCounter,
): Failure {
  const during = step === undefined ? '' : ` during the step "${STEPS[step]}"`;
  const seen = step === 'events' ? `: ${listUnmet(counter)}; ${describeSeen(counter)}` : '';
  return {
    cause: 'deadline',
    message: `--deadline: ${formatDuration(deadlineMs)} passed${during}${seen}`,
    hint: 'Allow more time with --deadline, or see what the step waits for.',
    exitCode: EXIT.timeout,
    ...(step === 'events' ? { details: listSeen(counter) } : {}),
  };
}

/** A signal ended the check. */
export function describeSignal(signal: EndSignal): Failure {
  return { cause: 'signal', message: `ended by ${signal}`, hint: undefined, exitCode: null };
}

/** Counts of what arrived, for programs. */
export function listSeen(counter: ExpectationCounter): Record<string, unknown> {
  return { events: counter.events, types: counter.types, discarded: counter.discarded };
}

function listUnmet({ counts }: ExpectationCounter): string {
  const unmet = counts.filter(({ matched, min }) => matched < min);
  return unmet
    .map(({ expression, min, matched, late, untimed }) => {
      const others = [
        ...(late === 0 ? [] : [`${late} too late`]),
        ...(untimed === 0 ? [] : [`${untimed} without a time`]),
      ];
      const aside = others.length === 0 ? '' : ` (and ${others.join(', ')})`;
      return `${matched} of ${min} came for ${expression}${aside}`;
    })
    .join('; ');
}

function describeSeen({ types, events, discarded, overdue }: ExpectationCounter): string {
  const shown = types.slice(0, SHOWN_TYPES).map(({ type, count }) => `${count} ${type}`);
  if (types.length > SHOWN_TYPES) shown.push(`${types.length - SHOWN_TYPES} more types`);
  const lost = discarded === 0 ? '' : `, ${discarded} discarded`;
  const after = overdue === 0 ? '' : `, ${overdue} after that`;
  return `${events === 0 ? 'no event was seen' : `seen: ${shown.join(', ')}`}${lost}${after}`;
}
