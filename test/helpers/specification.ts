// The ids that docs/contract.md, docs/protocol.md and docs/faults.md define, and the citations that lead to none of
// them. The pages are the only list of ids: tests read it from there.
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const ROOT = new URL('../../', import.meta.url).pathname;
const read = (path: string): string => readFileSync(join(ROOT, path), 'utf8');

/** The first group of every match. */
const listMatches = (text: string, pattern: RegExp): string[] =>
  [...text.matchAll(pattern)].map(([, found = '']) => found);

export const CONTRACT = read('docs/contract.md');

/** Chapters of the contract by number, each with its heading. */
const CHAPTERS: ReadonlyMap<number, string> = new Map(
  CONTRACT.split(/^## (?=\d+\. )/m)
    .slice(1)
    .map((text) => [Number.parseInt(text, 10), text]),
);

/** Items of the contract, such as C7, each with its text. */
export const ITEMS: ReadonlyMap<string, string> = new Map(
  [...CONTRACT.matchAll(/^- \*\*([A-Z]\d+)\*\* ([\s\S]*?)(?=\n- \*\*|\n\n|$(?![\s\S]))/gm)].map(
    ([, id = '', text = '']) => [id, text],
  ),
);

/** The exit codes of contract § 2. */
export const EXIT_CODES: readonly number[] = listMatches(CHAPTERS.get(2) ?? '', /^\| (\d[\d, ]*) \|/gm)
  .flatMap((codes) => codes.split(', '))
  .map(Number);

/** The rows of docs/faults.md. */
export const FAULT_ROWS: readonly number[] = listMatches(read('docs/faults.md'), /^\| (\d+) \|/gm).map(
  Number,
);

const PROTOCOL_HEADINGS = listMatches(read('docs/protocol.md'), /^## (.*)$/gm);
const BENCHMARKS = listMatches(read('bench/goals.mjs'), /'(T\d+s?) /g);

const LETTERS = [...new Set([...ITEMS.keys()].map((id) => id.slice(0, 1)))].join('');
/** C0 and C1 are also classes of control characters; C1 is an item anyway. */
const ITEM = new RegExp(`(?<![\\w-])(?!C0\\b)([${LETTERS}]\\d{1,2})\\b`, 'g');
const BENCHMARK = /(?<![\w-])(T\d{1,2}s?)\b(?!:)/g;
const CHAPTER = /(?<!(?:RFC \d+|ECMA-48|XML 1\.0|CommonMark) )§ (\d+)(?![\d.])/g;
const EXIT_CODE = /§ 2, exit (\d+)/g;
const ROWS = /\brows? (\d+(?:(?:,| and|, row) \d+)*)/g;
const HEADING = /\bprotocol(?:\.md)?[,:]? "([^"]+)"/g;
/** A page of the specification that is cited without its folder; the pages themselves link to each other. */
const BARE_PAGE = /(?<!\]\(|[\w/.[-])((?:contract|protocol|faults)\.md)\b/g;
/** Notes that are kept elsewhere. */
const ELSEWHERE = /(?<![\w.-])((?:design|shared)\/[\w-]+)/g;
const PAGE = /(?<![\w/.-])(docs\/[\w.-]+\.(?:md|json))\b/g;

/** The citations in a text that lead nowhere, as they are written there. */
export function findLostCitations(text: string): string[] {
  // A citation may be broken over two lines of a comment.
  const joined = text.replace(/\n\s*(?:\/\/|\*|#)? */g, ' ');
  const lost = (pattern: RegExp, exists: (cited: string) => boolean): string[] =>
    [...joined.matchAll(pattern)].filter(([, cited = '']) => !exists(cited)).map(([citation]) => citation);
  const areRows = (numbers: string): boolean =>
    (numbers.match(/\d+/g) ?? []).every((row) => FAULT_ROWS.includes(Number(row)));
  return [
    ...lost(ITEM, (id) => ITEMS.has(id)),
    ...lost(BENCHMARK, (id) => BENCHMARKS.includes(id)),
    ...lost(CHAPTER, (number) => CHAPTERS.has(Number(number))),
    ...lost(EXIT_CODE, (code) => EXIT_CODES.includes(Number(code))),
    ...lost(ROWS, areRows),
    ...lost(HEADING, (heading) => PROTOCOL_HEADINGS.includes(heading)),
    ...lost(BARE_PAGE, () => false),
    ...lost(ELSEWHERE, () => false),
    ...lost(PAGE, (path) => existsSync(join(ROOT, path))),
  ];
}
