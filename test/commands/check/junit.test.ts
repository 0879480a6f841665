// The JUnit report is valid against a strict schema, whatever text the server sends.
import { describe, expect, test } from '@jest/globals';
import { escapeXml, formatJunit } from '../../../src/commands/check/ci-reports.ts';
import { CAUSES } from '../../../src/connection/cause-table.ts';
import { findJunitFaults, hasXmllint, readXPath } from '../../helpers/xmllint.ts';
import { makeFailedReport, NASTY } from './reports.ts';

const describeXml = hasXmllint() ? describe : describe.skip;

describe('escapeXml', () => {
  test.each([
    ['markup', `<a b="c">&'`, '&lt;a b=&quot;c&quot;&gt;&amp;&apos;'],
    ['white space that an attribute would lose', 'a\tb\r\nc', 'a&#9;b&#13;&#10;c'],
    [
      'characters that XML forbids',
      '\0\x01\x08\x0b\x0c\x1f\ufffe\uffff',
      '\\u0000\\u0001\\u0008\\u000b\\u000c\\u001f\\ufffe\\uffff',
    ],
    ['lone surrogates', 'a\ud800b\udfffc', 'a\\ud800b\\udfffc'],
    ['nothing in plain text', 'plain é 漢 \u{1f600}', 'plain é 漢 \u{1f600}'],
  ])('escapes %s', (_name, text, escaped) => {
    expect(escapeXml(text)).toBe(escaped);
  });
});

/** Values of `type` for which Ruby's Hash.from_xml, with which GitLab reads a report, converts or refuses the text. */
const RUBY_TYPES =
  'array base64Binary boolean date dateTime datetime decimal double duration file float hexBinary integer string symbol yaml';

test('row 114: GitLab does not convert the text of a failure, because no cause is the name of a Ruby type', () => {
  const kinds = Object.keys(CAUSES);
  expect(kinds.filter((kind) => RUBY_TYPES.split(' ').includes(kind))).toEqual([]);
});

describeXml('formatJunit (needs the xmllint command)', () => {
  test('row 114 (H4): the report is valid against the strict schema and has a test case for each step', () => {
    const xml = formatJunit(makeFailedReport('HTTP 400', 'Check the URL.'));
    expect(findJunitFaults(xml)).toBe('');
    const counts = ['tests', 'failures', 'errors', 'skipped'].map((name) =>
      readXPath(xml, `//testsuite/@${name}`),
    );
    expect(counts).toEqual(['10', '1', '0', '4']);
    expect(readXPath(xml, '//testcase[failure]/@name')).toBe('upgrade');
    expect(readXPath(xml, '//testcase[failure]/@time')).toBe('1.234');
    expect(readXPath(xml, '//failure/@type')).toBe('rejected');
    expect(readXPath(xml, '//failure')).toBe('HTTP 400\nCheck the URL.');
    expect(readXPath(xml, '//testcase[@name="events"]/skipped/@message')).toBe('upgrade failed');
  });

  test('keeps every character, and shows those that XML forbids as escapes', () => {
    const xml = formatJunit(makeFailedReport(NASTY));
    expect(findJunitFaults(xml)).toBe('');
    const seen = NASTY.replace(
      /[\0\x07\x1b\ufffe\uffff\ud800](?![\udc00-\udfff])/g,
      (one) => `\\u${one.charCodeAt(0).toString(16).padStart(4, '0')}`,
    );
    expect(readXPath(xml, '//failure/@message')).toBe(seen);
  });

  test('the schema refuses everything that readers of reports refuse', () => {
    const xml = formatJunit(makeFailedReport('x'));
    for (const [from, to] of [
      [' type="rejected"', ''],
      ['time="1.234"', 'time="1.2345"'],
      ['time="1.234"', 'time="1,234"'],
      ['time="1.234"', 'time="1.2e3"'],
      ['<system-err></system-err>', ''],
      ['03:04:05"', '03:04:05Z"'],
      ['tests="10"', 'tests="ten"'],
      ['<failure', '<failed'],
      ['name="tls"', 'name="connect"'],
    ] as const) {
      expect(xml).toContain(from);
      expect(findJunitFaults(xml.replace(from, to))).not.toBe('');
    }
  });
});
