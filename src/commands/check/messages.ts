// Messages of `stream check`: its flags, the results of its steps, and the exit codes of failed ones (contract § 2).
import { CAUSES } from '../../connection/cause-table.ts';
import { formatAddress } from '../../connection/dial/address.ts';
import { type Cause, describeCause } from '../../connection/lifecycle.ts';
import { RULES } from '../../connection/retry-policy.ts';
import { type AtlantisError, type ErrorText, EXIT } from '../../errors.ts';
import { sayRequires } from '../../flags/messages.ts';
import type { EndSignal } from '../../io/signals.ts';
import { listMistakes } from '../../session/messages.ts';
import { formatCount, formatDuration } from '../../ui/format.ts';
import { sayForeignKey } from '../../ui/messages.ts';
import type { Count, ExpectationCounter, Expected } from './expectations.ts';

export interface Failure {
  /** A cause of `connection/lifecycle.ts`, or one that only check has, in kebab-case. */
  readonly cause: string;
  readonly message: string;
  readonly hint: string | undefined;
  /** Contract § 2; null if a signal ended the check. */
  readonly exitCode: number | null;
  readonly details?: Readonly<Record<string, unknown>>;
}

export const ACCEPTED_REPORT_PATH = 'the path of a file such as check.xml';

export const sayExpectRequired = (flag: string): ErrorText =>
  sayRequires([flag], '--expect', "add --expect 'type=large_transfer'");

export const sayMaxLagRequired = (): ErrorText =>
  sayRequires(['--lag-field'], '--max-lag', 'add --max-lag 10s');

export const THE_JUNIT_REPORT = 'the JUnit report';
export const THE_STEP_SUMMARY = 'the step summary';

export const sayChecking = (step: string): string => `checking: ${step}`;

export const sayWaiting = (cause: Cause): string =>
  `${describeCause(cause).happened}; retrying until --wait expires`;

export const SKIPPED = {
  noProxy: 'no proxy',
  noTls: 'no TLS: ws:// to this machine',
  address: (hostname: string) => `${hostname} is an IP address`,
  pingsOff: 'turned off by --ping-interval 0',
  noExpect: 'no --expect',
  failed: (step: string) => `${step} failed`,
} as const;

export const PASSED = {
  profile: (name: string, source: string) => `profile ${name} (${source})`,
  url: (base: string, source: string | undefined) => `${base} (${source})`,
  key: (prefix: string, source: string | undefined) => `key ${prefix}… (${source})`,
  proxy: (host: string) => `proxy ${host}`,
  lookup: (hostname: string, addresses: readonly string[]) =>
    `${hostname} resolves to ${addresses.join(', ')}`,
  connect: (address: string, port: number) => `connected to ${formatAddress(address, port)}`,
  tunnel: (proxy: string) => `${proxy} opened a tunnel`,
  tls: (version: string, issuer: string, daysLeft: number) =>
    `${version}, issued by ${issuer}, expires in ${formatCount(daysLeft, 'day')}`,
  upgrade: (requestId: string, cost: number | undefined, remaining: number | undefined) =>
    [
      '101',
      `request id ${requestId}`,
      ...(cost === undefined ? [] : [`credit cost ${cost}`]),
      ...(remaining === undefined ? [] : [`credit remaining ${remaining}`]),
    ].join(', '),
  welcome: (prefix: string) => `received, for the key ${prefix}…`,
  identity: (prefix: string) => `the server authenticated your key, ${prefix}…`,
  keepalive: (roundTripsMs: readonly number[]) =>
    `${roundTripsMs.length} of ${roundTripsMs.length} pings answered, round trips ${roundTripsMs.map((ms) => ms.toFixed(1)).join(', ')} ms`,
  events: ({ expression, matched, lagMs }: Count) =>
    `${matched} for ${expression}${lagMs === undefined ? '' : ` (${describeLag(lagMs)})`}`,
} as const;

export const UNKNOWN_VERSION = 'unknown version';
export const UNKNOWN_ISSUER = 'unknown issuer';

