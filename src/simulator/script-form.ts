// The form of a scenario script as tables: what steps there are, which members each has and what they accept.
// The parser (script.ts) and docs/scenario.schema.json, which a test renders, both come from here.

/** What a member accepts. `min` and `max` are inclusive. */
type MemberKind =
  | { readonly kind: 'count'; readonly min: number; readonly max: number }
  | { readonly kind: 'rate' | 'duration' | 'flag' | 'hex' | 'steps' | 'refusal' }
  | { readonly kind: 'text'; readonly maxBytes: number }
  | { readonly kind: 'choice'; readonly choices: readonly number[] };

/** A member of an object: its name in the engine (scenarios.ts) and what it is for. */
export type Member = MemberKind & {
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
  about: 'So many; without it to the end of the events.',
};

/** A refusal of the upgrade. */
export const REFUSAL_FORM: Form = {
  status: {
    kind: 'choice',
    choices: [400, 401, 402, 403, 404, 429, 500, 502, 503],
    as: 'status',
    isRequired: true,
    about: 'The HTTP status; the error code of the body follows from it.',
  },
  retry_after: {
    kind: 'count',
    min: 0,
    max: MANY,
    as: 'retryAfterSeconds',
    about: 'Retry-After, in seconds.',
  },
  message: { kind: 'text', maxBytes: 1_000, as: 'message', about: 'Instead of the usual message.' },
};

/** Steps by the value of `do`. */
export const STEP_FORMS: Readonly<Record<string, { readonly about: string; readonly members: Form }>> = {
  welcome: { about: 'The welcome message, naming the prefix of the accepted key.', members: {} },
  events: {
    about: 'Events at an even rate.',
    members: {
      count: eventCount,
      for: { kind: 'duration', as: 'forMs', about: 'For this long, unless `count` is reached before.' },
      rate: {
        kind: 'rate',
        as: 'ratePerSecond',
        about: 'Events a second, or "max"; default that of --rate.',
      },
      copies: { kind: 'count', min: 1, max: 100, as: 'copies', about: 'How often each is sent; default 1.' },
    },
  },
  drip: {
    about: 'Events whose frames arrive in small pieces.',
    members: {
      count: eventCount,
      piece_bytes: {
        kind: 'count',
        min: 1,
        max: 65_536,
        as: 'pieceBytes',
        isRequired: true,
        about: 'Size of a piece.',
      },
      every: { kind: 'duration', as: 'everyMs', isRequired: true, about: 'Time from piece to piece.' },
    },
  },
  wait: {
    about: 'Nothing, for a while; pings are answered.',
    members: { for: { kind: 'duration', as: 'ms', isRequired: true, about: 'How long.' } },
  },
  pongs: {
    about: 'How pings of both kinds are answered from here on.',
    members: {
      answer: { kind: 'flag', as: 'answer', isRequired: true, about: 'Whether at all.' },
      delay: { kind: 'duration', as: 'delayMs', about: 'So late.' },
    },
  },
  text: {
    about: 'One text message as it is, JSON or not.',
    members: {
      text: {
        kind: 'text',
        maxBytes: MAX_TEXT_BYTES,
        as: 'text',
        isRequired: true,
        about: 'The message.',
      },
    },
  },
  binary: {
    about: 'One binary message.',
    members: { hex: { kind: 'hex', as: 'hex', isRequired: true, about: 'Its bytes.' } },
  },
  raw: {
    about: 'Bytes on the wire, outside of any frame.',
    members: { hex: { kind: 'hex', as: 'hex', isRequired: true, about: 'The bytes.' } },
  },
  'refuse-key': {
    about: 'Answers each further upgrade with this key by a refusal.',
    members: { refusal: { kind: 'refusal', as: 'refusal', isRequired: true, about: 'Which one.' } },
  },
  close: {
    about: 'A close frame, then the end.',
    members: {
      code: {
        kind: 'count',
        min: 1_000,
        max: 4_999,
        as: 'code',
        about: 'Without it the frame is empty; 1006 ends the connection without a frame.',
      },
      reason: { kind: 'text', maxBytes: MAX_REASON_BYTES, as: 'reason', about: 'Words for people.' },
    },
  },
  reset: {
    about: 'A TCP reset.',
    members: { mid_frame: { kind: 'flag', as: 'midFrame', about: 'After the first half of an event.' } },
  },
  repeat: {
    about: 'Steps over and over.',
    members: {
      times: {
        kind: 'count',
        min: 1,
        max: MANY,
        as: 'times',
        about: 'So often; without it as long as there are events.',
      },
      steps: { kind: 'steps', as: 'steps', isRequired: true, about: 'What is repeated.' },
    },
  },
};
