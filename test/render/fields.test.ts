// `--fields` in a pipe and on a terminal, and invalid lists of paths.
import { spawnSync } from 'node:child_process';
import { describe, expect, test } from '@jest/globals';
import stringWidth from 'string-width';
import { parseFieldList } from '../../src/filter/field-list.ts';
import { createFieldsRenderer } from '../../src/render/fields.ts';
import { PLAIN_STYLE } from '../../src/render/paint.ts';
import { ASCII_SIGNS, type Signs } from '../../src/render/signs.ts';
import { findPython } from '../helpers/python.ts';
import { makeBatch, POSITION, SIMULATED } from './events.ts';

interface Shown {
  /** Columns of the terminal; undefined: a pipe. */
  readonly columns?: number;
  readonly isWide?: boolean;
  readonly signs?: Signs;
}

async function show(
  paths: string,
  texts: readonly string[],
  { columns, isWide = false, signs }: Shown = {},
): Promise<string> {
  const renderer = await createFieldsRenderer({
    fields: await parseFieldList(paths),
    style: PLAIN_STYLE,
    form: columns === undefined ? 'tabs' : 'columns',
    hasHeader: false,
    isWide,
    ...(signs && { signs }),
    columns: () => columns,
  });
  return String(renderer.renderEvents(makeBatch(texts), texts.length, POSITION));
}

describe('--fields into a pipe', () => {
  test('values are separated by tabs, in the order of the list, without a header', async () => {
    expect(await show('chain,amount,to.label', SIMULATED)).toBe(
      'tron\t75965754.894378\texchange_deposit\narbitrum\t0.008334721341055703\t\nbitcoin\t192.12\tnull\n',
    );
  });

  test.each([
    ['a', '{"a":9007199254740993}', '9007199254740993'],
    ['a', '{"a":1.0e+400}', '1.0e+400'],
    ['a', '{"a":"1.10"}', '1.10'],
    ['a', '{"a":true}', 'true'],
    ['a', '{"a":null}', 'null'],
    ['a', '{"b":1}', ''],
    ['a.b', '{"a":[{"b":1}]}', ''],
    ['a[1].b', '{"a":[{"b":1},{"b":2}]}', '2'],
    ['a[9]', '{"a":[1]}', ''],
    ['a[*].b', '{"a":[{"b":1},{"c":0},{"b":"x"}]}', '1,x'],
    ['["a.b"]', '{"a.b":"odd"}', 'odd'],
    ['["a,b"]', '{"a,b":"odder"}', 'odder'],
    ['a', '{"a":1,"a":2}', '2'],
    ['__proto__.x', '{"__proto__":{"x":3}}', '3'],
    ['[0]', '[7,8]', '7'],
    ['a', '{"a":{"b" : [1.0, 2] }}', '{"b" : [1.0, 2] }'],
    ['a', '{"a":[\n1,\r\n\t2]}', '[ 1, 2]'],
    ['a', '{"a":"tab\\there\\nline\\rend"}', 'tab\\there\\nline\\rend'],
    ['a', '{"a":"C:\\\\new"}', 'C:\\\\new'],
    ['a', '{"a":"\\u001b[2J\\u202e\\u0000"}', '\\u001b[2J\\u202e\\u0000'],
    ['a', '{"a":"\u009b\u2028"}', '\\u009b\\u2028'],
    ['a', '{"a":{"b":"\u009b\\u001b"}}', '{"b":"\\u009b\\u001b"}'],
    ['a', '\ufeff{"a":"é漢"}', 'é漢'],
    ['a', '42', ''],
  ])('%s of %j is %j', async (path, text, value) => {
    expect(await show(path, [text])).toBe(`${value}\n`);
  });

  test('every line has as many tabs as the list has commas', async () => {
    const lines = (await show('a,b,c', ['{"a":"x\\ty"}', '{"c":1}', '[]', '{"b":{"t":"\\t"}}'])).split('\n');
    expect(lines.slice(0, -1).map((line) => line.split('\t').length)).toEqual([3, 3, 3, 3]);
  });
});

