// The built-in scenarios. For each upgrade, a scenario returns a refusal or a list of steps, which perform.ts executes.
// Scripts and tests use the same form.
import { STATUS_CODES } from 'node:http';
import { UsageError } from '../errors.ts';
import { sayUnknownScenario } from './messages.ts';
import type { Random } from './random.ts';

/** The errors of the service by HTTP status. */
const ERRORS: Readonly<Record<number, readonly [code: string, message: string]>> = {
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

export const REFUSAL_STATUSES: readonly number[] = Object.keys(ERRORS).map(Number);

/** A rejected upgrade. */
export interface Refusal {
  /** One of 400, 401, 402, 403, 404, 429, 500, 502, 503. */
  readonly status: number;
  /** Sent as `Retry-After`. */
  readonly retryAfterSeconds?: number;
  /** Replaces the usual message. */
  readonly message?: string;
}

export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

export function buildRefusal({ status, retryAfterSeconds, message }: Refusal, requestId: string): Answer {
  const [code, usualMessage] = ERRORS[status] ?? ['error', STATUS_CODES[status] ?? 'Refused.'];
  const body = JSON.stringify({ error: { code, message: message ?? usualMessage } });
  const headers: Record<string, string> = {
    'Content-Type': 'application/json',
    'Content-Length': String(Buffer.byteLength(body)),
    'X-Request-Id': requestId,
  };
  if (retryAfterSeconds !== undefined) headers['Retry-After'] = String(retryAfterSeconds);
  return { status, headers, body };
}

/** As text, since Node has no response object for an upgrade request. */
export function serializeAnswer({ status, headers, body }: Answer): string {
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  return `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ''}\r\nConnection: close\r\n${lines.join('')}\r\n${body}`;
}

/** One action of the server on a connection. The next step starts when this step is done. */
export type Step =
  /** The welcome message with the prefix of the accepted key. */
  | { readonly do: 'welcome' }
  /** Events until `count`, `forMs` or the end of the source; each is sent `copies` times (default 1). */
  | {
      readonly do: 'events';
      readonly count?: number;
      readonly forMs?: number;
      readonly ratePerSecond?: number;
      readonly copies?: number;
    }
  /** Events whose frames arrive in pieces of `pieceBytes`, one every `everyMs`. */
  | { readonly do: 'drip'; readonly count?: number; readonly pieceBytes: number; readonly everyMs: number }
  /** Texts from another source. `open` is called for each connection; `signal` aborts when the connection ends. */
  | { readonly do: 'feed'; open(signal: AbortSignal): AsyncIterable<readonly string[]> }
  /** Events that all clients get, for `forMs`; `missEvery` omits every n-th, `isSwapped` swaps each pair. */
  | {
      readonly do: 'shared';
      readonly forMs?: number;
      readonly delayMs?: number;
      readonly copies?: number;
      readonly missEvery?: number;
      readonly isSwapped?: boolean;
    }
  | { readonly do: 'wait'; readonly ms: number }
  /** How text and WebSocket pings are answered from now on. */
  | { readonly do: 'pongs'; readonly answer: boolean; readonly delayMs?: number }
  | { readonly do: 'text'; readonly text: string }
  | { readonly do: 'binary'; readonly hex: string }
  /** Raw bytes, outside of any frame. */
  | { readonly do: 'raw'; readonly hex: string }
  /** Rejects further upgrades with this key. */
  | { readonly do: 'refuse-key'; readonly refusal: Refusal }
  /** A close frame, empty without a code; 1006 ends the connection without a close frame. */
  | { readonly do: 'close'; readonly code?: number; readonly reason?: string }
  /** A TCP reset; with `midFrame`, after the first half of an event's frame. */
  | { readonly do: 'reset'; readonly midFrame?: boolean }
  /** Repeats the steps; without `times`, until the last event. */
  | { readonly do: 'repeat'; readonly times?: number; readonly steps: readonly Step[] };

/** What happens to one upgrade. After the last step the connection stays open and answers pings. */
export type Act = { readonly refuse: Refusal } | { readonly steps: readonly Step[] };

export interface Scenario {
  /** One line. */
  readonly summary: string;
  /**
   * Called for each upgrade with an accepted key.
   *
   * @param attempt number of earlier upgrades with this key
   * @param random only depends on the seed and `attempt`
   */
  getAct(attempt: number, random: Random): Act;
}

const EVENTS_BEFORE_FAULT = 5;
/** Longer than the usual pong timeout. */
const LATE_PONG_MS = 12_000;
/** An unfinished two-byte sequence inside a JSON string, in a text frame (RFC 3629 § 3). */
const BROKEN_UTF8_FRAME = '810422c32822';

const WELCOME: Step = { do: 'welcome' };
const EVENTS: Step = { do: 'events' };
const SOME_EVENTS: Step = { do: 'events', count: EVENTS_BEFORE_FAULT };
const REVOKE: Step = { do: 'refuse-key', refusal: { status: 401 } };

const play = (summary: string, ...steps: readonly Step[]): Scenario => ({
  summary,
  getAct: () => ({ steps }),
});

const refuse = (summary: string, status: number): Scenario => ({
  summary,
  getAct: () => ({ refuse: { status } }),
});

const recover = (summary: string, ...acts: readonly Act[]): Scenario => ({
  summary,
  getAct: (attempt) => acts[attempt] ?? { steps: [WELCOME, EVENTS] },
});

const inTurn = (summary: string, ...lists: readonly Step[][]): Scenario => ({
  summary,
  getAct: (attempt) => ({ steps: [WELCOME, ...(lists[attempt % lists.length] ?? [])] }),
});

const SHARED: Step = { do: 'shared' };

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
  steady: play('a steady stream of events', WELCOME, EVENTS),
  burst: play('500 events at once, then two seconds of silence, repeatedly', WELCOME, {
    do: 'repeat',
    steps: [
      { do: 'events', count: 500, ratePerSecond: Number.POSITIVE_INFINITY },
      { do: 'wait', ms: 2_000 },
    ],
  }),
  drop: play('a TCP reset in the middle of an event', WELCOME, SOME_EVENTS, { do: 'reset', midFrame: true }),
  mute: play('stays open, but soon sends neither events nor pongs', WELCOME, SOME_EVENTS, {
    do: 'pongs',
    answer: false,
  }),
  'late-pong': play(
    `events soon stop, and each pong is ${LATE_PONG_MS / 1000} s late`,
    WELCOME,
    { do: 'pongs', answer: true, delayMs: LATE_PONG_MS },
    SOME_EVENTS,
  ),
  'no-welcome': {
    summary: 'events without a welcome, and nothing at all on every second connection',
    getAct: (attempt) => ({ steps: attempt % 2 === 0 ? [EVENTS] : [] }),
  },
  garbage: play(
    'between events: text that is not JSON, truncated JSON, binary, then invalid UTF-8',
    WELCOME,
    {
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
    },
  ),
  duplicate: play('every event twice', WELCOME, { do: 'events', copies: 2 }),
  slow: play('each event arrives in small pieces over most of a second', WELCOME, {
    do: 'drip',
    pieceBytes: 32,
    everyMs: 50,
  }),
  revoked: play('the key is revoked while streaming: close 1008, then 401', WELCOME, SOME_EVENTS, REVOKE, {
    do: 'close',
    code: 1008,
    reason: 'key revoked',
  }),
  suspended: refuse('403: the key is suspended', 403),
  'no-credit': refuse('402: the balance is too low', 402),
  'rate-limited': recover(
    '429 with Retry-After: 2 twice, then a steady stream',
    { refuse: { status: 429, retryAfterSeconds: 2 } },
    { refuse: { status: 429, retryAfterSeconds: 2 } },
  ),
  unavailable: recover(
    '503, 502 and 500 in turn, then a steady stream',
    { refuse: { status: 503 } },
    { refuse: { status: 502 } },
    { refuse: { status: 500 } },
  ),
  shared: play('the same events to every client, as the service sends them', WELCOME, SHARED),
  'shared-drop': inTurn(
    'as shared; every second connection, from the first on, is reset after 4 seconds',
    [{ do: 'shared', forMs: 4_000 }, { do: 'reset' }],
    [SHARED],
  ),
  'shared-delay': inTurn(
    'as shared; every second connection gets the events 300 ms later and in another order',
    [SHARED],
    [{ do: 'shared', delayMs: 300, isSwapped: true }],
  ),
  'shared-duplicate': play('as shared, every event twice', WELCOME, { do: 'shared', copies: 2 }),
  'shared-missing': inTurn(
    'as shared; every second connection misses every tenth event',
    [SHARED],
    [{ do: 'shared', missEvery: 10 }],
  ),
  flaky: {
    summary: 'a mix of resets, closes, rejections, garbage and duplicates, chosen by the seed',
    getAct: (_attempt, random) => drawFlakyAct(random),
  },
};

const CLOSE_NAME = 'close-<code>';

/** Every scenario with a one-line summary; `close-<code>` is for any code from 1000 to 4999. */
export const SCENARIO_LIST: readonly { readonly name: string; readonly summary: string }[] = [
  ...Object.entries(SCENARIOS).map(([name, { summary }]) => ({ name, summary })),
  { name: CLOSE_NAME, summary: 'a close frame with this code after some events, such as close-1011' },
];

/** @throws UsageError that lists the names */
export function findScenario(name: string): Scenario {
  const scenario = Object.hasOwn(SCENARIOS, name) ? SCENARIOS[name] : undefined;
  if (scenario) return scenario;
  const code = /^close-([1-4]\d{3})$/.exec(name)?.[1];
  if (code) return play(`close ${code}`, WELCOME, SOME_EVENTS, { do: 'close', code: Number(code) });
  throw new UsageError(
    ...sayUnknownScenario(
      name,
      SCENARIO_LIST.map((each) => each.name),
    ),
  );
}
