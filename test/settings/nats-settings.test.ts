// Credentials for a NATS server: which source wins, and that the redactor knows all secrets in them (P4).
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { readNatsCredentials } from '../../src/settings/nats-settings.ts';
import { makeTempFolder } from '../helpers/cleanup.ts';
import { createFakeIo } from '../helpers/fake-io.ts';

const SEED = `SU${'A'.repeat(56)}`;
const JWT = `eyJ${'b'.repeat(40)}`;
const CREDS = `-----BEGIN NATS USER JWT-----\n${JWT}\n------END NATS USER JWT------\n
-----BEGIN USER NKEY SEED-----\n${SEED}\n------END USER NKEY SEED------\n`;

function makeFile(content: string): string {
  const path = join(makeTempFolder(), 'file');
  writeFileSync(path, content);
  return path;
}

describe('P1: credentials for NATS come from a file or the environment', () => {
  test('and are not required', async () => {
    expect(await readNatsCredentials(undefined, createFakeIo({ env: { NATS_CREDS: '' } }))).toEqual({
      credentials: undefined,
      source: 'none',
    });
  });

  test('the flag wins over NATS_CREDS, NATS_CREDS over NATS_NKEY, and NATS_NKEY over user and token', async () => {
    const creds = makeFile(CREDS);
    const env = {
      NATS_CREDS: creds,
      NATS_NKEY: makeFile(`${SEED}\n`),
      NATS_USER: 'ann',
      NATS_PASSWORD: 'pa55w0rd',
      NATS_TOKEN: 't0ken-of-ours',
    };
    const kindWith = async (names: readonly (keyof typeof env)[], flag?: string) => {
      const chosen = Object.fromEntries(names.map((name) => [name, env[name]]));
      const { credentials, source } = await readNatsCredentials(flag, createFakeIo({ env: chosen }));
      return [credentials?.kind, source];
    };
    expect(await kindWith(['NATS_CREDS', 'NATS_NKEY'], creds)).toEqual(['creds', '--nats-creds']);
    expect(await kindWith(['NATS_CREDS', 'NATS_NKEY'])).toEqual(['creds', 'NATS_CREDS']);
    expect(await kindWith(['NATS_NKEY', 'NATS_USER'])).toEqual(['nkey', 'NATS_NKEY']);
    expect(await kindWith(['NATS_USER', 'NATS_PASSWORD', 'NATS_TOKEN'])).toEqual(['password', 'NATS_USER']);
    expect(await kindWith(['NATS_TOKEN'])).toEqual(['token', 'NATS_TOKEN']);
  });

  test.each<[string, () => Record<string, string>, string[]]>([
    ['a credentials file', () => ({ NATS_CREDS: makeFile(CREDS) }), [SEED, JWT]],
    ['a seed', () => ({ NATS_NKEY: makeFile(SEED) }), [SEED]],
    ['a password', () => ({ NATS_USER: 'ann', NATS_PASSWORD: 'pa55w0rd-of-ann' }), ['pa55w0rd-of-ann']],
    ['a token', () => ({ NATS_TOKEN: 't0ken-of-ours' }), ['t0ken-of-ours']],
  ])('P4: the redactor knows %s', async (_name, makeEnv, secrets) => {
    const io = createFakeIo({ env: makeEnv() });
    await readNatsCredentials(undefined, io);
    for (const secret of secrets) expect(io.redactor.redact(`before ${secret} after`)).not.toContain(secret);
  });

  test.each([
    ['is not a credentials file', 'NATS_CREDS', 'pa55w0rd'],
    ['does not contain a seed', 'NATS_NKEY', 'pa55w0rd'],
  ])('a file that %s is refused without quoting it', async (words, name, content) => {
    const io = createFakeIo({ env: { [name]: makeFile(content) } });
    await expect(readNatsCredentials(undefined, io)).rejects.toThrow(words);
    await expect(readNatsCredentials(undefined, io)).rejects.not.toThrow(content);
  });

  test.each([
    ['that does not exist', '/no/such/file', 'it does not exist (ENOENT)'],
    ['without an end (row 71)', '/dev/zero', 'it is too large (EFBIG)'],
  ])('the error for a file %s names it', async (_name, path, why) => {
    await expect(readNatsCredentials(path, createFakeIo())).rejects.toThrow(
      `--nats-creds "${path}" cannot be read: ${why}`,
    );
  });
});
