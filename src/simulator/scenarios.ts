// What a scenario is, and the scenarios by name: good days and bad days of the service.
//
// For each upgrade either a refusal or a timeline of steps. Plain data, so that the named scenarios, a script and
// the tests all drive the same engine (perform.ts).

import { STATUS_CODES } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { UsageError } from '../errors.ts';
import type { Random } from './random.ts';

/** The stable error codes of the service by HTTP status, with a message for people. */
const ENVELOPES: Readonly<Record<number, readonly [code: string, message: string]>> = {
  400: ['bad_request', 'The request is malformed.'],
  401: ['unauthorized', 'The API key is missing, unknown or revoked.'],
  402: ['insufficient_credit', 'The balance is too low for this request.'],
  403: ['forbidden', 'The API key is suspended.'],
  404: ['not_found', 'There is nothing at this path.'],
  429: ['rate_limited', 'Too many requests with this key.'],
  500: ['internal_error', 'Something went wrong; please report the request id.'],
  502: ['upstream_error', 'An upstream service failed.'],
  503: ['service_unavailable', 'The wait queue is full.'],
};

/** A refusal of the upgrade. */
export interface Refusal {
  /** One of 400, 401, 402, 403, 404, 429, 500, 502, 503. */
  readonly status: number;
  /** Sent as `Retry-After`. */
  readonly retryAfterSeconds?: number;
  /** Instead of the usual message. */
  readonly message?: string;
}

/** The parts of an HTTP response. */
export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** The response for a refusal; `requestId` goes into `X-Request-Id`. */
export function buildRefusal({ status, retryAfterSeconds, message }: Refusal, requestId: string): Answer {
  const [code, usualMessage] = ENVELOPES[status] ?? ['error', STATUS_CODES[status] ?? 'Refused.'];
  const body = JSON.stringify({ error: { code, message: message ?? usualMessage } });
  const headers: Record<string, string> = {
    'Content-Type': 'application/json',
    'Content-Length': String(Buffer.byteLength(body)),
    'X-Request-Id': requestId,
  };
  if (retryAfterSeconds !== undefined) headers['Retry-After'] = String(retryAfterSeconds);
  return { status, headers, body };
}

/** The response as bytes for a socket that asked for an upgrade; the connection ends after it. */
export function serializeAnswer({ status, headers, body }: Answer): string {
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  return `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ''}\r\nConnection: close\r\n${lines.join('')}\r\n${body}`;
}

const MAX_DEBT_MS = 250;
/** No wait is shorter than this: at high rates several events share a tick. */
const MIN_WAIT_MS = 4;
/** No wait is longer than this, so that no timer overflows. */
const MAX_WAIT_MS = 60_000;

interface Pace {
  /** How many events may be sent now; Infinity if there is no limit. */
  countDue(nowMs: number): number;
  /** Tells that `count` events were sent. */
  advance(count: number): void;
  /** How long to wait, in ms, before asking again. */
  getWaitMs(nowMs: number): number;
}

/**
 * Starts a pace whose first event is due at once.
 * @param ratePerSecond 0 for none at all, Infinity for as many as the client takes
 */
export function startPace(ratePerSecond: number, nowMs: number): Pace {
  const periodMs = 1000 / ratePerSecond;
  let nextDueMs = ratePerSecond === 0 ? Number.POSITIVE_INFINITY : nowMs;
  return {
    countDue(now) {
      if (now < nextDueMs) return 0;
      nextDueMs = Math.max(nextDueMs, now - MAX_DEBT_MS);
      return periodMs === 0 ? Number.POSITIVE_INFINITY : Math.floor((now - nextDueMs) / periodMs) + 1;
    },
    advance(count) {
      nextDueMs += count * periodMs;
    },
    getWaitMs: (now) => Math.min(MAX_WAIT_MS, Math.max(MIN_WAIT_MS, nextDueMs - now)),
  };
}

/** Longest delay that a timer keeps, in ms. */
export const MAX_TIMER_MS = 2 ** 31 - 1;

/** Waits `ms`; rejects once the signal aborts. */
export async function pause(ms: number, signal: AbortSignal): Promise<void> {
  let leftMs = ms;
  do {
    const partMs = Math.min(leftMs, MAX_TIMER_MS);
    leftMs -= partMs;
    await sleep(partMs, undefined, { signal });
  } while (leftMs > 0);
}

