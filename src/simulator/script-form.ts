// The form of a scenario script: tables of the steps and their members. The parser (script.ts) uses these tables, and a
// test renders docs/scenario.schema.json from them.
import { REFUSAL_STATUSES } from './scenarios.ts';

/** `min` and `max` are inclusive. */
type MemberKind =
  | { readonly kind: 'count'; readonly min: number; readonly max: number }
  | { readonly kind: 'rate' | 'duration' | 'flag' | 'hex' | 'steps' | 'refusal' }
  | { readonly kind: 'text'; readonly maxBytes: number }
  | { readonly kind: 'choice'; readonly choices: readonly number[] };

export type Member = MemberKind & {
  /** The name of the member in `Step` or `Refusal`. */
  readonly as: string;
  readonly isRequired?: boolean;
  readonly about: string;
};

/** Members by their name in the script. */
export type Form = Readonly<Record<string, Member>>;

const MANY = Number.MAX_SAFE_INTEGER;
/** The largest event is not specified (docs/protocol.md, "Not specified"); this is what the client accepts. */
const MAX_TEXT_BYTES = 16 * 1024 * 1024;
/** RFC 6455 § 5.5: a control frame holds 125 bytes, two of which are the code. */
const MAX_REASON_BYTES = 123;

const eventCount: Member = {
  kind: 'count',
  min: 1,
  max: MANY,
  as: 'count',
  about: 'Number of events; default: all remaining events.',
};

export const REFUSAL_FORM: Form = {
  status: {
    kind: 'choice',
    choices: REFUSAL_STATUSES,
    as: 'status',
    isRequired: true,
    about: 'HTTP status; it determines the error code in the body.',
  },
  retry_after: {
    kind: 'count',
    min: 0,
    max: MANY,
    as: 'retryAfterSeconds',
    about: 'Value of Retry-After, in seconds.',
  },
  message: {
    kind: 'text',
    maxBytes: 1_000,
    as: 'message',
    about: 'Message of the error; default: the usual one for the status.',
  },
};

/** Steps by the value of `do`. */
export const STEP_FORMS: Readonly<Record<string, { readonly about: string; readonly members: Form }>> = {
  welcome: { about: 'Send the welcome message with the prefix of the accepted key.', members: {} },
  events: {
    about: 'Send events at a constant rate.',
    members: {
      count: eventCount,
      for: { kind: 'duration', as: 'forMs', about: 'Stop after this time, or when `count` is reached.' },
      rate: {
        kind: 'rate',
        as: 'ratePerSecond',
        about: 'Events per second, or "max"; default: the value of --rate.',
      },
      copies: {
        kind: 'count',
        min: 1,
        max: 100,
        as: 'copies',
        about: 'How many times each event is sent; default 1.',
      },
    },
  },
  shared: {
    about: 'Send the events that all clients get, at the rate given by --rate.',
    members: {
      for: { kind: 'duration', as: 'forMs', about: 'Stop after this time; default: never.' },
      delay: { kind: 'duration', as: 'delayMs', about: 'Send each event this much later.' },
      copies: {
        kind: 'count',
        min: 1,
        max: 100,
        as: 'copies',
        about: 'How many times each event is sent; default 1.',
      },
      miss_every: { kind: 'count', min: 1, max: MANY, as: 'missEvery', about: 'Omit every n-th event.' },
      swap: { kind: 'flag', as: 'isSwapped', about: 'Swap each pair of events.' },
    },
  },
  drip: {
    about: 'Send events in small pieces.',
    members: {
      count: eventCount,
      piece_bytes: {
        kind: 'count',
        min: 1,
        max: 65_536,
        as: 'pieceBytes',
        isRequired: true,
        about: 'Size of a piece in bytes.',
      },
      every: { kind: 'duration', as: 'everyMs', isRequired: true, about: 'Time between pieces.' },
    },
  },
  wait: {
    about: 'Send no events; pings are still answered.',
    members: { for: { kind: 'duration', as: 'ms', isRequired: true, about: 'Duration.' } },
  },
  pongs: {
    about: 'Change how text and WebSocket pings are answered from here on.',
    members: {
      answer: { kind: 'flag', as: 'answer', isRequired: true, about: 'Whether pings are answered.' },
      delay: { kind: 'duration', as: 'delayMs', about: 'Delay of each answer.' },
    },
  },
  text: {
    about: 'Send one text message unchanged, JSON or not.',
    members: {
      text: {
        kind: 'text',
        maxBytes: MAX_TEXT_BYTES,
        as: 'text',
        isRequired: true,
        about: 'Content of the message.',
      },
    },
  },
  binary: {
    about: 'Send one binary message.',
    members: {
      hex: { kind: 'hex', as: 'hex', isRequired: true, about: 'Content of the message, in hexadecimal.' },
    },
  },
  raw: {
    about: 'Send raw bytes, outside of any frame.',
    members: { hex: { kind: 'hex', as: 'hex', isRequired: true, about: 'The bytes, in hexadecimal.' } },
  },
  'refuse-key': {
    about: 'Refuse all further upgrades with this key.',
    members: { refusal: { kind: 'refusal', as: 'refusal', isRequired: true, about: 'The refusal to send.' } },
  },
  close: {
    about: 'Send a close frame, then end the connection.',
    members: {
      code: {
        kind: 'count',
        min: 1_000,
        max: 4_999,
        as: 'code',
        about: 'Close code; default: an empty frame. 1006 ends the connection without a frame.',
      },
      reason: { kind: 'text', maxBytes: MAX_REASON_BYTES, as: 'reason', about: 'Close reason, for people.' },
    },
  },
  reset: {
    about: 'Reset the TCP connection.',
    members: {
      mid_frame: { kind: 'flag', as: 'midFrame', about: 'Reset after the first half of an event.' },
    },
  },
  repeat: {
    about: 'Repeat steps.',
    members: {
      times: {
        kind: 'count',
        min: 1,
        max: MANY,
        as: 'times',
        about: 'Number of repetitions; default: until there are no more events.',
      },
      steps: { kind: 'steps', as: 'steps', isRequired: true, about: 'The steps to repeat.' },
    },
  },
};
