// Random histories of several connections, compared with the records of the simulated service: no event is delivered
// twice, no event that arrived is missing, and every loss is in a reported gap.
import { describe, expect, test } from '@jest/globals';
import { countCases, pickSeed } from '../helpers/cases.ts';
import { type History, MAX_LATENCY_MS, playHistory } from './redundancy-model.ts';

const SLACK_MS = 2 * MAX_LATENCY_MS + 5;

function countTexts(texts: readonly string[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const text of texts) counts.set(text, (counts.get(text) ?? 0) + 1);
  return counts;
}

/** Returns the faults of a history. */
function findFaults(history: History): string[] {
  const { sent, delivered, opened, gaps, firstSubscribedMs } = history;
  const faults: string[] = [];
  const counts = countTexts(delivered.map(({ text }) => text));
  const arrived = countTexts(sent.filter(({ hasArrived }) => hasArrived).map(({ text }) => text));
  for (const text of new Set([...counts.keys(), ...arrived.keys()])) {
    const out = counts.get(text) ?? 0;
    const wanted = arrived.get(text) ?? 0;
    if (out === wanted) continue;
    // Equal events cannot be distinguished if a connection was opened between them or missed one of them.
    const copies = sent.filter((one) => one.text === text);
    const first = Math.min(...copies.map(({ atMs }) => atMs));
    const last = Math.max(...copies.map(({ atMs }) => atMs)) + SLACK_MS;
    const isAmbiguous =
      copies.length > 1 &&
      (copies.some(({ wasWithheld }) => wasWithheld) ||
        opened.some(({ fromMs, toMs }) => fromMs <= last && toMs >= first));
    if (!isAmbiguous) faults.push(`${text}: ${out} of ${wanted}`);
  }
  for (const [i, { arrived: own }] of opened.entries()) {
    let at = 0;
    for (const { text } of delivered.filter(({ connection }) => connection === i + 1)) {
      at = own.indexOf(text, at) + 1;
      if (at === 0) {
        faults.push(`connection ${i + 1}: ${text} out of order`);
        break;
      }
    }
  }
  for (const { text, atMs, hasArrived, wasWithheld } of sent) {
    if (hasArrived || wasWithheld || atMs < firstSubscribedMs) continue;
    const isReported = gaps.some((gap) => atMs >= gap.fromMs - SLACK_MS && atMs <= gap.toMs + SLACK_MS);
    if (!isReported) faults.push(`${text} at ${atMs}: lost and not reported`);
  }
  return faults;
}

const CASES = countCases(10_000);
const SEED = pickSeed(22);

describe('row 185: random histories of one to three connections, with drops, delays, duplicates and stalls', () => {
  test(
    'C10, G6: every event that arrived is delivered once and in order, and every loss is in a reported gap',
    async () => {
      let lost = 0;
      let falseGaps = 0;
      for (let i = 0; i < CASES; i += 1) {
        const history = await playHistory(SEED * 1_000_000 + i, { hasMisses: i % 4 === 3 });
        const faults = findFaults(history);
        expect([i, history.connections, ...faults.slice(0, 3)]).toEqual([i, history.connections]);
        const losses = history.sent.filter(
          (one) => !one.hasArrived && !one.wasWithheld && one.atMs >= history.firstSubscribedMs,
        );
        lost += losses.length;
        if (losses.length === 0 && history.gaps.length > 0) falseGaps += 1;
      }
      // The histories contain enough losses, and not too many gaps are reported without a loss.
      expect(lost).toBeGreaterThan(CASES);
      expect(falseGaps).toBeLessThan(CASES / 2);
    },
    Math.max(120_000, CASES * 120),
  );
});