/** The last line of the text report. @param end the exit code or signal */
export function sayVerdict(
  failedStep: string | null,
  ms: number,
  count: (status: 'ok' | 'skipped') => number,
  end: string,
): string {
  const time = formatDuration(ms);
  return failedStep === null
    ? `PASSED in ${time}: ${count('ok')} passed, ${count('skipped')} skipped`
    : `FAILED at "${failedStep}" after ${time}: ${count('ok')} passed, 1 failed, ${count('skipped')} skipped (${end})`;
}

export const nameExitCode = (code: number | null): string => `exit code ${code}`;

export const CHECK = 'atlantis stream check';
export const sayStepFailed = (step: string): string => `${CHECK}: ${step} failed`;
export const sayChecked = (isOk: boolean, end: string): string =>
  `${CHECK}: ${isOk ? 'passed' : `failed (${end})`}`;

/** Event types that a message lists; reports for programs list more. */
const SHOWN_TYPES = 8;

const ERROR_CAUSES: Readonly<Record<number, string>> = {
  [EXIT.usage]: 'usage',
  [EXIT.credential]: 'credential',
  [EXIT.store]: 'store',
};

/** The exit code is that of `tail` when it gives up for this cause. */
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

/** For a welcome with the prefix of another key (contract C4). */
export function describeForeignKey(host: string, accepted: string, expected: string): Failure {
  const [message, hint] = sayForeignKey(host, accepted, expected);
  return {
    cause: 'foreign-key',
    message,
    hint,
    exitCode: EXIT.credential,
    details: { key_prefix: accepted, expected_key_prefix: expected },
  };
}

/** A server that sends other messages violates the protocol. Otherwise, the connection is dead (contract K2). */
export function describeMissingPong(host: string, waitedMs: number, hasHeard: boolean): Failure {
  const detail = `no pong within ${formatDuration(waitedMs)} of a ping`;
  if (!hasHeard) return fromCause({ kind: 'silent', host, detail });
  return {
    cause: 'no-pong',
    message: `${host} sends messages but does not answer pings (${detail})`,
    hint: 'allow more time with --pong-timeout; if no pong ever arrives, a proxy may be dropping the text messages "ping" or "pong"',
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
      ? 'check the clock of this machine, since lag is measured against it; if the clock is right, raise --max-lag'
      : [...mistakes, 'check the subscriptions of the key, or allow more time with --within'].join('; '),
    exitCode: EXIT.timeout,
    details: listReceived(counter),
  };
}

export function describeDeadline(
  deadlineMs: number,
  step: string | undefined,
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

export function listReceived(counter: ExpectationCounter): Record<string, unknown> {
  return { events: counter.events, types: counter.types, discarded: counter.discarded };
}

/** `lag 0.01 s to 3.0 s`, or `lag -1h 0m` for a time in the future. */
function describeLag({ min, max }: NonNullable<Count['lagMs']>): string {
  const [from, to] = [min, max].map((ms) => `${ms < 0 ? '-' : ''}${formatDuration(Math.abs(ms))}`);
  return `lag ${from === to ? from : `${from} to ${to}`}`;
}

function listUnmet({ counts }: ExpectationCounter): string {
  const unmet = counts.filter(({ matched, min }) => matched < min);
  return unmet
    .map(({ expression, min, matched, late, future, untimed, lagMs }) => {
      const ignored = [
        ...(late === 0 ? [] : [`${late} later than --max-lag`]),
        ...(future === 0 ? [] : [`${future} with a timestamp in the future`]),
        ...(untimed === 0 ? [] : [`${untimed} without a timestamp`]),
      ];
      const lag = lagMs === undefined ? [] : [describeLag(lagMs)];
      const details = `${ignored.length === 0 ? '' : 'and '}${[...ignored, ...lag].join(', ')}`;
      return `${expression}: expected ${min}, got ${matched}${details === '' ? '' : ` (${details})`}`;
    })
    .join('; ');
}

function describeReceived({ types, discarded, overdue }: ExpectationCounter): string {
  const shown = types.slice(0, SHOWN_TYPES).map(({ type, count }) => `${count} ${type}`);
  if (types.length > SHOWN_TYPES) shown.push(`${types.length - SHOWN_TYPES} more types`);
  const lost = discarded === 0 ? '' : `, ${discarded} discarded`;
  const late = overdue === 0 ? '' : ` (and ${overdue} after --within expired)`;
  return `received: ${shown.join(', ') || 'none'}${lost}${late}`;
}
