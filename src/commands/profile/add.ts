// `profile add`: gathers a URL and a key from flags, stdin or the terminal, and stores them.
//
// Nothing is taken from the environment: a key exported for one service must not slip into the profile of
// another.
import { resolve } from 'node:path';
import { isAtlantisError, UsageError } from '../../errors.ts';
import type { Io, Outcome } from '../../io/io.ts';
import { parseKey } from '../../io/key.ts';
import { DamagedStoreError, isCommand, type Profile, type StoreDraft } from '../../profiles/profile-file.ts';
import { readFirstLine } from '../../settings/first-line.ts';
import { resolveProgram } from '../../settings/key-program.ts';
import { parseStreamUrl, type StreamUrl } from '../../settings/stream-url.ts';
import { KEY_ON_TERMINAL } from '../../settings/target.ts';
import { describeKey, describeProfile, printJson } from './describe.ts';
import type { AddFlags } from './flags.ts';
import {
  assertProfileName,
  openContext,
  type ProfileContext,
  readProfiles,
  saveProfiles,
} from './profiles.ts';
import { type Answer, canPrompt, createPrompter } from './prompt.ts';

type Secret = Pick<Profile, 'key'> | Pick<Profile, 'keyCommand'>;

/**
 * Stores a profile; the first one is in use from then on.
 *
 * @throws UsageError for a bad name, URL or flag, a name that is taken, or nobody to ask (2); CredentialError
 *   for what is not a key (3); StoreError (10); OutputError (9); with --check whatever the attempt to connect throws.
 */
export async function addProfile(name: string, flags: AddFlags, io: Io): Promise<Outcome> {
  const context = await openContext(flags, io);
  assertProfileName(name);
  const argv = parseCommand(flags, io.platform);
  const givenUrl = flags.url === undefined ? undefined : parseStreamUrl(flags.url, '--url');
  assertComplete(flags, io);
  if (flags.force !== true) assertFree(name, context, io);

  const url = givenUrl ?? (await askUrl(io));
  if ('signal' in url) return url;
  const secret = argv === undefined ? await obtainKey(flags, io) : { keyCommand: argv };
  if ('signal' in secret) return secret;
  if (flags.check === true) {
    const { checkKey } = await import('./check-key.ts');
    await checkKey(url, await readSecret(secret, io), io);
    context.say('the key works');
  }

  const kept = flags.keychain === true ? await keepInKeychain(name, secret, io) : secret;
  const profile: Profile = { name, url: url.base, ...kept };
  let replaced: readonly string[] | undefined;
  const change = (draft: StoreDraft): boolean => {
    if (draft.has(name) && flags.force !== true) throw nameTaken(name);
    replaced = draft.keyCommand(name);
    draft.put(profile);
    draft.current ??= name;
    return draft.current === name;
  };
  let isInUse: boolean;
  try {
    isInUse = await saveProfiles(context, io, change, { mayMoveAside: true });
  } catch (error) {
    if (flags.keychain === true) await forgetEntry(profile.keyCommand, context, io);
    throw error;
  }
  await forgetEntry(replaced, context, io);
  const record = describeProfile(profile, isInUse ? name : undefined);
  if (flags.json === true) printJson(io, record);
  context.say(`profile ${name} stored: ${url.base}, key ${describeKey(record)}${isInUse ? ', in use' : ''}`);
  return { exitCode: 0 };
}

/** @throws CredentialError if there is no keychain, or it is locked */
async function keepInKeychain(name: string, secret: Secret, io: Io): Promise<Secret> {
  const { storeInKeychain } = await import('../../settings/keychain-store.ts');
  return { keyCommand: await storeInKeychain(name, await readSecret(secret, io), io) };
}

