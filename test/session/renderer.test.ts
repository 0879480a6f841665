// The renderer that the flags and the terminal choose: links, marks, the bell, colors and the date.
import { describe, expect, test } from '@jest/globals';
import { createRenderer } from '../../src/session/output.ts';
import { parseStreamFlags, type StreamFlags } from '../../src/settings/stream-config.ts';
import { createFakeIo, type FakeIoOptions } from '../helpers/fake-io.ts';
import { makeBatch, POSITION } from '../render/events.ts';

const EVENT = `{"type":"t","chain":"ethereum","amount_usd":5,"tx_hash":"0x${'a1'.repeat(32)}"}`;
const TERMINAL: FakeIoOptions = { isStdoutTty: true, columns: 120, env: { TERM: 'xterm-256color' } };

async function show(flags: StreamFlags, options: FakeIoOptions = TERMINAL): Promise<string> {
  const io = createFakeIo(options);
  const renderer = await createRenderer(parseStreamFlags(flags, io), io, () => {});
  const batch = makeBatch([EVENT, EVENT.replace('ethereum', 'tron')], io.clock.wallMs());
  return renderer.renderEvents(batch, 2, POSITION).toString();
}

describe('O11: --links', () => {
  const LINK = '\x1b]8;;https://etherscan.io/tx/';
  const linking: FakeIoOptions = { ...TERMINAL, env: { TERM: 'xterm-kitty' } };

  test.each<[StreamFlags, FakeIoOptions, boolean]>([
    [{}, linking, true],
    [{ links: 'never' }, linking, false],
    [{}, TERMINAL, false],
    [{ links: 'always' }, TERMINAL, true],
    [{}, { ...linking, env: { TERM: 'xterm-kitty', NO_COLOR: '1' } }, false],
    [{ format: 'pretty' }, { ...linking, isStdoutTty: false }, false],
    [{ format: 'pretty', links: 'always' }, { ...linking, isStdoutTty: false }, true],
  ])('are shown or not with the flags %j on the terminal %j: %s', async (flags, options, expected) => {
    expect((await show(flags, options)).includes(LINK)).toBe(expected);
  });
});

describe('O11: --highlight and --bell', () => {
  const flags: StreamFlags = { highlight: ['chain = tron', 'amount_usd > 1M'], color: 'never' };

  test('mark the events that match one of the expressions, and hide no other', async () => {
    const lines = (await show(flags)).split('\n').slice(1, -1);
    expect(lines.map((line) => [line.slice(0, 2), /ethereum|tron/.exec(line)?.[0]])).toEqual([
      ['  ', 'ethereum'],
      ['» ', 'tron'],
    ]);
  });

  test('ring on a terminal, not into a file', async () => {
    const inFile: FakeIoOptions = { ...TERMINAL, isStdoutTty: false };
    expect(await show({ ...flags, bell: true })).toContain('\x07»');
    expect(await show({ ...flags, bell: true, format: 'pretty' }, inFile)).toMatch(/^» [^\x07]+$/m);
    expect(await show({ ...flags, bell: true, format: 'pretty' }, inFile)).not.toContain('\x07');
  });
});

test.each<[string, Record<string, string>, RegExp]>([
  ['256 colors, with fixed colors', { TERM: 'xterm-256color' }, /\x1b\[38;5;\d+methereum/],
  ['sixteen colors, with the colors of its theme', { TERM: 'linux' }, /\x1b\[3\dmethereum/],
  ['NO_COLOR, without colors', { TERM: 'xterm-256color', NO_COLOR: '1' }, /^[^\x1b]*$/],
])('chains are shown on a terminal with %s', async (_name, env, expected) => {
  expect(await show({}, { ...TERMINAL, env })).toMatch(expected);
});

test('O11: before events of a day other than the day of the start there is a line with the date', async () => {
  const io = createFakeIo(TERMINAL);
  const renderer = await createRenderer(parseStreamFlags({ time: 'utc' }, io), io, () => {});
  const day = (atMs: number): string => `${new Date(atMs).toISOString().slice(0, 10)} UTC`;
  const render = (atMs: number): string =>
    renderer.renderEvents(makeBatch([EVENT], atMs), 1, POSITION).toString();
  const now = io.clock.wallMs();
  expect(render(now - 86_400_000)).toContain(day(now - 86_400_000));
  expect(render(now)).toContain(day(now));
  expect(render(now)).not.toContain('UTC');
});

describe('--fields', () => {
  const flags: StreamFlags = { fields: 'chain,amount_usd' };
  const pipe: FakeIoOptions = { isStdoutTty: false };

  test.each<[string, StreamFlags, FakeIoOptions, string]>([
    ['in a pipe', flags, pipe, 'ethereum\t5\ntron\t5\n'],
    [
      'in a pipe with --header',
      { ...flags, header: true },
      pipe,
      'chain\tamount_usd\nethereum\t5\ntron\t5\n',
    ],
    ['O10: as CSV', { ...flags, format: 'csv' }, pipe, 'chain,amount_usd\r\nethereum,5\r\ntron,5\r\n'],
    [
      'O10: as CSV on a terminal',
      { ...flags, format: 'csv' },
      TERMINAL,
      'chain,amount_usd\r\nethereum,5\r\ntron,5\r\n',
    ],
  ])('%s', async (_name, given, options, expected) => {
    expect(await show(given, options)).toBe(expected);
  });

  test('on a terminal shows columns under a header', async () => {
    const lines = (await show({ ...flags, color: 'never' })).split('\n');
    expect(lines[0]).toMatch(/^CHAIN +AMOUNT_USD$/i);
    expect(lines[1]).toMatch(/^ethereum +5$/);
    expect(lines[1]?.length).toBe(lines[0]?.length);
  });
});
