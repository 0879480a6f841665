// The messages of every cause, and docs/errors.md, which is generated from them.
import { readFileSync, writeFileSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import { CAUSES, type CauseKind } from '../../src/connection/cause-table.ts';
import { addKeyOrigin, type Cause, describeCause, type KeyOrigin } from '../../src/connection/lifecycle.ts';
import { RULES } from '../../src/connection/retry-policy.ts';
import { renderErrorsDoc } from '../helpers/errors-doc.ts';

const KINDS = Object.keys(CAUSES) as CauseKind[];
const DOC = new URL('../../docs/errors.md', import.meta.url);

const cause: Omit<Cause, 'kind'> = {
  host: 'api.atlantis.example',
  detail: 'as the test says',
  proxy: 'proxy.example:3128',
};

describe('causes', () => {
  test.each(KINDS)('C9: %s has a line that says what happened and a line that says what to do', (kind) => {
    const { happened, remedy } = describeCause({ kind, ...cause });
    // The line has no full stop, because messages append to it: "…; retrying in 2 s".
    expect(happened).toMatch(/^[a-z][^\n\r]{10,160}[^.\s]$/);
    // The cause name-not-found has no details.
    if (kind !== 'name-not-found') expect(happened).toContain('(as the test says)');
    expect(remedy).toMatch(/^[A-Za-z`][^\n\r]{10,120}[^.\s]$/);
    expect(`${happened}${remedy}`).not.toMatch(/[{}]|undefined|\s\s/);
  });

  test.each(KINDS)('%s names the host', (kind) => {
    const { happened, remedy } = describeCause({ kind, ...cause });
    expect(`${happened} ${remedy}`).toContain('api.atlantis.example');
  });

  test.each(KINDS)(
    'G1: the messages of %s claim neither that no events were missed nor that the stream resumes',
    (kind) => {
      const { happened, remedy } = describeCause({ kind, ...cause });
      expect(`${happened} ${remedy}`).not.toMatch(/missed|resumed|resuming/i);
    },
  );

  test.each(KINDS)('the hint of %s fits 80 columns', (kind) => {
    expect(`  ${describeCause({ kind, ...cause }).remedy}`.length).toBeLessThanOrEqual(80);
  });

  test.each<[KeyOrigin, string]>([
    [
      { kind: 'environment', source: 'ATLANTIS_API_KEY' },
      'the key is unknown or revoked; set a valid one in ATLANTIS_API_KEY',
    ],
    [{ kind: 'stdin', source: '--key-stdin' }, 'the key is unknown or revoked; pipe in a valid one'],
    [
      { kind: 'profile', source: 'profile "main"', profile: 'main' },
      'the key is unknown or revoked; replace it with `atlantis profile add main --force`',
    ],
    [
      { kind: 'command', source: 'the key command of profile "main"', profile: 'main' },
      'the key is unknown or revoked; the key command must print a valid one',
    ],
  ])(
    'the messages about a rejected key say where it came from and how to replace it: %j',
    (keyOrigin, remedy) => {
      const described = describeCause(addKeyOrigin({ ...cause, kind: 'unauthorized' }, keyOrigin));
      expect(described).toEqual({
        happened: `api.atlantis.example does not accept the key from ${keyOrigin.source} (as the test says)`,
        remedy,
      });
      for (const kind of ['forbidden', 'no-credit', 'rate-limited'] as const) {
        const { happened } = describeCause(addKeyOrigin({ ...cause, kind }, keyOrigin));
        expect(happened).toContain(`the key from ${keyOrigin.source} `);
      }
      // Other causes do not mention the key.
      expect(addKeyOrigin({ ...cause, kind: 'refused' }, keyOrigin)).toEqual({ ...cause, kind: 'refused' });
    },
  );

  test('no two causes have the same message', () => {
    const all = Object.values(CAUSES).map(({ happened }) => happened);
    expect(new Set(all).size).toBe(all.length);
  });

  test('every rule has a cause, and every cause a rule', () => {
    const used = new Set(Object.values(CAUSES).map(({ rule }) => rule));
    expect([...used].sort()).toEqual(Object.keys(RULES).sort());
  });

  test('text of the server is inserted literally, not as a replacement pattern', () => {
    const detail = '$& {host} $1 {proxy}';
    expect(describeCause({ ...cause, kind: 'refused', detail }).happened).toBe(
      'api.atlantis.example refused the connection ($& {host} $1 {proxy})',
    );
  });

  test('a message about a proxy is complete even without the name of the proxy', () => {
    expect(describeCause({ kind: 'proxy-failed', host: 'h', detail: 'd' }).happened).toBe(
      'the proxy in use did not open a tunnel to h (d)',
    );
  });

  test('docs/errors.md matches the program (UPDATE_DOCS=1 writes it)', () => {
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
