// The commands that store, print and remove a key in the keychain of the system (contract P6). No I/O.
//
// A profile contains only the command that prints the key. A key is stored through stdin, never as an argument.
import { platformOf } from '../io/platform.ts';
import { KEYCHAIN_TEXTS } from './messages.ts';

/** A program with its arguments and its stdin. */
export interface ToolCall {
  readonly argv: readonly string[];
  readonly input?: string;
}

export interface Keychain {
  readonly name: string;
  readonly installHint: string;
  read(account: string): readonly string[];
  /** @param label the name of the entry in the user interface of the keychain */
  store(account: string, label: string, key: string): ToolCall;
  remove(account: string): readonly string[];
  /** Lists the entry. Needed if `remove` has the same exit status for a missing and for a locked entry. */
  find?(account: string): readonly string[];
}

/** The exit status of `security` on macOS, and of our script on Windows, if there is no such entry. */
export const MISSING_STATUS = 44;

/** ERROR_NOT_FOUND as an HRESULT. */
const ELEMENT_NOT_FOUND = -2147023728;

export const KEYCHAIN_SERVICE = 'atlantis';

const secretService: Keychain = {
  ...KEYCHAIN_TEXTS.secretService,
  read: (account) => ['secret-tool', 'lookup', 'service', KEYCHAIN_SERVICE, 'account', account],
  store: (account, label, key) => ({
    argv: ['secret-tool', 'store', '--label', label, 'service', KEYCHAIN_SERVICE, 'account', account],
    input: key,
  }),
  remove: (account) => ['secret-tool', 'clear', 'service', KEYCHAIN_SERVICE, 'account', account],
  find: (account) => ['secret-tool', 'search', '--all', 'service', KEYCHAIN_SERVICE, 'account', account],
};

const macKeychain: Keychain = {
  ...KEYCHAIN_TEXTS.keychain,
  read: (account) => ['security', 'find-generic-password', '-s', KEYCHAIN_SERVICE, '-a', account, '-w'],
  store: (account, label, key) => ({
    argv: ['security', '-i'],
    // Hexadecimal needs no quoting.
    input: `add-generic-password -U -s ${KEYCHAIN_SERVICE} -a ${account} -l '${label}' -X ${Buffer.from(key).toString('hex')}\n`,
  }),
  remove: (account) => ['security', 'delete-generic-password', '-s', KEYCHAIN_SERVICE, '-a', account],
};

/**
 * The command that runs a PowerShell script with the Credential Locker in `$v`. Scripts have single quotes only,
 * because double quotes are removed on the way to PowerShell.
 */
const inVault = (script: string): readonly string[] => [
  'powershell.exe',
  '-NoProfile',
  '-NonInteractive',
  '-Command',
  `$ErrorActionPreference='Stop'; [void][Windows.Security.Credentials.PasswordVault,Windows.Security.Credentials,ContentType=WindowsRuntime]; $v=New-Object Windows.Security.Credentials.PasswordVault; ${script}`,
];

const windowsVault: Keychain = {
  ...KEYCHAIN_TEXTS.vault,
  read: (account) =>
    inVault(`[Console]::Out.Write($v.Retrieve('${KEYCHAIN_SERVICE}','${account}').Password)`),
  store: (account, _label, key) => ({
    argv: inVault(
      `$v.Add((New-Object Windows.Security.Credentials.PasswordCredential('${KEYCHAIN_SERVICE}','${account}',[Console]::In.ReadLine())))`,
    ),
    input: `${key}\n`,
  }),
  remove: (account) =>
    inVault(
      `try { $v.Remove($v.Retrieve('${KEYCHAIN_SERVICE}','${account}')) } catch { if ($_.Exception.InnerException.HResult -eq ${ELEMENT_NOT_FOUND}) { exit ${MISSING_STATUS} }; throw }`,
    ),
};

const KEYCHAINS = { vault: windowsVault, keychain: macKeychain, secretService };

export function chooseKeychain(platform: NodeJS.Platform): Keychain {
  return KEYCHAINS[platformOf(platform).keychain];
}

/** The name of the profile, and a random suffix that makes each account unique. */
const ACCOUNT = /[A-Za-z0-9._-]{1,64}-[0-9a-f]{8}/;

/** Recognizes a command that `Keychain.read` made; undefined for any other command. */
export function findKeychainEntry(
  argv: readonly string[],
): { readonly keychain: Keychain; readonly account: string } | undefined {
  for (const keychain of [secretService, macKeychain, windowsVault]) {
    const account = ACCOUNT.exec(argv.slice(1).join(' '))?.[0];
    if (account === undefined) continue;
    const known = keychain.read(account);
    if (known.length === argv.length && known.every((word, at) => word === argv[at])) {
      return { keychain, account };
    }
  }
  return undefined;
}
