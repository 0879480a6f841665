// Where URL and key come from: precedence, the binding of a stored key to its origin, and what is refused.
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import type { KeyOrigin } from '../../src/connection/lifecycle.ts';
import { type AtlantisError, CredentialError, isAtlantisError } from '../../src/errors.ts';
import {
  findKeyOrigin,
  readKey,
  requireUrl,
  resolveTarget,
  type TargetFlags,
} from '../../src/settings/target.ts';
import { makeTempFolder } from '../helpers/cleanup.ts';
import { createFakeIo, type FakeIo } from '../helpers/fake-io.ts';

const STORED_KEY = 'ak_live_5707edaaaaaaaaaaaaaaaaaaaaaaaaaa';
const ENV_KEY = 'ak_live_e0e0e0bbbbbbbbbbbbbbbbbbbbbbbbbb';
const STDIN_KEY = 'ak_live_57d100cccccccccccccccccccccccccc';

interface StoredProfile {
  readonly url: string;
  readonly key?: string;
  readonly keyCommand?: readonly string[];
}

const MAIN = { url: 'https://main.example', key: STORED_KEY };
const OTHER = { url: 'https://other.example/prefix', key: STORED_KEY };

/** Writes a store and returns the folder for ATLANTIS_CONFIG_DIR. */
function writeStore(profiles: Readonly<Record<string, StoredProfile>>, current?: string): string {
  const folder = join(makeTempFolder(), 'config');
  mkdirSync(folder, { mode: 0o700 });
  const path = join(folder, 'profiles.json');
  writeFileSync(path, JSON.stringify({ version: 1, current, profiles }), { mode: 0o600 });
  return folder;
}

interface Deps {
  readonly env?: Readonly<Record<string, string>>;
  readonly profiles?: Readonly<Record<string, StoredProfile>>;
  readonly current?: string;
  readonly stdin?: string;
}

function createDeps({ env = {}, profiles, current, stdin }: Deps): FakeIo {
  const store = profiles === undefined ? {} : { ATLANTIS_CONFIG_DIR: writeStore(profiles, current) };
  return createFakeIo({ env: { ...store, ...env }, ...(stdin === undefined ? {} : { stdin }) });
}

/** The error that a call throws. */
function refusalOf(call: () => unknown): AtlantisError {
  try {
    call();
  } catch (error) {
    if (isAtlantisError(error)) return error;
    throw error;
  }
  throw new Error('it was accepted');
}

