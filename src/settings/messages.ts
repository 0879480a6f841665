// Messages about settings: the URL and the key and where they come from, TLS, proxies, NATS. None shows a secret.
import type { ErrorText } from '../errors.ts';
import { withNearest } from '../io/messages.ts';

const ADD_PROFILE = 'add one with `atlantis profile add <name>`';

function joinProfileNames(names: readonly string[], limit: number): string {
  return `${names.slice(0, limit).join(', ')}${names.length > limit ? ', …' : ''}`;
}

/** @param source the flag or variable with the name; undefined if it was an argument */
export const sayNoProfile = (name: string, known: readonly string[], source?: string): ErrorText => [
  `no profile "${shortenName(name)}"${source === undefined ? '' : ` (from ${source})`}`,
  known.length === 0 ? ADD_PROFILE : withNearest(`profiles: ${joinProfileNames(known, 20)}`, name, known),
];

export const shortenName = (name: string): string => (name.length > 64 ? `${name.slice(0, 64)}…` : name);

/** @param unused names of the stored profiles, none of which is active */
export const sayNoUrl = (unused: readonly string[], canSimulate: boolean): ErrorText => [
  'no URL: set the base URL that came with your key',
  (unused.length === 0
    ? 'pass --url <url>, set ATLANTIS_URL, or store one with `atlantis profile add <name>`'
    : `no profile is active: select one with \`atlantis profile use <name>\`, pass --url <url>, or set ATLANTIS_URL; profiles: ${joinProfileNames(unused, 5)}`) +
    (canSimulate ? '; `--simulate` needs no URL' : ''),
];

export const URL_FAULTS = {
  empty: 'it is empty',
  characters: 'it contains a space, a control character or a backslash',
  noScheme: 'it does not start with https:// or wss://',
  scheme: 'its scheme is not supported',
  login: 'a user name or password is not allowed in it',
  query: 'a query is not allowed in it, since the key is sent in a header, never in a URL',
  fragment: 'a fragment (#) is not allowed in it',
  host: 'it has no valid host or port',
  plaintext: 'TLS is required for hosts other than this machine',
} as const;

export const sayNotAServiceUrl = (source: string, shown: string, why: string): ErrorText => [
  `${source}: "${shown}" is not a URL of the service: ${why}`,
  'accepted: https:// or wss://, and http:// or ws:// for this machine only (localhost, 127.x.x.x, [::1])',
];

export const sayNoKey = (): ErrorText => [
  'no API key',
  'store one with `atlantis profile add <name>`, set ATLANTIS_API_KEY, or pass --key-file <file> or --key-stdin',
];

export const SET_ONE = 'set only one of them';
export const OMIT_KEY_STDIN = 'omit it to be asked for the key';
export const PROFILE_ADD_ASKS_FOR_KEY =
  '`atlantis profile add <name>` asks for a key without showing it, and stores it';

/** A key typed on the terminal would be visible. */
export const sayKeyOnTerminal = (hint: string): ErrorText => [
  '--key-stdin reads a pipe or a file, not a terminal',
  hint,
];

export const sayStdinUnreadable = (): ErrorText => [
  'stdin could not be read (--key-stdin)',
  'pipe the key in: … | atlantis … --key-stdin',
];

export const sayStdinTooLong = (): ErrorText => [
  'the first line of stdin (--key-stdin) is too long for a key',
  'pipe the key in as the first line',
];

export const sayStdinEmpty = (): ErrorText => [
  'no key on stdin (--key-stdin)',
  'pipe the key in as the first line',
];

export const KEY_FILE_FAULTS = {
  directory: ['is a directory', 'pass the path of a file in it'],
  notRegular: ['is a pipe or a device', 'pipe the key in with --key-stdin'],
  tooLarge: ['is too large for a key', 'it must contain the key and nothing else'],
} as const;

/** @param source the flag or variable that names the file */
export const sayKeyFileUnusable = (
  source: string,
  path: string,
  [why, hint]: readonly [why: string, hint: string],
): ErrorText => [`the key file of ${source} ${why}: ${path}`, hint];

export const nameKeyFile = (source: string): string => `the key file of ${source}`;
export const nameKeyCommand = (program = ''): string => `the key command ${program}`;
export const nameProfile = (name: string): string => `profile "${name}"`;
export const nameKeyCommandOf = (profile: string): string => `the key command of ${nameProfile(profile)}`;
export const THE_ACTIVE_PROFILE = 'the active profile';

