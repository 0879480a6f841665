// docs/README.zh-TW.md has the same commands, flags, exit codes and links as README.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { README_PAGES } from '../helpers/readme-flags.ts';
import { ROOT } from '../helpers/run-cli.ts';

const original = readFileSync(join(ROOT, 'README.md'), 'utf8');
const translation = readFileSync(join(ROOT, 'docs/README.zh-TW.md'), 'utf8');

const CODE_BLOCK = /^```.*\n([\s\S]*?)^```$/gm;
const prose = translation.replace(CODE_BLOCK, '');

/** Code blocks without their comments, which are translated. */
const listCode = (page: string): string[] =>
  [...page.matchAll(CODE_BLOCK)].map(([, code = '']) => code.replace(/ +# .*$/gm, ''));

/** The cells of each row of all tables. */
const listRows = (page: string): string[][] =>
  [...page.matchAll(/^\| (.*?) ?\|$/gm)].map(([, row = '']) => row.split(/(?<!\\) \| ?/));

const listInlineCode = (page: string): string[] =>
  [...page.replace(CODE_BLOCK, '').matchAll(/`[^`\n]+`/g)].map(([code]) => code);

test('code blocks are the same except for their comments', () => {
  expect(listCode(translation)).toEqual(listCode(original));
  const countComments = (page: string): number[] =>
    [...page.matchAll(CODE_BLOCK)].map(([, code = '']) => code.match(/ # /g)?.length ?? 0);
  expect(countComments(translation)).toEqual(countComments(original));
});

test('tables have the same flags, defaults and exit codes, in the same order', () => {
  const rows = listRows(translation);
  const expected = listRows(original);
  expect(rows.map((row) => row.length)).toEqual(expected.map((row) => row.length));
  // In a default that is text, only the code is the same in both pages.
  const keepDefault = (cell: string): string =>
    /^[a-z0-9]*$/.test(cell) ? cell : (cell.match(/`[^`]*`/g)?.join(' ') ?? '');
  const keep = (table: string[][]): string[] =>
    table.flatMap(([term = '', , fallback = '']) => {
      const [same] = /^(?:`-[^`]*`|\d[\d, ]*\d|\d)/.exec(term) ?? [];
      return same === undefined ? [] : [`${same} ${keepDefault(fallback)}`];
    });
  expect(keep(expected).length).toBeGreaterThan(25);
  expect(keep(rows)).toEqual(keep(expected));
});

test('headings, links and pictures are the same', () => {
  const listLevels = (page: string): string[] =>
    [...page.replace(CODE_BLOCK, '').matchAll(/^(#+) /gm)].map(([, marks = '']) => marks);
  expect(listLevels(translation)).toEqual(listLevels(original));
  const listTargets = (page: string, base: string): string[] =>
    [...page.matchAll(/\]\(([^)]+)\)/g)]
      .map(([, target = '']) => new URL(target, `file:///${base}`).pathname)
      .sort();
  const own = (target: string): boolean => !/README/.test(target);
  expect(listTargets(translation, 'docs/').filter(own)).toEqual(listTargets(original, '').filter(own));
});

test('names that are not translated are in both pages', () => {
  const list = (page: string): Set<string> =>
    new Set(page.replace(/\]\([^)]*\)/g, '').match(/\w*[A-Z]\w*[A-Z]\w*/g));
  const names = list(original);
  expect(names).toContain('CloudEvents');
  expect([...names].filter((name) => !list(translation).has(name))).toEqual([]);
});

test('the flags of the table, and only these, are translated', () => {
  const { translations } = README_PAGES.find(({ path }) => path === 'docs/README.zh-TW.md') ?? {};
  const flags = [...translation.matchAll(/^\| `(?:-\w, )?(--[\w-]+)/gm)].map(([, long]) => long);
  expect(Object.keys(translations ?? {})).toEqual(flags);
  const cells = Object.values(translations ?? {}).flatMap(({ meaning, default: fallback }) => [
    meaning,
    fallback ?? meaning,
  ]);
  expect(cells.filter((cell) => !/\p{Script=Han}/u.test(cell))).toEqual([]);
});

test('the translation has all inline code of README, and no other', () => {
  const count = (page: string): Record<string, number> => {
    const counts: Record<string, number> = {};
    for (const code of listInlineCode(page)) counts[code] = (counts[code] ?? 0) + 1;
    return counts;
  };
  const expected = count(original);
  const found = count(translation);
  // The translation may have backticks where help has none.
  const missing = Object.keys(expected).filter((code) => (found[code] ?? 0) < (expected[code] ?? 0));
  const unknown = Object.keys(found).filter((code) => !original.includes(code.replaceAll('`', '')));
  expect({ missing, unknown }).toEqual({ missing: [], unknown: [] });
});

/** The 5,401 characters in everyday use in Taiwan: the first level of Big5, without simplified characters. */
function listEverydayCharacters(): Set<string> {
  const decoder = new TextDecoder('big5');
  const characters = new Set<string>();
  for (let code = 0xa440; code <= 0xc67e; code += 1) {
    const trail = code & 0xff;
    if ((trail >= 0x40 && trail <= 0x7e) || (trail >= 0xa1 && trail <= 0xfe))
      characters.add(decoder.decode(Uint8Array.of(code >> 8, trail)));
  }
  return characters;
}

test('the translation has no simplified characters', () => {
  const known = listEverydayCharacters();
  expect(known.size).toBe(5_401);
  expect([...'設網務後裡'].every((one) => known.has(one))).toBe(true);
  expect([...'设网务装输'].some((one) => known.has(one))).toBe(false);
  const strange = [...translation.matchAll(/\p{Script=Han}/gu)].filter(([one]) => !known.has(one));
  expect(strange.map(([one]) => one)).toEqual([]);
  // These characters exist in both scripts, with different meanings.
  expect(translation.match(/[之以最然]后|后[面來]|這里|那里|里面|系統里|只有一只/u)).toBeNull();
});

test('the translation uses Taiwanese terms, and a space between Chinese and Latin', () => {
  for (const word of ['金鑰', '串流', '終端機', '事件缺漏', '逾時', '重新連線', '代理伺服器'])
    expect(prose).toContain(word);
  const elsewhere =
    /終端(?!機)|超時|默認|缺省|服務器|網絡|信息|軟件|用戶|命令行|鏈接|配置|重連|密鑰|支持|運行|文件|緩存|程序|設置|連接|進程|屏幕|端口|字段|字節|保存|登錄|賬號|異步|線程|指令稿/u;
  expect(prose.match(elsewhere)).toBeNull();
  const touching = /\p{Script=Han}[A-Za-z0-9`]|[A-Za-z0-9`]\p{Script=Han}/gu;
  expect(prose.match(touching)).toBeNull();
  const halfWidth = /\p{Script=Han}[,;:!?()]|[,;:!?(]\p{Script=Han}/gu;
  expect(prose.match(halfWidth)).toBeNull();
});

test('a link to an English page is marked with （英文）', () => {
  const sections = prose.split(/^(?=## )/m);
  const unmarked = sections
    .filter((section) => !/^## .*（英文）$/m.test(section))
    .flatMap((section) => [...section.matchAll(/(?<!!)\[[^\]]*\]\((?!.*README)[^)]+\)(?!（英文）)/g)]);
  expect(sections.length).toBeGreaterThan(5);
  expect(unmarked.map(([link]) => link)).toEqual([]);
});