/** One step of a timeline; the next one starts when it is done. */
export type Step =
  /** The welcome message, naming the prefix of the accepted key. */
  | { readonly do: 'welcome' }
  /** Events; until `count`, `forMs` or the end of the source. `copies` repeats each one (default 1). */
  | {
      readonly do: 'events';
      readonly count?: number;
      readonly forMs?: number;
      readonly ratePerSecond?: number;
      readonly copies?: number;
    }
  /** Events whose frames arrive in pieces of `pieceBytes`, one each `everyMs`. */
  | { readonly do: 'drip'; readonly count?: number; readonly pieceBytes: number; readonly everyMs: number }
  /** Texts from elsewhere, as they come; `open` is called for each connection, `signal` aborts with its end. */
  | { readonly do: 'feed'; open(signal: AbortSignal): AsyncIterable<readonly string[]> }
  | { readonly do: 'wait'; readonly ms: number }
  /** How pings of both kinds are answered from here on. `delayMs` makes each pong late. */
  | { readonly do: 'pongs'; readonly answer: boolean; readonly delayMs?: number }
  | { readonly do: 'text'; readonly text: string }
  | { readonly do: 'binary'; readonly hex: string }
  /** Bytes on the wire as they are, outside of any frame. */
  | { readonly do: 'raw'; readonly hex: string }
  /** Answers each further upgrade with this key by this refusal. */
  | { readonly do: 'refuse-key'; readonly refusal: Refusal }
  /** A close frame; without a code it is empty. 1006 ends the connection without one. */
  | { readonly do: 'close'; readonly code?: number; readonly reason?: string }
  /** A TCP reset, `midFrame` after the first half of an event's frame. */
  | { readonly do: 'reset'; readonly midFrame?: boolean }
  /** Without `times` for as long as there are events. */
  | { readonly do: 'repeat'; readonly times?: number; readonly steps: readonly Step[] };

/** What happens to one upgrade. After the last step the connection stays open, quiet, answering pings. */
export type Act = { readonly refuse: Refusal } | { readonly steps: readonly Step[] };

export interface Scenario {
  /** One line for people. */
  readonly summary: string;
  /**
   * The act for an upgrade with an accepted key.
   * @param attempt how many upgrades there were with this key before: 0 for the first
   * @param random numbers that depend on the seed and `attempt` alone
   */
  getAct(attempt: number, random: Random): Act;
}

/** So many events come before a fault in mid-stream. */
const EVENTS_BEFORE_FAULT = 5;
/** Longer than the pong timeout of a usual client. */
const LATE_PONG_MS = 12_000;
/** An unfinished two-byte sequence inside a JSON string, in a text frame (RFC 3629 § 3). */
const BROKEN_UTF8_FRAME = '810422c32822';

const WELCOME: Step = { do: 'welcome' };
const EVENTS: Step = { do: 'events' };
const SOME_EVENTS: Step = { do: 'events', count: EVENTS_BEFORE_FAULT };
const REVOKE: Step = { do: 'refuse-key', refusal: { status: 401 } };

/** Every upgrade gets the same timeline. */
const play = (summary: string, ...steps: readonly Step[]): Scenario => ({
  summary,
  getAct: () => ({ steps }),
});

/** Every upgrade is refused. */
const refuse = (summary: string, status: number): Scenario => ({
  summary,
  getAct: () => ({ refuse: { status } }),
});

/** The first upgrades get an act each, all later ones the steady flow. */
const recover = (summary: string, ...acts: readonly Act[]): Scenario => ({
  summary,
  getAct: (attempt) => acts[attempt] ?? { steps: [WELCOME, EVENTS] },
});

/** One bad or good day, drawn. */
function drawFlakyAct(random: Random): Act {
  const someEvents: Step = { do: 'events', count: 3 + random.nextBelow(20) };
  const acts: readonly Act[] = [
    { steps: [WELCOME, someEvents, { do: 'reset', midFrame: true }] },
    { steps: [WELCOME, someEvents, { do: 'close', code: 1001, reason: 'going away' }] },
    { steps: [WELCOME, someEvents, { do: 'close', code: 1011, reason: 'internal error' }] },
    { steps: [WELCOME, someEvents, { do: 'close', code: 1006 }] },
    {
      steps: [WELCOME, someEvents, { do: 'text', text: 'not JSON' }, someEvents, { do: 'close', code: 1012 }],
    },
    { steps: [WELCOME, { do: 'events', count: 20, ratePerSecond: 200, copies: 2 }, { do: 'close' }] },
    { refuse: { status: 503 } },
    { refuse: { status: 429, retryAfterSeconds: 1 } },
  ];
  return acts[random.nextBelow(acts.length)] ?? { steps: [WELCOME, EVENTS] };
}