export const sayRelativeProgram = (
  source: string,
  program: string,
  profile: { readonly name: string; readonly url: string } | undefined,
): ErrorText => [
  `${source} has a relative path, ${program}, which depends on the working directory`,
  `store it again with an absolute path: atlantis profile add ${profile?.name} --force --url ${profile?.url} --key-command <absolute path> <arguments>`,
];

export const sayForeignOrigin = (
  source: string,
  origin: string,
  profile: string,
  bound: string,
): ErrorText => [
  `${source} points to ${origin}, but the key of ${nameProfile(profile)} belongs to ${bound}`,
  'pass the key for this run in ATLANTIS_API_KEY or with --key-file or --key-stdin, or add a profile for that URL',
];

/** How a program that prints or stores a key failed. */
export const PROGRAM_FAULTS = {
  notFound: 'was not found',
  notExecutable: 'is not executable',
  notStarted: (code = 'unknown error') => `could not be started (${code})`,
  interrupted: 'was interrupted',
  timeout: (ms: number) => `did not finish within ${ms / 1_000} s and was killed`,
  tooMuch: 'printed more than a key',
  killed: (signal: string) => `was killed by ${signal}`,
  /** @param detail the first line of stderr */
  failed: (status: number | null, detail: string) =>
    `failed with exit status ${status}${detail === '' ? '' : ` (${detail})`}`,
} as const;

export const sayKeyCommandFailed = (source: string, what: string, cwd: string): ErrorText => [
  `${source} ${what}`,
  `it was run in ${cwd}: run it there to see its messages, and use absolute paths`,
];

export const ONLY_THE_KEY = 'it must print the key and nothing else';

export const describeKeychainEntry = (keychain: string, service: string, account: string): string =>
  `${keychain}, service ${service}, account ${account}`;

export const keychainFailures = {
  store: (keychain: string): ErrorText => [
    `${keychain} did not store the key`,
    'unlock it, or use another place for the key: see `atlantis profile add --help`',
  ],
  read: (keychain: string, profile: string): ErrorText => [
    `${keychain} did not return the key of ${nameProfile(profile)}`,
    `unlock it; if the entry is gone, store the key again: atlantis profile add ${profile} --force --keychain`,
  ],
  remove: (keychain: string, command: readonly string[]): ErrorText => [
    `the key is still in ${keychain}`,
    `unlock it and run: ${command.join(' ')}`,
  ],
} as const;

export const KEYCHAIN_TOO_LONG = 'it is too long';
export const KEYCHAIN_OTHER_KEY = 'it returned a different key';
export const WITHOUT_KEYCHAIN = 'store it without --keychain';

export const sayKeychainFailed = (
  [happened, usualHint]: ErrorText,
  why: string,
  hint: string | undefined = usualHint,
): ErrorText => [`${happened}: ${why}`, hint];

/** The name of an entry in the user interface of a keychain. */
export const labelKey = (profile: string): string => `Atlantis API key ${profile}`;

export const KEYCHAIN_TEXTS = {
  secretService: {
    name: 'the Secret Service',
    installHint: 'install secret-tool (Debian and Ubuntu: libsecret-tools; Fedora and Arch: libsecret)',
  },
  keychain: {
    name: 'the macOS keychain',
    installHint: 'the program `security` is part of macOS: check PATH',
  },
  vault: {
    name: 'the Windows Credential Locker',
    installHint: 'Windows PowerShell 5.1 is part of Windows: check PATH',
  },
} as const;

export const sayKeyReplaced = (prefix: string, source: string | undefined): string =>
  `the key was replaced: ${prefix}… from ${source}`;

export const sayKeyKept = (message: string): string => `${message}; the previous key is used`;

export const sayProfileGone = (name: string): ErrorText => [
  `${nameProfile(name)} no longer exists`,
  'add it again with `atlantis profile add`',
];

export const sayProfileMoved = (name: string, origin: string): ErrorText => [
  `${nameProfile(name)} now points to ${origin}`,
  'restart to connect to it',
];

const PEM_HINT = 'accepted: PEM certificates';

