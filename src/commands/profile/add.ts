// `profile add`: takes a URL and a key from flags, stdin or the terminal, and stores them.
//
// The environment is not used, because a key exported for one service must not end up in the profile of another.
import { resolve } from 'node:path';
import { CredentialError, isAtlantisError, UsageError } from '../../errors.ts';
import { sayNotCombinable } from '../../flags/messages.ts';
import type { Io, Outcome } from '../../io/io.ts';
import { parseKey } from '../../io/key.ts';
import { platformOf } from '../../io/platform.ts';
import { printJson } from '../../io/print.ts';
import type { StoreDraft } from '../../profiles/draft.ts';
import { isCommand, type Profile } from '../../profiles/read.ts';
import { DamagedStoreError } from '../../profiles/store-file.ts';
import { findRelativeArgument, resolveProgram, runKeyCommand } from '../../settings/key-command.ts';
import { limitLookups } from '../../settings/lookup-limit.ts';
import { OMIT_KEY_STDIN, sayKeyOnTerminal } from '../../settings/messages.ts';
import { parseConnectionFlags } from '../../settings/stream-config.ts';
import { parseStreamUrl, type StreamUrl } from '../../settings/stream-url.ts';
import { readFirstLine } from '../../settings/target.ts';
import { sayForeignKey } from '../../ui/messages.ts';
import {
  assertProfileName,
  describeKey,
  describeProfile,
  openContext,
  type ProfileContext,
  readProfiles,
  saveProfiles,
} from './context.ts';
import type { AddFlags } from './flags.ts';
import * as say from './messages.ts';
import { canPrompt, createPrompter, noTerminal, type PromptAnswer } from './prompt.ts';

type Secret = Pick<Profile, 'key'> | Pick<Profile, 'keyCommand'>;

/**
 * The first profile becomes the active one.
 *
 * @throws UsageError for an invalid name, URL or flag, a name that is taken, or a prompt without a terminal;
 *   CredentialError for an invalid key; StoreError; OutputError; with --check also the errors of `checkKey`
 */
export async function addProfile(name: string, flags: AddFlags, io: Io): Promise<Outcome> {
  const context = await openContext(flags, io);
  assertProfileName(name);
  const argv = parseCommand(flags, io);
  const givenUrl = flags.url === undefined ? undefined : parseStreamUrl(flags.url, '--url');
  assertComplete(flags, io);
  if (flags.force !== true) assertFree(name, context, io);

  const url = givenUrl ?? (await askUrl(io));
  if ('signal' in url) return url;
  const secret = argv === undefined ? await obtainKey(flags, io) : { keyCommand: argv };
  if ('signal' in secret) return secret;
  if (flags.check === true) {
    await checkKey(url, await readSecret(secret, io), io);
    context.say(say.KEY_WORKS);
  }

  const stored = flags.keychain === true ? await moveToKeychain(name, secret, io) : secret;
  const profile: Profile = { name, url: url.base, ...stored };
  let replaced: readonly string[] | undefined;
  const change = (draft: StoreDraft): boolean => {
    if (draft.has(name) && flags.force !== true) throw nameTaken(name);
    replaced = draft.keyCommand(name);
    draft.put(profile);
    draft.current ??= name;
    return draft.current === name;
  };
  let isActive: boolean;
  try {
    isActive = await saveProfiles(context, io, change, { mayMoveAside: true });
  } catch (error) {
    if (flags.keychain === true) await removeUnusedEntry(profile.keyCommand, context, io);
    throw error;
  }
  await removeUnusedEntry(replaced, context, io);
  const record = describeProfile(profile, isActive ? name : undefined);
  if (flags.json === true) printJson(io, record);
  context.say(say.sayStored(name, url.base, describeKey(record), isActive));
  return { exitCode: 0 };
}

/** @throws CredentialError if there is no keychain, or it is locked */
async function moveToKeychain(name: string, secret: Secret, io: Io): Promise<Secret> {
  const { storeInKeychain } = await import('../../settings/keychain-store.ts');
  return { keyCommand: await storeInKeychain(name, await readSecret(secret, io), io) };
}

