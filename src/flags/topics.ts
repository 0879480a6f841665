// What concerns every command: exit codes, environment, files. For `atlantis help <topic>`, the man page and
// docs/reference.md; README has the same tables, held to these by a test.
import { EXIT } from '../errors.ts';

export interface Topic {
  /** The word after `atlantis help`. */
  readonly name: string;
  readonly title: string;
  readonly summary: string;
  /** What the terms of `rows` are. */
  readonly column: string;
  readonly rows: readonly (readonly [term: string, meaning: string])[];
  /** What is true of all of them. */
  readonly remark: string;
}

/** Contract § 2. */
const EXIT_MEANINGS: Readonly<Record<keyof typeof EXIT, string>> = {
  ok: 'an end that was asked for: limit or duration reached, the reader of stdout went away, check passed',
  bug: 'a bug in the tool',
  usage: 'usage: bad flag, value or URL, or no terminal to prompt on',
  credential: 'no key, or it is refused (401, 403)',
  credit: 'insufficient credit (402)',
  refused: 'refused otherwise: other 4xx, a redirect, an answer that did not come from Atlantis',
  rateLimited: 'rate limited and gave up',
  unreachable: 'unreachable, or connection lost and gave up',
  protocol: 'the peer broke the protocol',
  output: 'stdout or a file could not be written',
  store: 'the profile store is unreadable, corrupt, unsafe or locked',
  tls: 'TLS trust failure',
  gap: 'gap, with `--fail-on-gap`',
  silence: 'silence, with `--max-silence`',
  timeout: "`--timeout` passed; a check's `--deadline` passed or its `--expect` was not met",
};

const EXIT_ROWS = Object.entries(EXIT_MEANINGS).map(([name, meaning]): readonly [string, string] => [
  String(EXIT[name as keyof typeof EXIT]),
  meaning,
]);

export const TOPICS: readonly Topic[] = [
  {
    name: 'exit-codes',
    title: 'Exit codes',
    summary: 'what the number at the end says',
    column: 'code',
    rows: [...EXIT_ROWS, ['129, 130, 143', 'ended by SIGHUP, SIGINT, SIGTERM']],
    remark: 'A stream that was dropped never ends in 0 by itself.',
  },
  {
    name: 'environment',
    title: 'Environment',
    summary: 'variables that are read',
    column: 'variable',
    rows: [
      ['ATLANTIS_API_KEY', 'the API key'],
      ['ATLANTIS_API_KEY_FILE', 'a file that holds the API key, as `--key-file`'],
      ['ATLANTIS_PROFILE', 'the profile to use, as `--profile`'],
      ['ATLANTIS_URL', 'the base or stream URL, as `--url`'],
      ['ATLANTIS_CONFIG_DIR', 'absolute path of the folder that holds the profiles'],
      ['NO_COLOR', 'no colours (no-color.org)'],
      ['FORCE_COLOR', 'colours also where no terminal is; 0 or false for none'],
      ['HTTPS_PROXY, ALL_PROXY', 'the proxy to connect through, also in lower case; never to this machine'],
      ['NO_PROXY', 'hosts that are reached without one'],
      ['NODE_EXTRA_CA_CERTS', 'a file with further trusted roots (PEM), as `--ca-cert`'],
      ['NATS_CREDS, NATS_NKEY, NATS_TOKEN', 'credentials of `stream relay`: files, or the token'],
      ['NATS_USER, NATS_PASSWORD', 'the same, by name'],
      ['GITHUB_ACTIONS', 'true makes `stream check` annotate, and write to `GITHUB_STEP_SUMMARY`'],
    ],
    remark: 'A flag wins over the environment, which wins over the profile.',
  },
  {
    name: 'files',
    title: 'Files',
    summary: 'where profiles are kept',
    column: 'file',
    rows: [
      ['~/.config/atlantis/profiles.json', 'Linux and other Unix, or below `XDG_CONFIG_HOME`'],
      ['~/Library/Preferences/atlantis/profiles.json', 'macOS'],
      ['%APPDATA%\\atlantis\\Config\\profiles.json', 'Windows'],
    ],
    remark: 'Only their owner can read them. `atlantis profile path` prints the one in use.',
  },
];