describe('§ 1: precedence', () => {
  const profiles = { main: MAIN, other: OTHER };

  test.each<[string, TargetFlags, Record<string, string>, string, string]>([
    ['the active profile', {}, {}, 'https://main.example', 'profile "main"'],
    [
      'ATLANTIS_PROFILE',
      {},
      { ATLANTIS_PROFILE: 'other' },
      'https://other.example/prefix',
      'profile "other"',
    ],
    [
      '--profile before ATLANTIS_PROFILE',
      { profile: 'main' },
      { ATLANTIS_PROFILE: 'other' },
      'https://main.example',
      'profile "main"',
    ],
    [
      'ATLANTIS_URL before the profile',
      {},
      { ATLANTIS_URL: 'https://main.example/env' },
      'https://main.example/env',
      'ATLANTIS_URL',
    ],
    [
      '--url before ATLANTIS_URL',
      { url: 'https://main.example/flag' },
      { ATLANTIS_URL: 'https://main.example/env' },
      'https://main.example/flag',
      '--url',
    ],
    [
      'an empty variable counts as unset',
      {},
      { ATLANTIS_URL: '', ATLANTIS_PROFILE: '' },
      'https://main.example',
      'profile "main"',
    ],
  ])('URL: %s', (_, flags, env, base, source) => {
    const target = resolveTarget(flags, createDeps({ env, profiles, current: 'main' }));
    expect(target.url).toMatchObject({ source, value: { base } });
    expect(requireUrl(target).base).toBe(base);
  });

  test.each<[string, TargetFlags, Record<string, string>, string, string]>([
    ['the profile', {}, {}, STORED_KEY, 'profile "main"'],
    ['ATLANTIS_API_KEY before the profile', {}, { ATLANTIS_API_KEY: ENV_KEY }, ENV_KEY, 'ATLANTIS_API_KEY'],
    [
      '--key-stdin before ATLANTIS_API_KEY',
      { keyStdin: true },
      { ATLANTIS_API_KEY: ENV_KEY },
      STDIN_KEY,
      '--key-stdin',
    ],
    ['an empty variable counts as unset', {}, { ATLANTIS_API_KEY: '' }, STORED_KEY, 'profile "main"'],
  ])('key: %s', async (_, flags, env, key, source) => {
    const io = createDeps({ env, profiles, current: 'main', stdin: `${STDIN_KEY}\r\nmore\n` });
    const target = resolveTarget(flags, io);
    expect(target.key?.source).toBe(source);
    expect(await readKey(target, io)).toBe(key);
  });

  test('P1: --key-stdin is refused on a terminal, where the key would be shown while it is typed', async () => {
    const io = createFakeIo({ stdin: `${STDIN_KEY}\n`, isStdinTty: true });
    const reading = readKey(resolveTarget({ keyStdin: true }, io), io);
    await expect(reading).rejects.toMatchObject({
      exitCode: 2,
      message: '--key-stdin reads a pipe or a file, not a terminal',
    });
  });

  test.each<[string, TargetFlags, Record<string, string>, string]>([
    ['the active profile', {}, {}, 'the active profile'],
    ['ATLANTIS_PROFILE', {}, { ATLANTIS_PROFILE: 'main' }, 'ATLANTIS_PROFILE'],
    ['--profile', { profile: 'main' }, { ATLANTIS_PROFILE: 'other' }, '--profile'],
  ])('the source of the profile is %s', (_, flags, env, source) => {
    const target = resolveTarget(flags, createDeps({ env, profiles, current: 'main' }));
    expect(target.profile).toMatchObject({ source, value: { name: 'main' } });
  });

  test('P1: a key command is a source of its own, and not run before the key is read', () => {
    const keyCommand = ['/nonexistent/vault', 'read'];
    const deps = createDeps({ profiles: { main: { url: MAIN.url, keyCommand } }, current: 'main' });
    expect(resolveTarget({}, deps).key).toEqual({
      kind: 'command',
      source: 'the key command of profile "main"',
      argv: keyCommand,
    });
  });

  const stored = { main: MAIN };
  const command = { main: { url: MAIN.url, keyCommand: ['vault'] } };
  test.each<[string, TargetFlags, Record<string, string>, Record<string, StoredProfile>, KeyOrigin]>([
    [
      'the environment',
      {},
      { ATLANTIS_API_KEY: ENV_KEY },
      stored,
      { kind: 'environment', source: 'ATLANTIS_API_KEY' },
    ],
    ['stdin', { keyStdin: true }, {}, stored, { kind: 'stdin', source: '--key-stdin' }],
    ['a profile', {}, {}, stored, { kind: 'profile', source: 'profile "main"', profile: 'main' }],
    [
      'a key command',
      {},
      {},
      command,
      { kind: 'command', source: 'the key command of profile "main"', profile: 'main' },
    ],
  ])('P1: the origin of a key, for the error if it is refused, is %s', (_, flags, env, profiles, origin) => {
    const deps = createDeps({ env, profiles, current: 'main' });
    expect(findKeyOrigin(resolveTarget(flags, deps))).toEqual(origin);
  });

  test('P1: without a key there is no origin', () => {
    expect(findKeyOrigin(resolveTarget({ url: MAIN.url }, createDeps({})))).toBeUndefined();
  });
});

