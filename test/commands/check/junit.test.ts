// The JUnit report: accepted by a strict schema, whatever the server says.
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
    ['nothing to do', 'plain é 漢 \u{1f600}', 'plain é 漢 \u{1f600}'],
  ])('%s', (_name, text, escaped) => {
    expect(escapeXml(text)).toBe(escaped);
  });
});

/** Types that Ruby's Hash.from_xml, which GitLab reads a report with, converts the text of an element to, or refuses. */
const RUBY_TYPES =
  'array base64Binary boolean date dateTime datetime decimal double duration file float hexBinary integer string symbol yaml';

test('row 114: GitLab takes the text of a failure as it is: no cause is a type of Ruby', () => {
  const kinds = Object.keys(CAUSES);
  expect(kinds.filter((kind) => RUBY_TYPES.split(' ').includes(kind))).toEqual([]);
});

describeXml('formatJunit (needs the xmllint command)', () => {
  test('row 114 (H4): is what the strict schema takes, with a case for each step', () => {
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

  test('keeps every character, and makes those that XML forbids readable', () => {
    const xml = formatJunit(makeFailedReport(NASTY));
    expect(findJunitFaults(xml)).toBe('');
    const seen = NASTY.replace(
      /[\0\x07\x1b\ufffe\uffff\ud800](?![\udc00-\udfff])/g,
      (one) => `\\u${one.charCodeAt(0).toString(16).padStart(4, '0')}`,
    );
    expect(readXPath(xml, '//failure/@message')).toBe(seen);
  });

  test('the schema is strict: it refuses what readers do', () => {
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