const SCENARIOS: Readonly<Record<string, Scenario>> = {
  steady: play('an even flow of events', WELCOME, EVENTS),
  burst: play('500 events at once, then two quiet seconds, over and over', WELCOME, {
    do: 'repeat',
    steps: [
      { do: 'events', count: 500, ratePerSecond: Number.POSITIVE_INFINITY },
      { do: 'wait', ms: 2_000 },
    ],
  }),
  drop: play('a TCP reset in the middle of an event', WELCOME, SOME_EVENTS, { do: 'reset', midFrame: true }),
  mute: play('open, but soon neither events nor pongs', WELCOME, SOME_EVENTS, { do: 'pongs', answer: false }),
  'late-pong': play(
    `soon no events, and each pong ${LATE_PONG_MS / 1000} s late`,
    WELCOME,
    { do: 'pongs', answer: true, delayMs: LATE_PONG_MS },
    SOME_EVENTS,
  ),
  'no-welcome': {
    summary: 'events without a welcome first, and nothing at all on every second connection',
    getAct: (attempt) => ({ steps: attempt % 2 === 0 ? [EVENTS] : [] }),
  },
  garbage: play('between events: not JSON, cut JSON, binary, and then broken UTF-8', WELCOME, {
    do: 'repeat',
    steps: [
      { do: 'events', count: 3 },
      { do: 'text', text: 'this is not JSON' },
      { do: 'events', count: 3 },
      { do: 'text', text: '{"type":"large_transfer","id":' },
      { do: 'binary', hex: '00ff7b7d' },
      { do: 'events', count: 3 },
      { do: 'raw', hex: BROKEN_UTF8_FRAME },
    ],
  }),
  duplicate: play('every event twice', WELCOME, { do: 'events', copies: 2 }),
  slow: play('each event arrives in small pieces over most of a second', WELCOME, {
    do: 'drip',
    pieceBytes: 32,
    everyMs: 50,
  }),
  revoked: play(
    'the key is revoked in mid-stream: close 1008, from then on 401',
    WELCOME,
    SOME_EVENTS,
    REVOKE,
    { do: 'close', code: 1008, reason: 'key revoked' },
  ),
  suspended: refuse('403: the key is suspended', 403),
  'no-credit': refuse('402: the balance is too low', 402),
  'rate-limited': recover(
    '429 with Retry-After: 2 twice, then an even flow',
    { refuse: { status: 429, retryAfterSeconds: 2 } },
    { refuse: { status: 429, retryAfterSeconds: 2 } },
  ),
  unavailable: recover(
    '503, 502 and 500 in turn, then an even flow',
    { refuse: { status: 503 } },
    { refuse: { status: 502 } },
    { refuse: { status: 500 } },
  ),
  flaky: {
    summary: 'resets, closes, refusals, garbage and duplicates in a mix that the seed decides',
    getAct: (_attempt, random) => drawFlakyAct(random),
  },
};

const CLOSE_NAME = 'close-<code>';

/** Every scenario with one line for people; `close-<code>` stands for any code from 1000 to 4999. */
export const SCENARIO_LIST: readonly { readonly name: string; readonly summary: string }[] = [
  ...Object.entries(SCENARIOS).map(([name, { summary }]) => ({ name, summary })),
  { name: CLOSE_NAME, summary: 'a close frame with this code after some events, such as close-1011' },
];

/**
 * The scenario of that name.
 * @throws UsageError that lists the names
 */
export function findScenario(name: string): Scenario {
  const scenario = Object.hasOwn(SCENARIOS, name) ? SCENARIOS[name] : undefined;
  if (scenario) return scenario;
  const code = /^close-([1-4]\d{3})$/.exec(name)?.[1];
  if (code) return play(`close ${code}`, WELCOME, SOME_EVENTS, { do: 'close', code: Number(code) });
  throw new UsageError(
    `there is no scenario ${JSON.stringify(name)}`,
    `scenarios are ${SCENARIO_LIST.map((each) => each.name).join(', ')} (a code from 1000 to 4999)`,
  );
}
