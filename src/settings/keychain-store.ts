// Stores, reads and removes keys in the keychain of the system, through the system's own program (contract P6).
import { randomBytes } from 'node:crypto';
import { CredentialError, type ErrorText } from '../errors.ts';
import { decodeKey, parseKey } from '../io/key.ts';
import { platformOf } from '../io/platform.ts';
import { type KeyCommandDeps, runProgram } from './key-command.ts';
import {
  chooseKeychain,
  findKeychainEntry,
  type Keychain,
  MISSING_STATUS,
  type ToolCall,
} from './keychain.ts';
import {
  KEYCHAIN_OTHER_KEY,
  KEYCHAIN_TOO_LONG,
  keychainFailures,
  labelKey,
  PROGRAM_FAULTS,
  sayKeychainFailed,
  WITHOUT_KEYCHAIN,
} from './messages.ts';

/** Longer than the timeout of a key command, because the user may have to unlock the keychain. */
const TIMEOUT_MS = 30_000;

/** `security -i` truncates longer lines. */
const MAX_LINE_LENGTH = 4_000;

interface Call extends ToolCall {
  readonly keychain: Keychain;
  /** The beginning of the error message, and the hint. */
  readonly failure: ErrorText;
  readonly signal?: AbortSignal | undefined;
  readonly timeoutMs?: number | undefined;
  readonly acceptedStatus?: number;
}

function callTool(call: Call, deps: KeyCommandDeps): Promise<Buffer> {
  const { keychain, argv, failure, timeoutMs = TIMEOUT_MS, ...options } = call;
  const fail = (what: string): CredentialError => {
    const hint = what === PROGRAM_FAULTS.notFound ? keychain.installHint : undefined;
    return new CredentialError(...sayKeychainFailed(failure, `${argv[0]} ${what}`, hint));
  };
  return runProgram(argv, deps, fail, { ...options, timeoutMs, showsStderr: true });
}

/**
 * @returns the command that prints the key
 * @throws CredentialError if there is no keychain, or it is locked, or returns a different key
 */
export async function storeInKeychain(
  profile: string,
  key: string,
  deps: KeyCommandDeps,
  timeoutMs?: number,
): Promise<readonly string[]> {
  const keychain = chooseKeychain(deps.platform);
  const account = `${profile}-${randomBytes(4).toString('hex')}`;
  const failure = keychainFailures.store(keychain.name);
  const tool = keychain.store(account, labelKey(profile), key);
  if (platformOf(deps.platform).keychain === 'keychain' && (tool.input?.length ?? 0) > MAX_LINE_LENGTH) {
    throw new CredentialError(...sayKeychainFailed(failure, KEYCHAIN_TOO_LONG, WITHOUT_KEYCHAIN));
  }
  await callTool({ keychain, ...tool, failure, timeoutMs }, deps);
  const argv = keychain.read(account);
  const stored = (await callTool({ keychain, argv, failure }, deps)).toString('utf8').trim();
  if (stored === key) return argv;
  await removeFromKeychain(argv, deps);
  throw new CredentialError(...sayKeychainFailed(failure, KEYCHAIN_OTHER_KEY));
}

/** @throws CredentialError naming the keychain and what to do */
export async function readFromKeychain(
  argv: readonly string[],
  profile: string,
  deps: KeyCommandDeps,
  signal?: AbortSignal,
): Promise<string> {
  const keychain = findKeychainEntry(argv)?.keychain ?? chooseKeychain(deps.platform);
  const failure = keychainFailures.read(keychain.name, profile);
  const output = await callTool({ keychain, argv, failure, signal }, deps);
  return parseKey(decodeKey(output, keychain.name), keychain.name, failure[1]);
}

/** Ignores other key commands and missing entries. @throws CredentialError with the command to run by hand */
export async function removeFromKeychain(argv: readonly string[], deps: KeyCommandDeps): Promise<void> {
  const entry = findKeychainEntry(argv);
  if (entry === undefined) return;
  const { keychain, account } = entry;
  const command = keychain.remove(account);
  const failure = keychainFailures.remove(keychain.name, command);
  try {
    await callTool({ keychain, argv: command, failure, acceptedStatus: MISSING_STATUS }, deps);
  } catch (error) {
    const find = keychain.find?.(account);
    if (find === undefined) throw error;
    const found = await callTool({ keychain, argv: find, failure }, deps);
    if (found.length > 0) throw error;
  }
}