/** Removes a keychain entry that no profile uses. A failure is only a warning, because the profile is stored. */
async function forgetEntry(
  argv: readonly string[] | undefined,
  { reporter }: ProfileContext,
  io: Io,
): Promise<void> {
  if (argv === undefined) return;
  try {
    const { removeFromKeychain } = await import('../../settings/keychain-store.ts');
    await removeFromKeychain(argv, io);
  } catch (error) {
    if (!isAtlantisError(error)) throw error;
    const { message, hint } = error;
    reporter.report({ event: 'warning', level: 'warn', message, hint });
  }
}

/** The key command as an argv array, from words or one JSON array; a relative path is made absolute here and now. */
function parseCommand(
  { keyCommand, keyStdin, keychain }: AddFlags,
  platform: NodeJS.Platform,
): readonly string[] | undefined {
  if (keyCommand === undefined) return undefined;
  if (keyStdin === true) {
    throw new UsageError('--key-stdin and --key-command contradict each other', 'give one of them');
  }
  if (keychain === true) {
    throw new UsageError(
      '--keychain and --key-command contradict each other',
      '--keychain stores a key that is typed or read with --key-stdin',
    );
  }
  const [first = ''] = keyCommand;
  // A path may have a space in it. Not repeated: arguments may be secrets, too.
  if (keyCommand.length === 1 && /^[^[/\\\s]+\s/.test(first)) {
    throw new UsageError(
      '--key-command: one word with a space in it is the name of a program, which no shell takes apart',
      'give its words one by one: --key-command op read op://dev/key',
    );
  }
  const argv = keyCommand.length === 1 && first.startsWith('[') ? parseArray(first) : keyCommand;
  if (isCommand(argv)) return resolveProgram(argv, resolve(), platform);
  throw new UsageError(
    'invalid --key-command',
    'accepted: a program and its arguments as words, or as one JSON array: \'["op","read","op://dev/key"]\'',
  );
}

function parseArray(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** Without a terminal everything has to be given; says all that is missing at once. */
function assertComplete(flags: AddFlags, io: Io): void {
  if (flags.keyStdin === true && io.isStdinTty) {
    throw new UsageError(KEY_ON_TERMINAL, 'without it you are asked for the key');
  }
  if (canPrompt(io)) return;
  const missing: string[] = [];
  if (flags.url === undefined) missing.push('--url <url>');
  if (flags.keyStdin !== true && flags.keyCommand === undefined) {
    missing.push('--key-stdin (or --key-command <argv...>)');
  }
  if (missing.length === 0) return;
  throw new UsageError('there is no terminal to ask on', `give ${missing.join(' and ')}`);
}

const nameTaken = (name: string): UsageError =>
  new UsageError(`there is a profile "${name}" already`, 'give --force to replace it');

/** Tells a taken name before anything is asked; a damaged store has no names. */
function assertFree(name: string, context: ProfileContext, io: Io): void {
  try {
    if (readProfiles(context, io).profiles.has(name)) throw nameTaken(name);
  } catch (error) {
    if (!(error instanceof DamagedStoreError)) throw error;
  }
}

async function askUrl(io: Io): Promise<StreamUrl | Exclude<Answer, string>> {
  const answer = await createPrompter(io, '--url <url>').askLine('Base URL: ');
  return typeof answer === 'string' ? parseStreamUrl(answer, 'the base URL') : answer;
}

async function obtainKey(flags: AddFlags, io: Io): Promise<{ key: string } | Exclude<Answer, string>> {
  const source = flags.keyStdin === true ? '--key-stdin' : undefined;
  const answer =
    source === undefined
      ? await createPrompter(io, '--key-stdin').askHidden('API key (not shown): ')
      : await readFirstLine(io.stdin());
  if (typeof answer !== 'string') return answer;
  io.redactor.addSecret(answer.trim());
  return { key: parseKey(answer, source) };
}

async function readSecret(secret: Secret, io: Io): Promise<string> {
  if ('key' in secret && secret.key !== undefined) return secret.key;
  const { runKeyCommand } = await import('../../settings/key-command.ts');
  const key = await runKeyCommand('keyCommand' in secret ? (secret.keyCommand ?? []) : [], io);
  io.redactor.addSecret(key);
  return key;
}
