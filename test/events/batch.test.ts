// A batch has the same events, however it was built.
import { isDeepStrictEqual } from 'node:util';
import { describe, expect, test } from '@jest/globals';
import { BatchBuilder, firstLines, flagsOf, splitBatch, textOf, textsOf } from '../../src/events/batch.ts';
import { MESSAGE } from '../../src/events/message-text.ts';
import { makeBatch } from '../helpers/batches.ts';
import { randomJson, seededRandom } from '../helpers/random-json.ts';

const { floor } = Math;

describe('a batch', () => {
  test('O4: holds texts and lines in order', () => {
    const random = seededRandom(4);
    for (let i = 0; i < 2_000; i += 1) {
      const builder = new BatchBuilder();
      const all: string[] = [];
      for (let parts = floor(random() * 5); parts > 0; parts -= 1) {
        const texts = Array.from({ length: floor(random() * 4) }, () => randomJson(random));
        all.push(...texts);
        const lines = makeBatch(texts, 0);
        if (random() < 0.5) builder.addLines(lines);
        else for (const [at, text] of texts.entries()) builder.add(Buffer.from(text), flagsOf(lines, at));
      }
      expect(builder.count).toBe(all.length);
      expect(builder.isEmpty).toBe(all.length === 0);
      const batch = builder.take(i);
      const expected = makeBatch(all, i);
      // Fast path: Jest compares bytes one by one.
      if (!isDeepStrictEqual(batch, expected)) expect(batch).toEqual(expected);
      expect(textsOf(batch).map(String)).toEqual(all);
      expect(batch.bytes.toString()).toBe(all.map((text) => `${text}\n`).join(''));
      expect(builder.isEmpty).toBe(true);
    }
  });

  test('R2: is split into parts of at most a given size; a larger event is a part of its own', () => {
    const texts = ['1', '22', '333', '4444444444', '5', '6'];
    const batch = { ...makeBatch(texts, 7), release: () => {} };
    const parts = [...splitBatch(batch, 6)];
    expect(parts.map((part) => textsOf(part).map(String))).toEqual([
      ['1', '22'],
      ['333'],
      ['4444444444'],
      ['5', '6'],
    ]);
    expect(parts.map((part) => part.bytes.toString()).join('')).toBe(batch.bytes.toString());
    expect(parts.map(({ release }) => release)).toEqual([undefined, undefined, undefined, batch.release]);
    for (const { receivedAtMs } of parts) expect(receivedAtMs).toBe(7);
  });

  test('G4: contains the reasons why messages were discarded', () => {
    const builder = new BatchBuilder();
    builder.discard('binary');
    expect(builder.isEmpty).toBe(false);
    expect(builder.take(7)).toMatchObject({ count: 0, discarded: ['binary'], receivedAtMs: 7 });
    expect(builder.take(8)).toMatchObject({ count: 0, discarded: [], receivedAtMs: 8 });
  });

  test('firstLines returns the first events', () => {
    const batch = makeBatch(['1', '[2]', '"drei"'], 0);
    expect([0, 1, 2, 3].map((count) => firstLines(batch, count).toString())).toEqual([
      '',
      '1\n',
      '1\n[2]\n',
      '1\n[2]\n"drei"\n',
    ]);
    expect(textOf(batch, 2).toString()).toBe('"drei"');
  });

  test('O1: allFlags shows whether any text has to be rewritten', () => {
    expect(makeBatch(['1', '2'], 0).allFlags).toBe(MESSAGE.clean);
    expect(makeBatch(['1', '[\n]', '\ufeff2'], 0).allFlags).toBe(MESSAGE.lineBreak | MESSAGE.byteOrderMark);
  });
});
