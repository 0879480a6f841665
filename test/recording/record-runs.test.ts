// Lines read together at full speed give the same events, damage and times as lines read one by one.
import { describe, expect, test } from '@jest/globals';
import { systemClock } from '../../src/clock.ts';
import { textsOf } from '../../src/events/batch.ts';
import { playRecording } from '../../src/recording/play.ts';
import { Lines } from '../../src/recording/read-lines.ts';
import { readLine } from '../../src/recording/recorded-line.ts';
import { countCases, pickSeed, timeForCases } from '../helpers/cases.ts';
import { messageSource, type Random, seededRandom } from '../helpers/random-json.ts';

const CASES = 10_000;
const START_MS = Date.parse('2026-01-01T00:00:00Z');

interface Choice {
  readonly joinsTimes: boolean;
  readonly sinceMs?: number;
  readonly untilMs?: number;
}

/** Plays at full speed; returns an entry for each event and damaged line, with times only if they are exact. */
async function play(parts: readonly Buffer[], choice: Choice): Promise<string[]> {
  const source = (async function* () {
    for (const part of parts) yield { lines: new Lines(part) };
  })();
  const { signal } = new AbortController();
  const pace = { path: '-', speed: Number.POSITIVE_INFINITY, clock: systemClock, signal, ...choice };
  const seen: string[] = [];
  for await (const item of playRecording(source, pace)) {
    if (item.kind === 'events')
      for (const text of textsOf(item.batch))
        seen.push(describeEvent(choice, item.batch.receivedAtMs, item.connection, text));
    else seen.push(item.kind === 'damaged' ? `line ${item.line}: ${item.why}` : item.line.toString('latin1'));
  }
  return seen;
}

const describeEvent = ({ joinsTimes }: Choice, atMs: number, connection: number, text: Buffer): string =>
  `${joinsTimes ? '' : atMs} ${connection} ${text.toString('latin1')}`;

/** The same, line by line. */
function playSlowly(texts: readonly Buffer[], choice: Choice): string[] {
  const { sinceMs = Number.NEGATIVE_INFINITY, untilMs = Number.POSITIVE_INFINITY } = choice;
  const seen: string[] = [];
  for (const [index, bytes] of texts.entries()) {
    const line = readLine(bytes);
    if (line.kind === 'damaged') seen.push(`line ${index + 1}: ${line.why}`);
    if (line.kind === 'plain') seen.push(`line ${index + 1}: it is plain JSON, not a recorded event`);
    if (line.kind !== 'event' || line.receivedAtMs < sinceMs) continue;
    if (line.receivedAtMs > untilMs) return seen;
    seen.push(describeEvent(choice, line.receivedAtMs, line.connection, line.text));
  }
  return seen;
}

const { floor } = Math;

function makeLine(random: Random, next: () => Buffer, atMs: number, seq: number): Buffer {
  const one = (of: readonly string[]): string => of[floor(random() * of.length)] as string;
  const isOdd = random() < 0.1;
  const time = new Date(START_MS + atMs).toISOString();
  const shown = isOdd
    ? one([time.replace('Z', '+02:00'), time.slice(0, -5), `${time.slice(0, 18)}x.000Z`, ''])
    : time;
  const event = Buffer.from(next().toString('latin1').replaceAll('\n', ' '), 'latin1');
  const [colon, end, connection] = isOdd
    ? [one([':', ': ', ' :']), one(['}', '}\r', '} ', '', ']']), 2]
    : [':', '}', 1];
  const head = `{"received_at"${colon}"${shown}","seq":${seq},"connection":${connection},"event":`;
  return Buffer.concat([Buffer.from(head), event, Buffer.from(end)]);
}

describe('runs of lines', () => {
  test(
    'row 58: random recordings, damaged and reformatted, play the same as line by line',
    async () => {
      const random = seededRandom(pickSeed(28));
      const nextMessage = messageSource(random);
      for (let left = countCases(CASES); left > 0; left -= 1) {
        // The first line decides that this is a recording.
        const texts: Buffer[] = [Buffer.from('{"recording":1}')];
        let atMs = floor(random() * 60_000);
        for (let seq = floor(random() * 20); seq < 20; seq += 1) {
          if (random() < 0.5) atMs += floor(random() * 3_000) - 200;
          texts.push(makeLine(random, nextMessage, atMs, seq));
        }
        const choice: Choice = {
          joinsTimes: random() < 0.5,
          ...(random() < 0.3 ? { sinceMs: START_MS + 20_000 } : {}),
          ...(random() < 0.3 ? { untilMs: START_MS + 50_000 } : {}),
        };
        const whole = texts.map((text) => Buffer.concat([text, Buffer.from('\n')]));
        const cut = floor(random() * whole.length);
        const parts = [whole.slice(0, cut), whole.slice(cut)].map((some) => Buffer.concat(some));
        expect(await play(parts, choice)).toEqual(playSlowly(texts, choice));
      }
    },
    timeForCases(CASES),
  );

  const line = (atMs: number): string =>
    `{"received_at":"${new Date(START_MS + atMs).toISOString()}","seq":1,"connection":1,"event":${atMs}}\n`;

  test.each([
    [true, 1],
    [false, 3],
  ])(
    'W4: at full speed, events with different times are one batch if times are not shown (%j)',
    async (joinsTimes, batches) => {
      const source = (async function* () {
        yield { lines: new Lines(Buffer.from([0, 7, 25_000].map(line).join(''))) };
      })();
      const { signal } = new AbortController();
      const pace = { path: '-', speed: Number.POSITIVE_INFINITY, clock: systemClock, signal, joinsTimes };
      const seen = [];
      for await (const item of playRecording(source, pace)) seen.push(item.kind);
      expect(seen).toEqual(new Array(batches).fill('events'));
    },
  );
});
