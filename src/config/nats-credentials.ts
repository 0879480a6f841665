// Who we are to a NATS server: a file or the environment, in the names that the `nats` command uses too. No flag
// takes a secret (contract P1).
import { UsageError } from '../errors.ts';
import type { Io } from '../io.ts';
import { readNamedFile } from './read-file.ts';

export type NatsCredentials =
  | { readonly kind: 'creds'; readonly content: Buffer }
  | { readonly kind: 'nkey'; readonly seed: Buffer }
  | { readonly kind: 'password'; readonly user: string; readonly password: string }
  | { readonly kind: 'token'; readonly token: string };

/** What was found, and who says so. */
export interface FoundCredentials {
  readonly credentials: NatsCredentials | undefined;
  readonly source: string;
}

/**
 * The flag, then NATS_CREDS, NATS_NKEY, NATS_USER with NATS_PASSWORD, NATS_TOKEN; whatever is secret in it is
 * known to the redactor from here on.
 *
 * @throws UsageError for a file that cannot be read or holds something else
 */
export async function readNatsCredentials(
  flag: string | undefined,
  { env, redactor }: Io,
): Promise<FoundCredentials> {
  const read = (name: string): string | undefined => (env[name] === '' ? undefined : env[name]);
  const credsPath = flag ?? read('NATS_CREDS');
  if (credsPath !== undefined) {
    const source = flag === undefined ? 'NATS_CREDS' : '--nats-creds';
    const content = await readSecretFile(source, credsPath);
    const secrets = [...content.toString('utf8').matchAll(/-{3,}BEGIN [^-]+-{3,}\s+(\S+)\s/g)];
    if (secrets.length < 2) {
      throw new UsageError(
        `${source}: "${credsPath}" is not a credentials file`,
        'accepted: what `nsc` writes',
      );
    }
    for (const [, secret = ''] of secrets) redactor.addSecret(secret);
    return { credentials: { kind: 'creds', content }, source };
  }
  const nkeyPath = read('NATS_NKEY');
  if (nkeyPath !== undefined) {
    const seed = (await readSecretFile('NATS_NKEY', nkeyPath)).toString('utf8').trim();
    if (!/^S[A-Z2-7]{50,}$/.test(seed)) {
      throw new UsageError(`NATS_NKEY: "${nkeyPath}" holds no seed`, 'accepted: a file with one seed, S…');
    }
    redactor.addSecret(seed);
    return { credentials: { kind: 'nkey', seed: Buffer.from(seed) }, source: 'NATS_NKEY' };
  }
  const [user, password = '', token] = ['NATS_USER', 'NATS_PASSWORD', 'NATS_TOKEN'].map(read);
  if (user !== undefined) {
    redactor.addSecret(password);
    return { credentials: { kind: 'password', user, password }, source: 'NATS_USER' };
  }
  if (token !== undefined) {
    redactor.addSecret(token);
    return { credentials: { kind: 'token', token }, source: 'NATS_TOKEN' };
  }
  return { credentials: undefined, source: 'nowhere' };
}

async function readSecretFile(source: string, path: string): Promise<Buffer> {
  try {
    return await readNamedFile(path);
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? 'unknown error';
    throw new UsageError(`${source}: "${path}" cannot be read (${code})`, 'accepted: a readable file');
  }
}