describe('P3: a stored key goes to the origin that it was stored with', () => {
  const away: readonly [string, TargetFlags, Record<string, string>, string][] = [
    ['another host by --url', { url: 'https://evil.example' }, {}, '--url points to https://evil.example'],
    ['another host by ATLANTIS_URL', {}, { ATLANTIS_URL: 'https://evil.example' }, 'ATLANTIS_URL points to'],
    ['another port', { url: 'https://main.example:8443' }, {}, '--url points to https://main.example:8443'],
    ['another scheme', { url: 'http://127.0.0.1' }, {}, '--url points to http://127.0.0.1'],
    ['a host that begins alike', { url: 'https://main.example.evil.test' }, {}, '--url points to'],
  ];

  test.each(away)('row 57: %s is refused', (_, flags, env, words) => {
    const { message, hint, exitCode } = refusalOf(() =>
      resolveTarget(flags, createDeps({ env, profiles: { main: MAIN }, current: 'main' })),
    );
    expect(exitCode).toBe(2);
    expect(message).toContain(words);
    expect(message).toContain('the key of profile "main" belongs to https://main.example');
    expect(hint).toContain('ATLANTIS_API_KEY or with --key-file or --key-stdin');
    expect(`${message}${hint}`).not.toContain(STORED_KEY.slice(0, 20));
  });

  test.each(away)('row 57: %s is refused also for a key command', (_, flags, env) => {
    const profiles = { main: { url: MAIN.url, keyCommand: ['/nonexistent/vault'] } };
    const refusal = refusalOf(() => resolveTarget(flags, createDeps({ env, profiles, current: 'main' })));
    expect(refusal.exitCode).toBe(2);
  });

  test.each(away)('%s is allowed with a key that is given for this run', (_, flags, env) => {
    const profiles = { main: MAIN };
    const byEnv = createDeps({ env: { ...env, ATLANTIS_API_KEY: ENV_KEY }, profiles, current: 'main' });
    expect(resolveTarget(flags, byEnv).key?.source).toBe('ATLANTIS_API_KEY');
    const byStdin = createDeps({ env, profiles, current: 'main' });
    expect(resolveTarget({ ...flags, keyStdin: true }, byStdin).key?.source).toBe('--key-stdin');
  });

  test.each([
    'https://main.example',
    'wss://MAIN.example:443/v1/stream',
    'https://main.example/other/prefix',
  ])('the same origin, written as %s, is allowed', (url) => {
    const target = resolveTarget({ url }, createDeps({ profiles: { main: MAIN }, current: 'main' }));
    expect(target).toMatchObject({ url: { source: '--url' }, key: { source: 'profile "main"' } });
  });

  test('the origin of the selected profile counts, not that of the active one', () => {
    const deps = createDeps({ profiles: { main: MAIN, other: OTHER }, current: 'main' });
    const target = resolveTarget({ profile: 'other', url: 'https://other.example' }, deps);
    expect(target.key?.source).toBe('profile "other"');
  });
});

describe('a URL, key or profile that is missing or bad', () => {
  test('§ 1: without a URL, the error names the three places that it can come from', () => {
    const target = resolveTarget({}, createFakeIo());
    const { message, hint, exitCode } = refusalOf(() => requireUrl(target, true));
    expect(exitCode).toBe(2);
    expect(message).toContain('no URL');
    for (const place of ['--url', 'ATLANTIS_URL', 'atlantis profile add']) expect(hint).toContain(place);
    // The hint names --simulate only for a command that has the flag.
    expect(hint).toContain('--simulate');
    expect(refusalOf(() => requireUrl(target)).hint).not.toContain('--simulate');
  });

  test('§ 1: without a URL and an active profile, the error lists the stored profiles', () => {
    const target = resolveTarget({}, createDeps({ profiles: { main: MAIN, other: OTHER } }));
    const { hint } = refusalOf(() => requireUrl(target));
    for (const words of ['atlantis profile use <name>', '--url', 'ATLANTIS_URL', 'main, other'])
      expect(hint).toContain(words);
  });

  test('P1: without a key, the error names the places that it can come from', async () => {
    const io = createFakeIo({ env: { ATLANTIS_URL: 'https://main.example' } });
    const error = await readKey(resolveTarget({}, io), io).catch((caught: unknown) => caught);
    expect(error).toBeInstanceOf(CredentialError);
    expect(error).toMatchObject({ exitCode: 3, message: 'no API key' });
    for (const place of ['--key-stdin', 'ATLANTIS_API_KEY', 'atlantis profile add']) {
      expect((error as CredentialError).hint).toContain(place);
    }
  });

  test.each<[TargetFlags, Record<string, string>, string]>([
    [{ profile: 'gone' }, {}, 'no profile "gone" (from --profile)'],
    [{}, { ATLANTIS_PROFILE: 'gone' }, 'no profile "gone" (from ATLANTIS_PROFILE)'],
  ])('an unknown profile is refused with a list of the known ones', (flags, env, message) => {
    const deps = createDeps({ env, profiles: { main: MAIN, other: OTHER }, current: 'main' });
    const refusal = refusalOf(() => resolveTarget(flags, deps));
    expect(refusal).toMatchObject({ exitCode: 2, message, hint: 'profiles: main, other' });
  });

  test('an unknown profile in an empty store is refused with the command that adds one', () => {
    const refusal = refusalOf(() => resolveTarget({ profile: 'gone' }, createFakeIo()));
    expect(refusal.hint).toContain('atlantis profile add');
  });

  test('an active profile that was removed from the file counts as none', () => {
    const target = resolveTarget({}, createDeps({ profiles: { main: MAIN }, current: 'gone' }));
    expect(target).toMatchObject({ profile: undefined, url: undefined, key: undefined });
  });

  test.each(['__proto__', 'constructor', 'toString'])('%s is not a profile', (profile) => {
    const deps = createDeps({ profiles: { main: MAIN }, current: 'main' });
    expect(refusalOf(() => resolveTarget({ profile }, deps)).message).toContain('no profile');
  });

  test('row 56: the error for a bad URL names its source', () => {
    const bad = { ATLANTIS_URL: 'http://evil.example' };
    expect(refusalOf(() => resolveTarget({}, createDeps({ env: bad }))).message).toContain('ATLANTIS_URL');
    expect(refusalOf(() => resolveTarget({ url: 'ftp://x' }, createDeps({}))).message).toContain('--url');
    const profiles = { main: { ...MAIN, url: 'http://evil.example' } };
    const refusal = refusalOf(() => resolveTarget({}, createDeps({ profiles, current: 'main' })));
    expect(refusal).toMatchObject({ exitCode: 2 });
    expect(refusal.message).toContain('profile "main"');
  });
});

