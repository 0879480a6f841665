import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { createRandom } from '../../src/simulator/random.ts';
import { parseScript } from '../../src/simulator/script.ts';
import { makeTempFolder } from '../helpers/cleanup.ts';
import { ROOT, runCli } from '../helpers/run-cli.ts';
import { renderScenarioSchema } from '../helpers/scenario-schema.ts';
import { connectClient, expectRefusal, openSimulator } from './stream-client.ts';

const SCHEMA_FILE = join(ROOT, 'docs/scenario.schema.json');
const validate = new Ajv2020({ strict: false }).compile(JSON.parse(renderScenarioSchema()));
const one = (...steps: readonly unknown[]): unknown => ({ connections: [{ steps }] });
const act = (script: unknown, attempt: number): unknown =>
  parseScript(script).getAct(attempt, createRandom(1, attempt));

/** Every step with every member. */
const ALL = one(
  { do: 'welcome' },
  { do: 'events', count: 3, for: '2s', rate: 'max', copies: 2 },
  { do: 'drip', count: 1, piece_bytes: 16, every: '5ms' },
  { do: 'wait', for: '5ms' },
  { do: 'pongs', answer: true, delay: '1s' },
  { do: 'text', text: 'x' },
  { do: 'binary', hex: '00ff' },
  { do: 'raw', hex: '8101' },
  { do: 'refuse-key', refusal: { status: 429, retry_after: 1, message: 'no' } },
  { do: 'repeat', times: 2, steps: [{ do: 'reset', mid_frame: true }] },
  { do: 'close', code: 4000, reason: 'bye' },
);

const REFUSED: readonly (readonly [unknown, string])[] = [
  [[], '$:'],
  [{}, '$.connections:'],
  [{ connections: [] }, '$.connections:'],
  [{ connections: [{}] }, '$.connections[0]:'],
  [{ connections: [{ steps: [], refuse: { status: 503 } }] }, '$.connections[0]:'],
  [{ connections: [{ steps: [], often: 2 }] }, '$.connections[0].often:'],
  [{ connections: [{ steps: [], times: 0 }] }, '$.connections[0].times:'],
  [{ connections: [{ steps: {} }] }, '$.connections[0].steps:'],
  [{ connections: [{ refuse: { status: 418 } }] }, '$.connections[0].refuse.status:'],
  [{ connections: [{ refuse: {} }] }, '$.connections[0].refuse.status:'],
  [{ connections: [{ refuse: { status: 503, do: 'x' } }] }, '$.connections[0].refuse.do:'],
  [{ connections: [{ steps: [] }, { scenario: 'sunny' }] }, '$.connections[1].scenario:'],
  [{ connections: [{ steps: [] }], repeat: 1 }, '$.repeat:'],
  [{ connections: [{ steps: [] }], 'odd name': 1 }, '$["odd name"]:'],
  [one('welcome'), '$.connections[0].steps[0]:'],
  [one({ do: 'sleep' }), '$.connections[0].steps[0].do:'],
  [one({}), '$.connections[0].steps[0].do:'],
  [one({ do: 'welcome' }, { do: 'events', count: 0 }), '$.connections[0].steps[1].count:'],
  [one({ do: 'events', rate: 'fast' }), '$.connections[0].steps[0].rate:'],
  [one({ do: 'events', for: '2 s' }), '$.connections[0].steps[0].for '],
  [one({ do: 'events', for: 2 }), '$.connections[0].steps[0].for:'],
  [one({ do: 'drip', every: '1s' }), '$.connections[0].steps[0].piece_bytes:'],
  [one({ do: 'pongs', answer: 'no' }), '$.connections[0].steps[0].answer:'],
  [one({ do: 'binary', hex: '0' }), '$.connections[0].steps[0].hex:'],
  [one({ do: 'close', code: 99 }), '$.connections[0].steps[0].code:'],
  [one({ do: 'close', reason: 'x'.repeat(124) }), '$.connections[0].steps[0].reason:'],
  [one({ do: 'repeat', steps: [{ do: 'close', cod: 1 }] }), '$.connections[0].steps[0].steps[0].cod:'],
];