describe('--fields on a terminal', () => {
  test('values are in columns under a header, which is printed once', async () => {
    expect(await show('type,chain,amount,token', SIMULATED, { columns: 80 })).toBe(
      [
        'type                      chain                           amount  token',
        'large_transfer            tron                   75965754.894378  USDT',
        'address_activity          arbitrum          0.008334721341055703  ETH',
        'large_transfer            bitcoin                         192.12  BTC',
        '',
      ].join('\n'),
    );
  });

  test('if the terminal is too narrow, the widest texts are cut, hashes in the middle, and numbers never', async () => {
    const paths = 'type,amount,tx_hash,from.address,timestamp';
    const shown = await show(paths, SIMULATED, { columns: 80 });
    expect(shown).toMatchSnapshot();
    for (const line of shown.split('\n')) expect(stringWidth(line)).toBeLessThanOrEqual(80);
    expect(await show('amount,type', SIMULATED, { columns: 20 })).toContain('0.008334721341055703');
  });

  test('a list is cut between its numbers, not inside one', async () => {
    const text =
      '{"n":[{"a":1234567},{"a":7654321},{"a":9999999}],"m":[1234567,7654321,9999999],"s":"2026-01-01T12:00:00.000Z"}';
    const cut = async (path: string, columns: number): Promise<string> =>
      (await show(path, [text], { columns })).split('\n')[1] ?? '';
    for (let columns = 6; columns < 23; columns++) {
      expect(await cut('n[*].a', columns)).toMatch(/^(1234567,)?(7654321,)?…$/);
      expect(await cut('m', columns)).toMatch(/^\[(1234567,)?(7654321,)?…$/);
      expect((await cut('s', columns)).length).toBe(Math.min(columns, 24));
    }
    expect(await cut('n[*].a', 23)).toBe('1234567,7654321,9999999');
  });

  test('if the terminal is far too narrow, each column keeps six characters, also of hashes', async () => {
    const hash = `0x${'ab12'.repeat(10)}`;
    const shown = await show('a,b', [`{"a":"${hash}","b":"some words"}`], { columns: 8 });
    expect(shown).toBe('a       b\n0xab1…  some…\n');
    expect(await show('a', [`{"a":"${hash}"}`], { columns: 11 })).toBe('a\n0xab12…ab12\n');
    expect(await show('a', [`{"a":"${hash}"}`], { columns: 10 })).toBe('a\n0xab12ab1…\n');
  });

  test('row 59: without Unicode a cut text ends in three dots', async () => {
    const event = `{"a":"0x${'ab12'.repeat(10)}","b":"some words"}`;
    const look = { columns: 8, signs: ASCII_SIGNS };
    expect(await show('a,b', [event], look)).toBe('a       b\n0xa...  som...\n');
    expect(await show('a', [event], { ...look, columns: 13 })).toBe('a\n0xab12...ab12\n');
    expect(await show('a', [event], { ...look, columns: 12 })).toBe('a\n0xab12ab1...\n');
  });

  test('the header is printed once, and no value moves a column', async () => {
    const renderer = await createFieldsRenderer({
      fields: await parseFieldList('a,b'),
      style: PLAIN_STYLE,
      form: 'columns',
      hasHeader: false,
      isWide: false,
      columns: () => 40,
    });
    const paint = (text: string): string => String(renderer.renderEvents(makeBatch([text]), 1, POSITION));
    const end = (line: string): number => line.trimEnd().length;
    const header = paint('{"a":1,"b":2}');
    expect(header).toMatch(/^ +a +b\n +1 +2\n$/);
    expect(paint('{"a":"a longer text than fits into it","b":2}')).toMatch(/^a longer text than… +2\n$/);
    expect(end(paint('{"a":1,"b":2}'))).toBe(end(paint('{"a":"x","b":2}')));
    const wide = paint(`{"a":${'9'.repeat(30)},"b":2}`);
    expect(wide).toMatch(/^9{30} +2\n$/);
    expect(end(wide)).toBe(end(paint('{"a":1,"b":2}')));
  });

  test('columns depend only on the width and the names, not on the events', async () => {
    const paths = 'type,chain,amount_usd,from.address,note';
    for (const columns of [60, 80, 120, 200]) {
      const headers = await Promise.all(
        [...SIMULATED, '{}', '{"note":"x","amount_usd":1e30}'].map(async (text) => {
          const [header = ''] = (await show(paths, [text], { columns })).split('\n');
          return header.trimEnd();
        }),
      );
      expect([columns, new Set(headers).size]).toEqual([columns, 1]);
    }
  });

  test('--wide cuts nothing', async () => {
    const shown = await show('tx_hash,timestamp', SIMULATED, { columns: 40, isWide: true });
    expect(shown).toContain(
      '587b833215c52c792ba42620fdfe7dfe29d4a1b490ad92a3d5ca9f63aaf855da    2026-01-01T12',
    );
  });

  test('wide characters count as two columns', async () => {
    const lines = (await show('a,b', ['{"a":"漢字","b":1}', '{"a":"four","b":2}'], { columns: 40 })).split(
      '\n',
    );
    expect(lines.map((line) => stringWidth(line))).toEqual([40, 40, 40, 0]);
  });
});

describe('the header', () => {
  const create = async (form: 'tabs' | 'columns', columns: () => number | undefined) =>
    createFieldsRenderer({
      fields: await parseFieldList('type,n,["a b"]'),
      style: PLAIN_STYLE,
      form,
      hasHeader: true,
      isWide: false,
      columns,
    });
  const EVENT = '{"type":"t","n":12345,"a b":"x"}';

  test('is printed once in a pipe with --header, separated by tabs like the values', async () => {
    const renderer = await create('tabs', () => undefined);
    const print = (): string => String(renderer.renderEvents(makeBatch([EVENT]), 1, POSITION));
    expect(print()).toBe('type\tn\t["a b"]\nt\t12345\tx\n');
    expect(print()).toBe('t\t12345\tx\n');
  });

  test('is printed on a terminal at the start, and again after the window was resized', async () => {
    let columns = 80;
    const renderer = await create('columns', () => columns);
    const print = (): string => String(renderer.renderEvents(makeBatch([EVENT]), 1, POSITION));
    expect(print()).toMatch(/^type +n +\["a b"\]\nt +12345 +x\n$/);
    expect(print()).toMatch(/^t +12345 +x\n$/);
    columns = 60;
    expect(print()).toMatch(/^type +n +\["a b"\]\nt +12345 +x\n$/);
  });
});

describe('O10: --format csv', () => {
  const csv = async (paths: string, texts: readonly string[]): Promise<string> => {
    const renderer = await createFieldsRenderer({
      fields: await parseFieldList(paths),
      style: PLAIN_STYLE,
      form: 'csv',
      hasHeader: true,
      isWide: false,
      columns: () => undefined,
    });
    return String(renderer.renderEvents(makeBatch(texts), texts.length, POSITION));
  };

  test('has a header line, CR LF line ends, and quotes where they are needed', async () => {
    const events = [
      '{"a":"plain","b":1.10}',
      '{"a":"with, comma","b":"say \\"hi\\""}',
      '{"a":"two\\r\\nlines"}',
    ];
    expect(await csv('a,b', events)).toBe(
      'a,b\r\nplain,1.10\r\n"with, comma","say ""hi"""\r\n"two\nlines",\r\n',
    );
    expect(await csv('["x,y"]', ['{"x,y":[1,"a"]}'])).toBe('"[""x,y""]"\r\n"[1,""a""]"\r\n');
  });

  test('numbers are exact, and a control character is visible', async () => {
    const events = ['{"a":115792089237316195423570985008687907853}', '{"a":"\\u001b[2J\\u202e"}'];
    expect(await csv('a', events)).toBe(
      'a\r\n115792089237316195423570985008687907853\r\n\\u001b[2J\\u202e\r\n',
    );
  });

  test.each(['=HYPERLINK(1)', '+1+1', '-2+3', '@SUM(A1)', '\uff1dcmd'])(
    'row 138: a spreadsheet does not run the text %s',
    async (text) => {
      expect(await csv('a', [JSON.stringify({ a: text })])).toBe(`a\r\n'${text}\r\n`);
    },
  );

  test('a negative number is not a formula', async () => {
    expect(await csv('a', ['{"a":-5}', '{"a":"-5.50"}'])).toBe('a\r\n-5\r\n-5.50\r\n');
  });

  test('the csv module of Python reads the same values', async () => {
    const texts = ['a,b', 'say "hi"', 'two\nlines', ' spaces ', 'é漢🎈', '', '"', ',', '\\'];
    const shown = await csv(
      't,n',
      texts.map((t, n) => JSON.stringify({ t, n })),
    );
    const program =
      'import csv,json,sys,io;print(json.dumps(list(csv.reader(io.StringIO(sys.stdin.buffer.read().decode(), newline="")))))';
    const { stdout } = spawnSync(findPython('csv') ?? 'python3', ['-c', program], {
      input: shown,
      encoding: 'utf8',
    });
    expect(JSON.parse(stdout)).toEqual([['t', 'n'], ...texts.map((text, n) => [text, String(n)])]);
  });
});

describe('an invalid list is refused, with a caret under the mistake', () => {
  test.each([
    ['', undefined],
    ['a,', 2],
    [',a', 0],
    ['a,,b', 2],
    ['a b', 2],
    ['a.', 2],
    ['a[x]', 1],
    ['a[0', 1],
    ['["a]', 1],
    ['a=1', 1],
  ])('%j', async (list, at) => {
    let hint: string | undefined;
    const read = parseFieldList(list).catch((error: unknown) => {
      ({ hint } = error as { hint?: string });
      throw error;
    });
    await expect(read).rejects.toThrow('invalid --fields: ');
    if (at !== undefined) expect(hint?.split('\n')[1]?.indexOf('^')).toBe(at);
  });

  test('spaces around commas are ignored', async () => {
    expect((await parseFieldList(' a.b , c ')).map(({ text }) => text)).toEqual(['a.b', 'c']);
  });
});
