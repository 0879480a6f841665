// The scenarios by name: good days and bad days of the service, as timelines of steps.
import { UsageError } from '../errors.ts';
import type { Random } from './random.ts';
import type { Act, Scenario, Step } from './scenario.ts';

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