describe('a scenario script', () => {
  test('the schema is what the parser knows (UPDATE_DOCS=1 writes it, biome formats it)', () => {
    const rendered = renderScenarioSchema();
    if (process.env['UPDATE_DOCS'] === '1') writeFileSync(SCHEMA_FILE, rendered);
    expect(JSON.parse(readFileSync(SCHEMA_FILE, 'utf8'))).toEqual(JSON.parse(rendered));
  });

  test('every step with every member becomes what the engine performs', () => {
    expect(validate(ALL)).toBe(true);
    expect(act(ALL, 0)).toEqual({
      steps: [
        { do: 'welcome' },
        { do: 'events', count: 3, forMs: 2_000, ratePerSecond: Number.POSITIVE_INFINITY, copies: 2 },
        { do: 'drip', count: 1, pieceBytes: 16, everyMs: 5 },
        { do: 'wait', ms: 5 },
        { do: 'pongs', answer: true, delayMs: 1_000 },
        { do: 'text', text: 'x' },
        { do: 'binary', hex: '00ff' },
        { do: 'raw', hex: '8101' },
        { do: 'refuse-key', refusal: { status: 429, retryAfterSeconds: 1, message: 'no' } },
        { do: 'repeat', times: 2, steps: [{ do: 'reset', midFrame: true }] },
        { do: 'close', code: 4000, reason: 'bye' },
      ],
    });
  });

  test.each(REFUSED)('%j is refused at %s', (script, path) => {
    expect(validate(script)).toBe(false);
    let message = '';
    try {
      parseScript(script);
    } catch (error) {
      expect(error).toMatchObject({ exitCode: 2, hint: expect.stringMatching(/^(accepted|scenarios): /) });
      message = String(error);
    }
    expect(message).toContain(path);
  });

  test('nesting is limited', () => {
    let steps: unknown[] = [];
    for (let level = 0; level < 100; level += 1) steps = [{ do: 'repeat', steps }];
    expect(() => parseScript(one(...steps))).toThrow('nested too deeply');
  });

  test('connections use the entries in turn; then the last entry is kept, or all repeat', () => {
    const connections = [
      { refuse: { status: 503 }, times: 2 },
      { scenario: 'unavailable', times: 2 },
      { scenario: 'suspended' },
    ];
    const statuses = (script: unknown): unknown[] =>
      [0, 1, 2, 3, 4, 5, 6].map(
        (attempt) => (act(script, attempt) as { refuse?: { status: number } }).refuse?.status,
      );
    expect(statuses({ connections })).toEqual([503, 503, 503, 502, 403, 403, 403]);
    expect(statuses({ connections, repeat: true })).toEqual([503, 503, 503, 502, 403, 503, 503]);
  });

  test('drives the server: a refusal, then events for a while and a close', async () => {
    const scenario = parseScript({
      connections: [
        { refuse: { status: 429, retry_after: 7 } },
        {
          steps: [
            { do: 'welcome' },
            { do: 'events', rate: 500, for: '100ms' },
            { do: 'text', text: 'after' },
            { do: 'close', code: 4001, reason: 'done' },
          ],
        },
      ],
    });
    const simulator = await openSimulator({ scenario, seed: 1 });
    expect((await expectRefusal(simulator)).headers['retry-after']).toBe('7');
    const client = connectClient(simulator);
    expect(await client.untilClosed()).toBe(4001);
    expect(client.texts.at(-1)).toBe('after');
    expect(client.texts.length).toBeGreaterThan(5);
    expect(client.texts.length).toBeLessThan(60);
  });
});

describe('simulate --script', () => {
  const write = (text: string): string => {
    const path = join(makeTempFolder(), 'script.json');
    writeFileSync(path, text);
    return path;
  };
  test.each([
    [
      '{"connections":[{"steps":[{"do":"wait"}]}]}',
      'invalid script at $.connections[0].steps[0].for: it is missing',
    ],
    ['{\n "connections": [,]}', 'is not JSON: line 2, column 18'],
  ])('%j is exit 2 with the position', async (text, words) => {
    const { code, stderr } = await runCli(['stream', 'simulate', '--script', write(text)]);
    expect(code).toBe(2);
    expect(stderr).toContain(words);
  });

  test.each([
    [['--script', '/no/such'], 'cannot be read: it does not exist'],
    // A file of any size, or none (row 71).
    [['--script', '/dev/zero'], 'cannot be read: it is too large'],
    [['--script', 'x', '--scenario', 'drop'], '--script and --scenario cannot be combined'],
    [['--replay', 'x', '--seed', '5'], '--replay and --seed cannot be combined'],
    [['--replay', '/no/such'], 'cannot be read: it does not exist'],
    [['--replay', '-'], '--replay requires a file'],
    [['--speed', '2x'], '--speed requires --replay'],
  ])('%j is a usage error', async (args, words) => {
    const { code, stderr } = await runCli(['stream', 'simulate', '--port', '0', ...args]);
    expect(code).toBe(2);
    expect(stderr).toContain(words);
  });
});
