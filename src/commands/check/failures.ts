// The messages, hints and exit codes of failed steps (contract § 2).
import { CAUSES } from '../../connection/cause-table.ts';
import { type Cause, describeCause } from '../../connection/lifecycle.ts';
import { RULES } from '../../connection/retry-policy.ts';
import { type AtlantisError, EXIT } from '../../errors.ts';
import type { EndSignal } from '../../io/signals.ts';
import { listMistakes } from '../../session/event-watch.ts';
import { formatDuration } from '../../ui/format.ts';
import type { Count, ExpectationCounter, Expected } from './expectations.ts';
import type { Failure, StepName } from './steps.ts';

/** In messages; reports for programs list more. */
const SHOWN_TYPES = 8;

/** Cause by exit code. */
const ERROR_CAUSES: Readonly<Record<number, string>> = {
  [EXIT.usage]: 'usage',
  [EXIT.credential]: 'credential',
  [EXIT.store]: 'store',
};

/** Its exit code is the one that `tail` gives up with. */
export function fromCause(cause: Cause): Failure {
  const { happened, remedy } = describeCause(cause);
  const { retryAfterMs } = cause;
  const wait =
    retryAfterMs === undefined ? '' : `; it asks clients to retry in ${formatDuration(retryAfterMs)}`;
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

export function fromError({ message, hint, exitCode }: AtlantisError): Failure {
  return { cause: ERROR_CAUSES[exitCode] ?? 'settings', message, hint, exitCode };
}

/** The welcome has the prefix of another key (contract C4). */
export function describeForeignKey(host: string, accepted: string, expected: string): Failure {
  return {
    cause: 'foreign-key',
    message: `${host} accepted the key ${accepted}… instead of yours, ${expected}…`,
    hint: 'another key may be charged; check the proxies between this machine and the service',
    exitCode: EXIT.credential,
    details: { key_prefix: accepted, expected_key_prefix: expected },
  };
}

/** No pong. With messages in the meantime the server violates the protocol; without, the connection is dead (contract K2). */
export function describeMissingPong(host: string, waitedMs: number, hasHeard: boolean): Failure {
  const detail = `no pong within ${formatDuration(waitedMs)} of a ping`;
  if (!hasHeard) return fromCause({ kind: 'silent', host, detail });
  return {
    cause: 'no-pong',
    message: `${host} sends messages but does not answer pings (${detail})`,
    hint: 'allow more time with --pong-timeout; if no pong ever arrives, a proxy may be removing text messages',
    exitCode: EXIT.protocol,
    details: { host },
  };
}

export function describeUnmet(expected: Expected, counter: ExpectationCounter): Failure {
  const mistakes = listMistakes(counter.sample);
  return {
    cause: 'expectation',
    message: `${listUnmet(counter)} in ${formatDuration(expected.withinMs)}; ${describeReceived(counter)}`,
    hint: counter.counts.some(({ late, future }) => late + future > 0)
      ? 'check the clock of this machine: a lag is the difference between two clocks; if it is right, raise --max-lag'
      : [...mistakes, 'check the subscriptions of the key, or allow more time with --within'].join('\n'),
    exitCode: EXIT.timeout,
    details: listReceived(counter),
  };
}

export function describeDeadline(
  deadlineMs: number,
  step: StepName | undefined,
  counter: ExpectationCounter,
): Failure {
  const during = step === undefined ? '' : ` during the step "${step}"`;
  const seen = step === 'events' ? `: ${listUnmet(counter)}; ${describeReceived(counter)}` : '';
  return {
    cause: 'deadline',
    message: `--deadline: ${formatDuration(deadlineMs)} passed${during}${seen}`,
    hint: 'allow more time with --deadline, or find out why this step hangs',
    exitCode: EXIT.timeout,
    ...(step === 'events' ? { details: listReceived(counter) } : {}),
  };
}

export function describeSignal(signal: EndSignal): Failure {
  return { cause: 'signal', message: `stopped by ${signal}`, hint: undefined, exitCode: null };
}

/** Counts of received events, for programs. */
export function listReceived(counter: ExpectationCounter): Record<string, unknown> {
  return { events: counter.events, types: counter.types, discarded: counter.discarded };
}

/** `lag 12 ms to 3 s`, or `lag -1 h` for a time in the future. */
export function describeLag({ min, max }: NonNullable<Count['lagMs']>): string {
  const [from, to] = [min, max].map((ms) => `${ms < 0 ? '-' : ''}${formatDuration(Math.abs(ms))}`);
  return `lag ${from === to ? from : `${from} to ${to}`}`;
}

function listUnmet({ counts }: ExpectationCounter): string {
  const unmet = counts.filter(({ matched, min }) => matched < min);
  return unmet
    .map(({ expression, min, matched, late, future, untimed, lagMs }) => {
      const others = [
        ...(late === 0 ? [] : [`${late} later than --max-lag`]),
        ...(future === 0 ? [] : [`${future} with a timestamp in the future`]),
        ...(untimed === 0 ? [] : [`${untimed} without a timestamp`]),
      ];
      if (lagMs !== undefined) others.push(describeLag(lagMs));
      const ignored = others.length === 0 ? '' : ` (and ${others.join(', ')})`;
      return `${expression}: expected ${min}, got ${matched}${ignored}`;
    })
    .join('; ');
}

function describeReceived({ types, discarded, overdue }: ExpectationCounter): string {
  const shown = types.slice(0, SHOWN_TYPES).map(({ type, count }) => `${count} ${type}`);
  if (types.length > SHOWN_TYPES) shown.push(`${types.length - SHOWN_TYPES} more types`);
  const lost = discarded === 0 ? '' : `, ${discarded} discarded`;
  return `received: ${shown.join(', ') || 'none'}${lost}${overdue === 0 ? '' : ` (and ${overdue} too late)`}`;
}