export const sayNoCertificate = (source: string): ErrorText => [
  `${source} contains no certificate`,
  PEM_HINT,
];

export const sayCertificateDamaged = (source: string, number: number): ErrorText => [
  `${source} is damaged at certificate ${number}`,
  PEM_HINT,
];

export const sayNoSystemRoots = (source: string): ErrorText => [
  `${source}: no root certificates of this system were found`,
  'use --ca-cert <file> (in a program: the option ca), or Node 22.15 or newer',
];

/** What could happen without certificate checks. */
const UNCHECKED = {
  connect: 'the key could be sent to any server',
  deliver: 'events could go to any server',
  read: 'events could come from any server',
};

export const sayTlsChecksOff = (action: keyof typeof UNCHECKED): ErrorText => [
  `NODE_TLS_REJECT_UNAUTHORIZED=0 turns certificate checks off: ${UNCHECKED[action]}`,
  `unset it; to trust a private root, use --ca-cert <file>${action === 'connect' ? ' (in a program: the option ca)' : ''}`,
];

/** Not written as one URL: the redactor would take `user:password` out of it. */
const PROXY_HINT =
  'accepted: http://, https://, socks5:// or socks5h://, then <user>:<password>@<host>:<port>, with # written as %23, / as %2F, ? as %3F and % as %25; to connect directly, unset it';

export const sayProxyUnencoded = (source: string): ErrorText => [
  `the user name or password in ${source} contains a #, / or ? that is not URL-encoded`,
  PROXY_HINT,
];

export const sayProxyWronglyEncoded = (source: string): ErrorText => [
  `the user name or password in ${source} is not URL-encoded`,
  PROXY_HINT,
];

export const sayProxyNotAUrl = (source: string): ErrorText => [`${source} is not a URL`, PROXY_HINT];

export const sayProxyUnsupported = (source: string, protocol: string): ErrorText => [
  `${source} names a ${protocol.slice(0, 20)}// proxy, which is not supported`,
  PROXY_HINT,
];

export const sayProxyLoginTooLong = (source: string): ErrorText => [
  `the user name or password in ${source} is too long for SOCKS 5`,
  'accepted: up to 255 bytes',
];

export const sayNatsLoginInUrl = (flag: string): ErrorText => [
  `${flag}: a user name, password or token is not allowed in the URL, where other users of this machine can see it`,
  'set NATS_USER and NATS_PASSWORD, or NATS_TOKEN, or pass --nats-creds <file>',
];

export const sayNatsHostsInvalid = (flag: string, hosts: string): ErrorText => [
  `${flag} "${hosts.slice(0, 100)}" is not a list of hosts`,
  'accepted: nats://host[:port][,host[:port]…][/stream], or tls:// for TLS only',
];

export const STREAM_NAME_RULE = '1 to 128 letters, digits, - and _';
export const ACCEPTED_SUBJECT = 'a subject without wildcards, such as atlantis.events or atlantis.{type}';

export const sayNotACredentialsFile = (source: string, path: string): ErrorText => [
  `${source} "${path}" is not a credentials file`,
  'accepted: a credentials file as written by `nsc`',
];

export const sayNoSeed = (path: string): ErrorText => [
  `NATS_NKEY "${path}" does not contain a seed`,
  'accepted: a file with one NKey seed, which starts with S',
];

export const sayNatsCredentials = (host: string, source: string): string =>
  `credentials for ${host}: ${source}`;

/** For --verbose. */
export const saySetting = (name: string, value: string, source: string | undefined): string =>
  `${name}: ${value} (${source})`;

export const TYPES_OR_GLOBS = 'event types or globs, separated by commas';
export const SIMULATOR_NEEDS_NOTHING = 'the simulator needs no URL and no key';
export const THE_SIMULATOR = 'the simulator';
export const BUILT_IN_SIMULATOR = 'the built-in simulator';

export const sayRetryBoundsReversed = (max: string, min: string): ErrorText => [
  `--retry-max ${max} is shorter than --retry-min ${min}`,
  'accepted: a --retry-max of at least --retry-min',
];

export const AT_MOST_FOUR_PATHS = 'at most four paths';
export const ACCEPTED_LAG_PATH = 'a path such as created_at, block.time or items[0].ts';
export const PONGS_NEED_PINGS = 'without pings there is no pong to wait for';
