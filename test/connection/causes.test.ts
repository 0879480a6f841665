// The words of every cause, and the page that is printed from them.
import { readFileSync, writeFileSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import { CAUSES, type CauseKind } from '../../src/connection/cause-table.ts';
import { addKeyOrigin, type Cause, describeCause, type KeyOrigin } from '../../src/connection/causes.ts';
import { RULES } from '../../src/connection/rules.ts';
import { renderErrorsDoc } from '../helpers/errors-doc.ts';

const KINDS = Object.keys(CAUSES) as CauseKind[];
const DOC = new URL('../../docs/errors.md', import.meta.url);

const cause: Omit<Cause, 'kind'> = {
  host: 'api.atlantis.example',
  detail: 'as the test says',
  proxy: 'proxy.example:3128',
};

describe('causes', () => {
  test.each(KINDS)('C9: %s says what happened and what to do, in a line each', (kind) => {
    const { happened, remedy } = describeCause({ kind, ...cause });
    // A clause that goes on: "…; retrying in 2 s".
    expect(happened).toMatch(/^[a-z][^\n\r]{10,160}[^.\s]$/);
    // A name that is not there has no more to it.
    if (kind !== 'name-not-found') expect(happened).toContain('(as the test says)');
    expect(remedy).toMatch(/^[A-Z`][^\n\r]{10,120}\.$/);
    expect(`${happened}${remedy}`).not.toMatch(/[{}]|undefined|\s\s/);
  });

  test.each(KINDS)('%s names the host', (kind) => {
    const { happened, remedy } = describeCause({ kind, ...cause });
    expect(`${happened} ${remedy}`).toContain('api.atlantis.example');
  });

  test.each(KINDS)('G1: %s promises nothing about events', (kind) => {
    const { happened, remedy } = describeCause({ kind, ...cause });
    expect(`${happened} ${remedy}`).not.toMatch(/missed|resumed|resuming/i);
  });

  test.each(KINDS)('the advice of %s fits a line of 80 columns', (kind) => {
    expect(`  ${describeCause({ kind, ...cause }).remedy}`.length).toBeLessThanOrEqual(80);
  });

  test.each<[KeyOrigin, string]>([
    [{ kind: 'environment', source: 'ATLANTIS_API_KEY' }, 'It is unknown or revoked: set a valid one there.'],
    [{ kind: 'stdin', source: '--key-stdin' }, 'It is unknown or revoked: pipe in a valid one.'],
    [
      { kind: 'profile', source: 'profile "main"', profile: 'main' },
      'It is unknown or revoked: replace it with `atlantis profile add main --force`.',
    ],
    [
      { kind: 'command', source: 'the key command of profile "main"', profile: 'main' },
      'It is unknown or revoked: have the command print a valid one.',
    ],
  ])('a refused key: which one it was, and how to renew it: %j', (keyOrigin, remedy) => {
    const told = describeCause(addKeyOrigin({ ...cause, kind: 'unauthorized' }, keyOrigin));
    expect(told).toEqual({
      happened: `api.atlantis.example does not accept the key from ${keyOrigin.source} (as the test says)`,
      remedy,
    });
    for (const kind of ['forbidden', 'no-credit', 'rate-limited'] as const) {
      const { happened } = describeCause(addKeyOrigin({ ...cause, kind }, keyOrigin));
      expect(happened).toContain(`the key from ${keyOrigin.source} `);
    }
    // What is not about the key does not speak of it.
    expect(addKeyOrigin({ ...cause, kind: 'refused' }, keyOrigin)).toEqual({ ...cause, kind: 'refused' });
  });

  test('no two causes have the same words', () => {
    const all = Object.values(CAUSES).map(({ happened }) => happened);
    expect(new Set(all).size).toBe(all.length);
  });

  test('every rule has a cause, and every cause a rule', () => {
    const used = new Set(Object.values(CAUSES).map(({ rule }) => rule));
    expect([...used].sort()).toEqual(Object.keys(RULES).sort());
  });

  test('words of others are put in as they are, not as a pattern', () => {
    const detail = '$& {host} $1 {proxy}';
    expect(describeCause({ ...cause, kind: 'refused', detail }).happened).toBe(
      'api.atlantis.example refused the connection ($& {host} $1 {proxy})',
    );
  });

  test('without a proxy in the cause the sentence still reads', () => {
    expect(describeCause({ kind: 'proxy-failed', host: 'h', detail: 'd' }).happened).toBe(
      'the proxy in use did not open a tunnel to h (d)',
    );
  });

  test('docs/errors.md says what the program does (UPDATE_DOCS=1 writes it)', () => {
    const rendered = renderErrorsDoc();
    if (process.env['UPDATE_DOCS'] === '1') writeFileSync(DOC, rendered);
    expect(readFileSync(DOC, 'utf8')).toBe(rendered);
  });

  test('docs/errors.md lists every cause and every exit code', () => {
    const doc = renderErrorsDoc();
    for (const kind of KINDS) expect(doc).toContain(`| \`${kind}\` |`);
    for (const code of [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 124, '129, 130, 143']) {
      expect(doc).toContain(`\n| ${code} |`);
    }
  });
});
