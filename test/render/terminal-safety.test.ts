// 100,000 hostile strings through every way to a screen: what comes out is printable, a line end, or one of the
// few sequences that are ours (contract O2).
import { describe, expect, test } from '@jest/globals';
import { parseFieldList } from '../../src/protocol/field-list.ts';
import { createEnvelopeRenderer } from '../../src/render/envelope.ts';
import { createFieldsRenderer } from '../../src/render/fields.ts';
import { NDJSON_RENDERER } from '../../src/render/ndjson-lines.ts';
import { PLAIN_LOG_STYLE } from '../../src/render/paint.ts';
import { createPrettyRenderer } from '../../src/render/pretty.ts';
import type { Renderer } from '../../src/render/renderer.ts';
import { createColorLogStyle, createColorStyle } from '../../src/render/style.ts';
import { createReporter } from '../../src/ui/reporter.ts';
import { createStreamStatus } from '../../src/ui/stream-status.ts';
import * as say from '../../src/ui/words.ts';
import { createFakeClock } from '../helpers/fake-clock.ts';
import { createFakeIo } from '../helpers/fake-io.ts';
import { hasPty, startCliInPty } from '../helpers/pty.ts';
import { seededRandom } from '../helpers/random-json.ts';
import { startScriptedServer, streamHandler } from '../helpers/scripted-server.ts';
import { makeBatch, PLACE } from './events.ts';

/** What a terminal obeys, cannot show, or shows as something else. */
const FORBIDDEN =
  /[\0-\x09\x0b-\x1f\x7f-\x9f\u061c\u200b\u200c\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\u{e0000}-\u{e0fff}\p{Cs}]/u;