/** A failure is only a warning, since no profile uses the entry. */
async function removeUnusedEntry(
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

/** Accepts arguments or one JSON array. The program of the result has an absolute path. */
function parseCommand(
  { keyCommand, keyStdin, keychain }: AddFlags,
  { env, platform }: Io,
): readonly string[] | undefined {
  if (keyCommand === undefined) return undefined;
  if (keyStdin === true) {
    throw new UsageError(...sayNotCombinable('--key-stdin', '--key-command'));
  }
  if (keychain === true) {
    throw new UsageError(...sayNotCombinable('--keychain', '--key-command', say.KEYCHAIN_STORES_A_KEY));
  }
  const [first = ''] = keyCommand;
  // A path may contain a space. The message does not repeat the arguments, which may be secrets.
  if (keyCommand.length === 1 && /^[^[/\\\s]+\s/.test(first)) {
    throw new UsageError(...say.sayCommandNotSplit());
  }
  const argv = keyCommand.length === 1 && first.startsWith('[') ? parseArray(first) : keyCommand;
  if (isCommand(argv)) {
    assertNoRelativeArgument(argv, platformOf(platform).isolate(env).cwd, platform);
    return resolveProgram(argv, resolve(), platform);
  }
  throw new UsageError(...say.sayInvalidCommand());
}

/** Key commands run in `cwd`, where a relative path would not be found. @throws UsageError */
function assertNoRelativeArgument(argv: readonly string[], cwd: string, platform: NodeJS.Platform): void {
  const argument = findRelativeArgument(argv, resolve(), platform);
  if (argument === undefined) return;
  throw new UsageError(...say.sayRelativeArgument(argument, cwd));
}

function parseArray(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** Without a terminal everything must be given; the error lists all that is missing. */
function assertComplete(flags: AddFlags, io: Io): void {
  if (flags.keyStdin === true && io.isStdinTty) {
    throw new UsageError(...sayKeyOnTerminal(OMIT_KEY_STDIN));
  }
  if (canPrompt(io)) return;
  const missing: string[] = [];
  if (flags.url === undefined) missing.push('--url <url>');
  if (flags.keyStdin !== true && flags.keyCommand === undefined) {
    missing.push(say.KEY_STDIN_OR_COMMAND);
  }
  if (missing.length === 0) return;
  throw noTerminal(missing);
}

const nameTaken = (name: string): UsageError => new UsageError(...say.sayNameTaken(name));

/** In a damaged store every name is free. */
function assertFree(name: string, context: ProfileContext, io: Io): void {
  try {
    if (readProfiles(context, io).profiles.has(name)) throw nameTaken(name);
  } catch (error) {
    if (!(error instanceof DamagedStoreError)) throw error;
  }
}

async function askUrl(io: Io): Promise<StreamUrl | Exclude<PromptAnswer, string>> {
  const answer = await createPrompter(io, '--url <url>').askLine(say.BASE_URL_PROMPT);
  return typeof answer === 'string' ? parseStreamUrl(answer, say.THE_BASE_URL) : answer;
}

async function obtainKey(flags: AddFlags, io: Io): Promise<{ key: string } | Exclude<PromptAnswer, string>> {
  const source = flags.keyStdin === true ? '--key-stdin' : undefined;
  const answer =
    source === undefined
      ? await createPrompter(io, '--key-stdin').askHidden(say.KEY_PROMPT)
      : await readFirstLine(io.stdin());
  if (typeof answer !== 'string') return answer;
  io.redactor.addSecret(answer.trim());
  return { key: parseKey(answer, source) };
}

async function readSecret(secret: Secret, io: Io): Promise<string> {
  if ('key' in secret && secret.key !== undefined) return secret.key;
  const key = await runKeyCommand('keyCommand' in secret ? (secret.keyCommand ?? []) : [], io);
  io.redactor.addSecret(key);
  return key;
}

/** Makes one attempt; returns when the service accepts the key. @throws AtlantisError if it fails (contract § 2) */
async function checkKey(url: StreamUrl, key: string, io: Io): Promise<void> {
  const { prepareSource } = await import('../../stream/prepare.ts');
  const config = parseConnectionFlags({ reconnect: false });
  limitLookups(io, config.connectTimeoutMs);
  const { open } = await prepareSource(config, { url, key }, io);
  const { signal } = new AbortController();
  for await (const item of open(signal).items()) {
    if (item.kind !== 'connected') continue;
    if (item.keyPrefix === item.expectedKeyPrefix) return;
    throw new CredentialError(...sayForeignKey(url.host, item.keyPrefix, item.expectedKeyPrefix));
  }
}