describe('F3: the store', () => {
  const given = { ATLANTIS_URL: 'https://main.example', ATLANTIS_API_KEY: ENV_KEY };

  test('row 53: is not read when URL and key are given for this run', () => {
    const folder = writeStore({ main: MAIN });
    writeFileSync(join(folder, 'profiles.json'), '{"damaged');
    const env = { ...given, ATLANTIS_CONFIG_DIR: folder };
    expect(resolveTarget({}, createFakeIo({ env })).profile).toBeUndefined();
    expect(refusalOf(() => resolveTarget({ profile: 'main' }, createFakeIo({ env }))).exitCode).toBe(10);
    const { ATLANTIS_API_KEY: _, ...withoutKey } = env;
    expect(refusalOf(() => resolveTarget({}, createFakeIo({ env: withoutKey }))).exitCode).toBe(10);
  });

  test('row 53: is empty without a home directory', () => {
    expect(resolveTarget({}, createFakeIo({ env: given })).url?.value.base).toBe('https://main.example');
    expect(resolveTarget({}, createFakeIo()).url).toBeUndefined();
  });

  test('row 49: a store that others may read gives a warning', () => {
    const folder = writeStore({ main: MAIN }, 'main');
    chmodSync(join(folder, 'profiles.json'), 0o644);
    const target = resolveTarget({}, createFakeIo({ env: { ATLANTIS_CONFIG_DIR: folder } }));
    expect(target.warnings).toHaveLength(1);
    expect(target.warnings[0]).toContain('chmod 600');
  });
});

describe('P4: the redactor knows a key before the key is used', () => {
  test('a valid key is redacted', async () => {
    const io = createDeps({
      env: { ATLANTIS_API_KEY: `  ${ENV_KEY}\n`, ATLANTIS_URL: 'https://x.example' },
    });
    expect(await readKey(resolveTarget({}, io), io)).toBe(ENV_KEY);
    io.writeErr(`it was ${ENV_KEY}`);
    expect(io.errText).not.toContain(ENV_KEY);
    expect(io.errText).toContain(ENV_KEY.slice(0, 16));
  });

  test('P2: an invalid key is refused with its source, not shown, and still redacted', async () => {
    const bad = 'sk_5ecre7 5ecre7 5ecre7';
    const io = createDeps({ env: { ATLANTIS_API_KEY: bad, ATLANTIS_URL: 'https://x.example' } });
    const error = await readKey(resolveTarget({}, io), io).catch((caught: unknown) => caught);
    expect(error).toMatchObject({ exitCode: 3 });
    expect(String((error as Error).message)).toContain('ATLANTIS_API_KEY');
    expect(String((error as Error).message)).not.toContain('5ecre7');
    io.writeErr(`it was ${bad}`);
    expect(io.errText).not.toContain('5ecre7');
  });
});
