// What `nsc` makes, made at test time: an operator with one account of its own, and users who log in with a
// credentials file. The forms are those of https://docs.nats.io, "JWT".
import { nkeys } from '@nats-io/transport-node';

type KeyPair = ReturnType<typeof nkeys.createUser>;

export interface NatsOperator {
  /** Lines of configuration for the server: it trusts only this operator. */
  readonly config: string;
  /** The content of a credentials file of a new user. */
  createCreds(): string;
}

/** -1: as much as the server has. */
const UNLIMITED = -1;

/** An operator whose account may use all of JetStream. */
export function createOperator(): NatsOperator {
  const operator = nkeys.createOperator();
  const [system, account] = [nkeys.createAccount(), nkeys.createAccount()];
  const limits = ['subs', 'data', 'payload', 'imports', 'exports', 'conn', 'leaf'];
  const storage = ['mem_storage', 'disk_storage', 'streams', 'consumer'];
  const allow = (names: readonly string[]): object =>
    Object.fromEntries(names.map((name) => [name, UNLIMITED]));
  const describeAccount = (more: object): object => ({
    type: 'account',
    version: 2,
    limits: { ...allow(limits), wildcards: true, ...more },
  });
  const operatorToken = sign(operator, operator, { type: 'operator', version: 2 });
  const systemToken = sign(operator, system, describeAccount({}));
  const accountToken = sign(operator, account, describeAccount(allow(storage)));
  return {
    config: `
      operator: ${operatorToken}
      system_account: ${system.getPublicKey()}
      resolver: MEMORY
      resolver_preload: {
        ${system.getPublicKey()}: ${systemToken}
        ${account.getPublicKey()}: ${accountToken}
      }`,
    createCreds() {
      const user = nkeys.createUser();
      const token = sign(account, user, {
        type: 'user',
        version: 2,
        ...allow(['subs', 'data', 'payload']),
      });
      const seed = Buffer.from(user.getSeed()).toString('ascii');
      return [
        '-----BEGIN NATS USER JWT-----',
        token,
        '------END NATS USER JWT------',
        '',
        '-----BEGIN USER NKEY SEED-----',
        seed,
        '------END USER NKEY SEED------',
        '',
      ].join('\n');
    },
  };
}

/** A token about `subject`, signed by `issuer`. */
function sign(issuer: KeyPair, subject: KeyPair, nats: object): string {
  const encode = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');
  const claims = {
    jti: subject.getPublicKey(),
    iat: Math.floor(Date.now() / 1_000),
    iss: issuer.getPublicKey(),
    sub: subject.getPublicKey(),
    name: 'test',
    nats,
  };
  const signed = `${encode({ typ: 'JWT', alg: 'ed25519-nkey' })}.${encode(claims)}`;
  return `${signed}.${Buffer.from(issuer.sign(Buffer.from(signed))).toString('base64url')}`;
}
