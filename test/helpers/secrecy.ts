// No key leaks (contract P4): checked for every run of the command in every test, without a call in the test.
//
// The helpers that start the command register it here (`run-cli.ts`, `pty.ts`). After the test, all that it wrote
// to stdout and stderr, and every file in the test's folders, is searched for each key that it was given. A
// test that names a row of the fault list has to run the command with the canary key and --verbose.
import { existsSync, lstatSync, readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { AWKWARD_KEY, CANARY_KEY, findKeyIn } from './canary.ts';
import { type Lifetime, registerCleanup, searchFoldersWith } from './cleanup.ts';

/** A run of the command, or of a script with the command in it. */
export interface Run {
  /** Program and arguments, or the script. */
  readonly words: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly stdin?: unknown;
  readonly lifetime?: Lifetime | undefined;
}

/** Longer output is searched at both ends: the middle is events. */
const SEARCHED_BYTES = 4 * 1024 * 1024;

/** A key lives in the store, in a damaged one that was moved aside, in a key file, and nowhere else. */
const STORE = /^(?:profiles\.json(?:\.corrupt-.*)?|api-key)$/;

/** Enough of the canary to prove that it was there before the store was truncated. */
const CANARY_START = CANARY_KEY.slice(0, 20);

/** The key that the simulator prints at startup: not a secret, and parts of it occur in its events. */
const EXAMPLE_KEY = 'ak_live_0123456789abcdeffedcba9876543210';

const given = new Set<string>();

/** Notes the keys of a run, and searches what it wrote when the test is over. */
export function guardRun({ words, env, stdin, lifetime }: Run, read: () => readonly Buffer[]): void {
  const key = env['ATLANTIS_API_KEY'];
  const texts = [...words, ...Object.values(env), ...(typeof stdin === 'string' ? [stdin] : [])];
  const keys = new Set([CANARY_KEY, AWKWARD_KEY, ...texts.flatMap(findKeys), ...(isKey(key) ? [key] : [])]);
  keys.delete(EXAMPLE_KEY);
  for (const one of keys) given.add(one);
  assertRowIsGuarded(words, env, texts);
  registerCleanup(() => {
    for (const output of read()) assertNoKey(output, keys, `the output of ${words.join(' ')}`);
  }, lifetime);
}

/** Searches every file of a folder, and their names. */
function assertNoKeyInFolder(folder: string): void {
  if (!existsSync(folder)) return;
  for (const name of readdirSync(folder, { recursive: true, encoding: 'utf8' })) {
    assertNoKey(name, given, 'the name of a file');
    const path = join(folder, name);
    if (STORE.test(basename(name)) || !lstatSync(path).isFile()) continue;
    assertNoKey(readFileSync(path), given, path);
  }
}

function assertNoKey(output: Buffer | string, keys: Iterable<string>, where: string): void {
  const parts =
    output.length > 2 * SEARCHED_BYTES
      ? [output.slice(0, SEARCHED_BYTES), output.slice(-SEARCHED_BYTES)]
      : [output];
  // Decoded once, for all keys.
  const ends = parts.map((part) => (typeof part === 'string' ? part : part.toString('latin1')));
  for (const key of keys) {
    const found = ends.flatMap((end) => findKeyIn(end, key));
    if (found.length > 0) throw new Error(`the key ${key} is in ${where}: ${found.join(', ')}`);
  }
}

/** A row of the fault list counts only with the canary key and --verbose. */
function assertRowIsGuarded(words: Run['words'], env: Run['env'], texts: readonly string[]): void {
  const { expect } = globalThis as { expect?: { getState(): { currentTestName?: string } } };
  const name = expect?.getState().currentTestName ?? '';
  if (!/\brows? \d/.test(name) || words.includes('simulate')) return;
  const stored = readStore(env);
  if (![stored, ...texts].some((text) => text.includes(CANARY_START)))
    throw new Error(`no canary key in "${name}"`);
  if (!texts.some((text) => /(?:^|[ '])--verbose\b/.test(text))) throw new Error(`no --verbose in "${name}"`);
}

/** The store that a run may read, if there is one. */
function readStore(env: Run['env']): string {
  try {
    return readFileSync(join(env['ATLANTIS_CONFIG_DIR'] ?? '', 'profiles.json'), 'utf8');
  } catch {
    return '';
  }
}

const isKey = (text: string | undefined): text is string =>
  text?.startsWith('ak_') === true && text.length > 24;

const findKeys = (text: string): string[] => text.match(/ak_live_[0-9a-f]{24,}/g) ?? [];

searchFoldersWith(assertNoKeyInFolder);