/** Our colours: `ESC [ n m`. */
const COLORS = /\x1b\[(?:1|22|39|3[0-7]|9[0-7])m/g;
/** And what ora draws with: to the first column, erase to the end, and one picture at a time. */
const DRAWING = /\x1b\[1G|\x1b\[0?K|\x1b\[1A|\x1b\[\?2026[hl]/g;

const PIECES = [
  ...[
    '\x1b[2J',
    '\x1b]0;title\x07',
    '\x1b[31m',
    '\x1bP',
    '\x1b',
    '\x07',
    '\x08',
    '\x00',
    '\x7f',
    '\r',
    '\n',
    '\t',
  ],
  ...['\u009b31m', '\u0085', '\u0090', '\u009d', '\u009c', '\u2028', '\u2029', '\u202e', '\u2066', '\u200b'],
  ...['\ufeff', '\u{e0041}', '\ud800', '\udfff', '\u061c', '\u00ad', '\u3164', '\ufffa', '\u200d', '\ufe0f'],
  ...[
    '漢',
    '🎈',
    '👩‍🚀',
    'e\u0301',
    '\u0301\u0301',
    'ключ',
    '"',
    '\\',
    '\\u001b',
    '…',
    '→',
    ' ',
    '  ',
    '0x',
    '%s',
  ],
  ...['atlantis: ', 'word', '123456', '9'.repeat(30), `0x${'ab12'.repeat(10)}`, ',', '{', ']'],
] as const;

const random = seededRandom(424_242);

function makeHostile(): string {
  let text = '';
  for (let left = 1 + Math.floor(random() * 8); left > 0; left--) {
    text += PIECES[Math.floor(random() * PIECES.length)] ?? '';
  }
  return text;
}

/** Raw or escaped, as JSON allows; what must be escaped is. */
function quote(text: string): string {
  const quoted = JSON.stringify(text);
  return random() < 0.5
    ? quoted
    : quoted.replace(/[\u007f-\uffff]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

const NAMES = ['type', 'chain', 'amount', 'token', 'from', 'to', 'tx_hash', 'direction', 'text'] as const;

function makeHostileEvent(): string {
  const hostile = (): string => quote(makeHostile());
  const known = NAMES.filter(() => random() < 0.5).map((name) => {
    if (random() < 0.2) return `"${name}":{"address":${hostile()},"label":${hostile()},${hostile()}:1}`;
    return `"${name}":${hostile()}`;
  });
  return `{${[...known, `${hostile()}:${hostile()}`, `"list":[${hostile()},{${hostile()}:${hostile()}}]`]}}`;
}

/** Fails with what it found; `expect` for each of 100,000 would take longer than all else. */
function assertSafe(text: string, ours: readonly RegExp[] = []): void {
  const rest = ours.reduce((left, pattern) => left.replace(pattern, ''), text);
  if (FORBIDDEN.test(rest)) expect(JSON.stringify(rest)).toBe('safe');
}

/** With about ten hostile strings in each. */
const EVENTS_A_PATH = 1_500;

describe('O2: hostile strings', () => {
  const style = createColorStyle();
  const pretty = (columns: number | undefined, isWide = false): Renderer =>
    createPrettyRenderer({ style, time: 'utc', isWide, columns: () => columns });
  const fields = async (columns: number | undefined): Promise<Renderer> =>
    createFieldsRenderer({
      fields: await parseFieldList('type,from.label,list[*],text'),
      style,
      isTty: columns !== undefined,
      isWide: false,
      columns: () => columns,
    });

  test.each<[string, Renderer | Promise<Renderer>, boolean]>([
    ['pretty at 40 columns', pretty(40), true],
    ['pretty at 120 columns', pretty(120), true],
    ['pretty --wide', pretty(80, true), true],
    ['pretty into a file', pretty(undefined), true],
    ['columns on a terminal', fields(80), true],
    ['fields into a pipe', fields(undefined), false],
  ])('as events: %s', async (name, made, hasColor) => {
    const renderer = await made;
    for (let i = 0; i < EVENTS_A_PATH; i++) {
      const event = makeHostileEvent();
      const shown = renderer.renderEvents(makeBatch([event]), 1, PLACE).toString();
      // Tabs between fields are what was asked for.
      assertSafe(
        name === 'fields into a pipe' ? shown.replaceAll('\t', '') : shown,
        hasColor ? [COLORS] : [],
      );
    }
  });

  test.each([
    ['NDJSON', NDJSON_RENDERER],
    ['envelopes', createEnvelopeRenderer()],
  ])('as events: %s is one line that steers nothing, and the same value', (_name, renderer) => {
    for (let i = 0; i < EVENTS_A_PATH; i++) {
      const event = makeHostileEvent();
      const line = renderer.renderEvents(makeBatch([event]), 1, PLACE).toString();
      if (/[\0-\x09\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/.test(line)) {
        expect(JSON.stringify(line)).toBe('safe');
      }
      if (line.indexOf('\n') !== line.length - 1) expect(line).toBe('one line');
    }
  });

  test.each(['text', 'json'] as const)('as words of others on stderr: %s', (format) => {
    const io = createFakeIo();
    const options = { format, isQuiet: false, isVerbose: true, useColor: true };
    const reporter = createReporter(io, options, format === 'text' ? createColorLogStyle() : PLAIN_LOG_STYLE);
    for (let i = 0; i < 2_000; i++) {
      const host = makeHostile();
      const cause = {
        kind: 'closed-by-policy',
        host,
        detail: makeHostile(),
        requestId: makeHostile(),
      } as const;
      reporter.report(
        say.sayConnected({
          kind: 'connected',
          connection: 1,
          host,
          keyPrefix: makeHostile(),
          expectedKeyPrefix: makeHostile(),
          requestId: makeHostile(),
          atMs: 0,
        }),
      );
      reporter.report(say.sayLost({ kind: 'lost', cause, lastByteAtMs: 0, upMs: 0 }));
      reporter.report({ event: 'error', level: 'error', message: makeHostile(), hint: makeHostile() });
    }
    for (const line of io.errLines) assertSafe(line, [COLORS]);
    expect(io.errLines.length).toBeGreaterThanOrEqual(6_000);
  });

  test('as a host in the status line', () => {
    const shown: string[] = [];
    const line = { columns: 60, show: (text: string) => void shown.push(text), clear() {} };
    const status = createStreamStatus(line, createFakeClock(), createColorLogStyle());
    for (let i = 0; i < 2_000; i++) status.connecting(makeHostile());
    for (const text of shown) assertSafe(`${text}\n`, [COLORS]);
    expect(shown).toHaveLength(2_000);
  });

  (hasPty() ? test.each : test.skip.each)([
    ['pretty', []],
    ['columns', ['--fields', 'type,text,list,from.label']],
    ['NDJSON', ['--json']],
  ])('on a real terminal: %s (needs python3)', async (_name, args) => {
    const events = Array.from({ length: 1_500 }, makeHostileEvent);
    const reason = makeHostile().slice(0, 20);
    await using server = await startScriptedServer(
      streamHandler({ events, finish: (peer) => peer.sendClose(4_001, reason) }),
    );
    const pty = startCliInPty(
      ['stream', 'tail', '--url', server.url, '--no-reconnect', '--color', 'always', ...args],
      { key: 'ak_live_00112233445566778899aabbccddeeff', limitMs: 60_000 },
    );
    const { code, output } = await pty.exit;
    expect(code).toBeGreaterThan(1);
    expect(output).toContain('1,500 events in ');
    const shown = output.replaceAll('\r\n', '\n');
    if (args[0] === '--json') {
      expect(shown.replace(COLORS, '').replace(DRAWING, '')).not.toMatch(
        /[\0-\x09\x0b-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069]/,
      );
    } else {
      assertSafe(shown, [COLORS, DRAWING]);
    }
  });
});
