// Every item of the contract has a test that names it, so that what is promised cannot quietly lose its proof.
//
// An item is named in the title of a test or of a row of its table: `K3: …`, `row 16 (C1): …`, `§ 2, exit 11: …`.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { EXIT } from '../src/errors.ts';

const TESTS = new URL('.', import.meta.url).pathname;
const THIS = 'contract.test.ts';

/** Letter and number of the last item of each chapter. */
const CHAPTERS = {
  C: ['connection', 9],
  K: ['keepalive', 4],
  R: ['reconnect', 3],
  G: ['gaps', 5],
  O: ['output', 8],
  S: ['signals', 2],
  F: ['profile store', 5],
  P: ['keys', 4],
} as const;

/** Ends by a signal, as a shell shows them. */
const SIGNAL_CODES = [129, 130, 143];

/** The faults that the tool must survive; numbers in between are not given. */
const FAULT_ROWS = [
  1, 3, 7, 9, 10, 12, 13, 14, 15, 16, 18, 19, 21, 23, 24, 25, 26, 27, 28, 30, 31, 32, 33, 34, 37, 38, 39, 40,
  42, 43, 44, 46, 47, 48, 49, 50, 52, 53, 54, 55, 56, 57,
];

/** What stands between quotes in a file of tests, its comments left out: among it are all titles. */
function readTexts(path: string): string[] {
  const code = readFileSync(join(TESTS, path), 'utf8').replace(/^\s*(\/\/|\/?\*).*$/gm, '');
  return code.match(/'(?:\\.|[^'\\\n])*'|"(?:\\.|[^"\\\n])*"|`(?:\\.|[^`\\])*`/g) ?? [];
}

const texts = (readdirSync(TESTS, { recursive: true }) as string[])
  .filter((path) => path.endsWith('.test.ts') && path !== THIS)
  .map((path) => ({ path, texts: readTexts(path) }));

/** The files that name an item. */
function findFiles(name: RegExp): string[] {
  return texts.filter((file) => file.texts.some((text) => name.test(text))).map(({ path }) => path);
}

describe('every item of the contract is named by a test', () => {
  const items = Object.entries(CHAPTERS).flatMap(([letter, [chapter, last]]) =>
    Array.from({ length: last }, (_, at) => [`${letter}${at + 1}`, chapter] as const),
  );
  test.each(items)('%s (%s)', (item) => {
    // Not the `C1` of the control characters beyond ASCII, which is no item.
    expect(findFiles(new RegExp(`\\b${item}\\b(?=[,:) ])(?! (and|control|,))`))).not.toEqual([]);
  });

  test.each([...Object.values(EXIT), ...SIGNAL_CODES])('exit code %i', (code) => {
    expect(findFiles(new RegExp(`§ 2, exit ${code}\\b`))).not.toEqual([]);
  });

  test.each(FAULT_ROWS)('row %i of the faults', (row) => {
    expect(findFiles(new RegExp(`\\brow ${row}\\b`))).not.toEqual([]);
  });

  test('and what is not promised is not found', () => {
    expect(findFiles(/\bC10\b/)).toEqual([]);
    expect(findFiles(/\brow 2\b/)).toEqual([]);
    expect(findFiles(/§ 2, exit 14\b/)).toEqual([]);
  });
});
