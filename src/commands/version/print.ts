// `atlantis version`: the version, and with --verbose the facts that a maintainer asks for first.
import { existsSync } from 'node:fs';
import { arch, release } from 'node:os';
import { isAtlantisError } from '../../errors.ts';
import { parseFlags } from '../../flags/definition.ts';
import { GLOBAL_FLAGS, type GlobalFlags } from '../../flags/shared-flags.ts';
import type { Io } from '../../io/io.ts';
import { keyPrefix } from '../../io/key.ts';
import type { OutputTarget } from '../../io/standard-streams.ts';
import { profilesPath } from '../../profiles/read.ts';
import { SIGNS } from '../../render/signs.ts';
import { wantsColor } from '../../settings/stream-config.ts';
import { COMMIT, VERSION } from '../../version.ts';

const PROXY_VARIABLES = ['HTTPS_PROXY', 'ALL_PROXY', 'NO_PROXY'].flatMap((name) => [
  name,
  name.toLowerCase(),
]);
const TERMINAL_VARIABLES = ['TERM', 'LANG', 'LC_ALL', 'NO_COLOR', 'FORCE_COLOR'];
const CI_VARIABLES = [
  'CI',
  'GITHUB_ACTIONS',
  'GITLAB_CI',
  'TF_BUILD',
  'JENKINS_URL',
  'TEAMCITY_VERSION',
  'BUILDKITE',
];
const OTHER_VARIABLES = [
  'ATLANTIS_URL',
  'ATLANTIS_PROFILE',
  'ATLANTIS_CONFIG_DIR',
  'NODE_OPTIONS',
  'SSL_CERT_FILE',
  'NODE_EXTRA_CA_CERTS',
  'NODE_TLS_REJECT_UNAUTHORIZED',
];
/** Printed without their values. */
const SECRETS = ['NATS_CREDS', 'NATS_NKEY', 'NATS_TOKEN', 'NATS_USER', 'NATS_PASSWORD'];

/** @throws OutputError, UsageError */
export function printVersion(flags: GlobalFlags, io: Io): void {
  const { isVerbose } = parseFlags(GLOBAL_FLAGS, flags);
  if (!isVerbose) {
    io.writeOut(`${VERSION}\n`);
    return;
  }
  const rows = listFacts(flags, io);
  const width = Math.max(...rows.map(([name]) => name.length)) + 2;
  io.writeOut(rows.map(([name, value]) => `${name.padEnd(width)}${io.toDisplay(value)}\n`).join(''));
}

function listFacts(flags: GlobalFlags, io: Io): (readonly [string, string])[] {
  const { env } = io;
  const key = env['ATLANTIS_API_KEY'] ?? '';
  if (key !== '') io.redactor.addSecret(key);
  for (const name of PROXY_VARIABLES) {
    const value = env[name];
    if (value !== undefined && URL.canParse(value)) io.redactor.addProxyUrl(value);
  }
  return [
    ['atlantis', `${VERSION}, commit ${COMMIT}`],
    ['node', io.nodeVersion],
    ['platform', `${io.platform} ${arch()}, ${release()}`],
    ['profiles', describeProfiles(io)],
    ['stdout', describeOutput(io.stdout, wantsColor(flags, io, io.stdout.isTty))],
    ['stderr', describeOutput(io.stderr, wantsColor(flags, io, io.stderr.isTty))],
    ['unicode', io.signs === SIGNS ? 'yes' : 'no'],
    ['terminal', listSet(TERMINAL_VARIABLES, env)],
    ['proxy', listSet(PROXY_VARIABLES, env)],
    ['ci', listSet(CI_VARIABLES, env)],
    ['key', key === '' ? 'ATLANTIS_API_KEY is not set' : `ATLANTIS_API_KEY=${keyPrefix(key)}…`],
    [
      'secrets',
      SECRETS.filter((name) => (env[name] ?? '') !== '')
        .map((name) => `${name} is set`)
        .join(', ') || 'none',
    ],
    ['settings', listSet(OTHER_VARIABLES, env)],
  ];
}

function describeProfiles(io: Io): string {
  try {
    const path = profilesPath(io);
    if (path === undefined) return 'no home directory';
    return `${path}${existsSync(path) ? '' : ' (does not exist)'}`;
  } catch (error) {
    if (!isAtlantisError(error)) throw error;
    return error.message;
  }
}

function describeOutput({ isTty, columns }: OutputTarget, useColor: boolean): string {
  const place = isTty ? `terminal, ${columns() ?? 'unknown'} columns` : 'not a terminal';
  return `${place}, ${useColor ? 'colors' : 'no colors'}`;
}

function listSet(names: readonly string[], env: Io['env']): string {
  const set = names.filter((name) => env[name] !== undefined);
  return set.map((name) => `${name}=${env[name]}`).join(' ') || 'nothing is set';
}
