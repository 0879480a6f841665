// The sinks of a relay, from `--to`, `--to-env` and `--to-file`, and the secrets that each of them gets.
import { type HttpTarget, parseHttpTarget } from '../../delivery/http/http-sink.ts';
import { UsageError } from '../../errors.ts';
import { sha256 } from '../../events/event-id.ts';
import type { Environment } from '../../io/platform.ts';
import { isNatsUrl, type NatsAddress, parseNatsUrl } from '../../settings/nats-address.ts';
import { HEADER_NAME, type RelayValues } from './flags.ts';
import * as say from './messages.ts';
import { readText, VARIABLE_NAME } from './secrets.ts';

interface SpoolNames {
  readonly directory: string;
  /** Names that an earlier version, or a relay configured with flags, may have given to the directory. */
  readonly oldDirectories: readonly string[];
}

export type RelayTarget = SpoolNames &
  (
    | { readonly kind: 'nats'; readonly address: NatsAddress; readonly stream: string }
    | { readonly kind: 'http'; readonly target: HttpTarget }
  );

type TargetValues = Pick<RelayValues, 'to' | 'toEnv' | 'toFile' | 'stream' | 'allowHttp'>;

/** @throws UsageError; its message never contains a URL from a variable or a file */
export async function parseTargets(values: RelayValues, env: Environment): Promise<RelayTarget[]> {
  const found = await listTargets(values, env);
  if (found.length === 0) {
    throw new UsageError(...say.saySinkRequired());
  }
  const targets = separateStreams(found);
  if (new Set(targets.map(({ directory }) => directory)).size < targets.length) {
    throw new UsageError(...say.saySinkTwice());
  }
  return targets;
}

/** The targets in the flags, or in the settings of one sink of a configuration file. @throws as `parseTargets` */
export async function listTargets(values: TargetValues, env: Environment): Promise<RelayTarget[]> {
  const given = [
    ...values.to.map((url) => ({ flag: '--to', url })),
    ...values.toEnv.map((name) => ({ flag: `--to-env ${name}`, url: readUrlVariable(name, env) })),
    ...(await Promise.all(
      values.toFile.map(async (path) => ({
        flag: `--to-file "${path}"`,
        url: await readText('--to-file', path),
      })),
    )),
  ];
  return given.map(({ flag, url }) => parseTarget(flag, url, values));
}

/** A spool that was named after the target is taken over. */
export function nameSpoolOf(target: RelayTarget, name: string): RelayTarget {
  return {
    ...target,
    directory: nameDirectory(name, name),
    oldDirectories: [target.directory, ...target.oldDirectories],
  };
}

function readUrlVariable(name: string, env: Environment): string {
  const url = VARIABLE_NAME.test(name) ? (env[name] ?? '').trim() : undefined;
  if (url === undefined) {
    throw new UsageError(...say.sayInvalidUrlVariable());
  }
  if (url === '') throw new UsageError(...say.sayVariableMissing('--to-env', name));
  return url;
}

function parseTarget(flag: string, url: string, { stream, allowHttp }: TargetValues): RelayTarget {
  if (!isNatsUrl(url)) {
    const target = parseHttpTarget(flag, url, allowHttp);
    const { host, identity } = target;
    return {
      kind: 'http',
      target,
      directory: nameDirectory(host, identity),
      oldDirectories: [nameOldDirectory(identity)],
    };
  }
  const address = parseNatsUrl(flag, url);
  const name = address.stream ?? stream;
  if (name === undefined) {
    throw new UsageError(...say.sayNoStream(flag, address.host));
  }
  // The spool belongs to the stream, since the servers of a cluster change.
  return {
    kind: 'nats',
    address,
    stream: name,
    directory: nameDirectory(name, name),
    oldDirectories: address.servers.map((server) => nameOldDirectory(`${server}/${name}`)),
  };
}

/** If streams in two clusters have the same name, the hash in the name of the spool covers the servers, too. */
function separateStreams(targets: readonly RelayTarget[]): RelayTarget[] {
  return targets.map((target, at) => {
    const isUnique = targets.every(({ directory }, other) => other === at || directory !== target.directory);
    if (isUnique || target.kind === 'http') return target;
    const { address, stream } = target;
    return {
      ...target,
      directory: nameDirectory(stream, `${[...address.servers].sort().join(',')}/${stream}`),
    };
  });
}

/** A readable and unique name. It shows no path, which may be a secret. */
function nameDirectory(readable: string, identity: string, separator = '~'): string {
  const start = readable.replace(/[^A-Za-z0-9._-]+/g, '-').slice(0, 60);
  return `${start}${separator}${sha256(identity).slice(0, 8)}`;
}

/** As earlier versions named it. */
const nameOldDirectory = (name: string): string => nameDirectory(name.replace(/^https?:\/\//, ''), name, '-');

export interface SecretScope {
  /** Undefined: for all HTTP sinks. */
  readonly host: string | undefined;
}

export interface SecretVariable extends SecretScope {
  readonly variable: string;
}

interface SecretFile extends SecretScope {
  readonly path: string;
}

/** @param text `NAME` or `NAME@host` */
export function parseSecretVariable(text: string): SecretVariable | undefined {
  const [, variable = '', host] = /^([^@]*)(?:@(\S+))?$/.exec(text) ?? [];
  return VARIABLE_NAME.test(variable) ? { variable, host: host?.toLowerCase() } : undefined;
}

/** @param text `path` or `path@host` */
export function parseSecretFile(text: string): SecretFile {
  const [, path = text, host] = /^(.+)@([^@/\\]+)$/.exec(text) ?? [];
  return { path, host: host?.toLowerCase() };
}

interface HeaderVariable extends SecretVariable {
  readonly header: string;
}

export function parseHeaderVariable(text: string): HeaderVariable {
  const [, header = '', rest = ''] = /^([^=:\s]+)\s*[=:]\s*(\S+)$/.exec(text) ?? [];
  const secret = parseSecretVariable(rest);
  if (HEADER_NAME.test(header) && secret !== undefined) return { header, ...secret };
  throw new UsageError(...say.sayInvalidHeaderVariable());
}

/** A secret can name only the host of an HTTP sink, and must do so if there are several hosts. @throws UsageError */
export function assertSecretsHaveHosts(
  flag: string,
  secrets: readonly (SecretVariable | SecretFile)[],
  targets: readonly RelayTarget[],
): void {
  const hosts = new Set(targets.flatMap((sink) => (sink.kind === 'http' ? [sink.target.host] : [])));
  for (const { host, ...place } of secrets) {
    if (host === undefined && hosts.size > 1) {
      throw new UsageError(
        ...say.saySecretForHosts(flag, 'path' in place ? place.path : place.variable, [...hosts]),
      );
    }
    if (host !== undefined && !hosts.has(host)) {
      throw new UsageError(...say.saySecretForUnknownHost(flag, host, [...hosts]));
    }
  }
}
