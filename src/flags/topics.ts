// Help topics of all commands: exit codes, environment, files. Used by `atlantis help <topic>`, the man page and
// docs/reference.md; tests compare README with them.
import { EXIT } from '../errors.ts';

export interface Topic {
  /** As in `atlantis help <name>`. */
  readonly name: string;
  readonly title: string;
  readonly summary: string;
  /** Header of the first column. */
  readonly column: string;
  readonly rows: readonly (readonly [term: string, meaning: string])[];
  /** Shown after the table. */
  readonly remark: string;
}

/** Contract § 2. */
const EXIT_MEANINGS: Readonly<Record<keyof typeof EXIT, string>> = {
  ok: 'stopped as requested: limit or duration reached, stdout closed by its reader, check passed',
  bug: 'a bug in atlantis',
  usage: 'usage error: bad flag, value or URL, or a prompt without a terminal',
  credential: 'no API key, or the server rejected the key (401, 403) or the NATS credentials',
  credit: 'insufficient credit (402)',
  refused: 'rejected for any other reason: other 4xx, a redirect, a response that is not from Atlantis',
  rateLimited: 'rate limited (429), gave up retrying',
  unreachable: 'could not connect, or lost the connection, and gave up retrying',
  protocol:
    'the server violated the protocol; with `--strict`, `--redeliver` or `--inspect`: a file is damaged',
  output: 'stdout or a file could not be written',
  store: 'the profile store cannot be read or changed, is damaged, unsafe or locked',
  tls: 'TLS: the certificate of the server is not trusted, or the connection cannot be encrypted',
  gap: 'events were missed (a gap), with `--fail-on-gap`',
  silence: 'no event arrived in time, with `--max-silence`',
  undelivered: 'a relay was stopped before it had delivered everything',
  timeout: 'timeout: `--timeout` expired, or in a check, `--deadline` expired or `--expect` was not met',
};

const EXIT_ROWS = Object.entries(EXIT_MEANINGS).map(([name, meaning]): readonly [string, string] => [
  String(EXIT[name as keyof typeof EXIT]),
  meaning,
]);

export const TOPICS: readonly Topic[] = [
  {
    name: 'exit-codes',
    title: 'Exit codes',
    summary: 'what each exit code means',
    column: 'code',
    rows: [...EXIT_ROWS, ['129, 130, 143', 'stopped by SIGHUP, SIGINT, SIGTERM']],
    remark: 'A dropped connection never causes exit 0.',
  },
  {
    name: 'environment',
    title: 'Environment',
    summary: 'variables that the command reads',
    column: 'variable',
    rows: [
      ['ATLANTIS_API_KEY', 'API key'],
      ['ATLANTIS_API_KEY_FILE', 'file with the API key, same as `--key-file`'],
      ['ATLANTIS_PROFILE', 'profile to use, same as `--profile`'],
      ['ATLANTIS_URL', 'base or stream URL, same as `--url`'],
      ['ATLANTIS_CONFIG_DIR', 'directory of the profile file (absolute path)'],
      ['NO_COLOR', 'turn colors off (no-color.org)'],
      ['FORCE_COLOR', 'use colors even without a terminal; 0 or false turns them off'],
      [
        'HTTPS_PROXY, ALL_PROXY',
        'HTTP or SOCKS 5 proxy (also in lower case); not used for loopback addresses',
      ],
      ['NO_PROXY', 'hosts to reach without the proxy: domains, addresses, CIDR, *, with or without a port'],
      ['SSL_CERT_FILE', 'file with additional root certificates (PEM), same as `--ca-cert`'],
      ['NODE_EXTRA_CA_CERTS', 'file with additional root certificates (PEM), same as `--ca-cert`'],
      ['NATS_CREDS, NATS_NKEY, NATS_TOKEN', 'NATS credentials: a file, an nkey file, or a token'],
      ['NATS_USER, NATS_PASSWORD', 'NATS user name and password'],
      [
        'NOTIFY_SOCKET, WATCHDOG_USEC',
        'set by systemd; `tail` and `relay` report to it that they are ready and alive',
      ],
      ['GITHUB_ACTIONS', 'if true, `stream check` prints annotations and writes to `GITHUB_STEP_SUMMARY`'],
    ],
    remark: 'Precedence: flag, then environment, then profile or setting.',
  },
  {
    name: 'files',
    title: 'Files',
    summary: 'where profiles and settings are stored',
    column: 'file',
    rows: [
      ['~/.config/atlantis/profiles.json', 'Linux and other Unix systems (or under `XDG_CONFIG_HOME`)'],
      ['~/Library/Preferences/atlantis/profiles.json', 'macOS'],
      ['%APPDATA%\\atlantis\\Config\\profiles.json', 'Windows'],
    ],
    remark:
      'The profile file can be read only by its owner; `atlantis profile path` prints its path. The settings of `atlantis config` are in config.json in the same directory.',
  },
];
