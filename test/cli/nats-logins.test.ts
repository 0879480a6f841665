// Authentication and TLS with a real nats-server: valid credentials work, invalid ones are exit 3 or 11, and secrets
// are never printed.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from '@jest/globals';
import { nkeys } from '@nats-io/transport-node';
import { type Certificates, hasOpenssl, makeCertificates } from '../helpers/certificates.ts';
import { makeTempFolder } from '../helpers/cleanup.ts';
import { createOperator } from '../helpers/nats-jwt.ts';
import { describeWithNats, type NatsServer, startNatsServer } from '../helpers/nats-server.ts';
import { startScriptedServer, streamHandler } from '../helpers/scripted-server.ts';
import { pickRecords, runTail, type StatusRecord, startTail, type TailExit } from '../helpers/tail.ts';

const EVENTS = ['{"n":1}', '{"n":2}'];
const PASSWORD = 'c0rrect-h0rse';

interface Login {
  readonly what: string;
  /** Lines of the server's configuration. */
  readonly config: string;
  readonly right: Credentials;
  readonly wrong: Credentials;
}

/** The flags, environment and secrets of a run. */
interface Credentials {
  readonly args?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  readonly secrets: readonly string[];
}

function writeSecret(content: string): string {
  const file = join(makeTempFolder('file'), 'secret');
  writeFileSync(file, content, { mode: 0o600 });
  return file;
}

function makeSeeds(): Login {
  const [ours, another] = [nkeys.createUser(), nkeys.createUser()].map((user) => ({
    key: user.getPublicKey(),
    seed: Buffer.from(user.getSeed()).toString('ascii'),
  }));
  const give = (seed = ''): Credentials => ({
    env: { NATS_NKEY: writeSecret(`${seed}\n`) },
    secrets: [seed],
  });
  return {
    what: 'a seed, NATS_NKEY',
    config: `authorization { users = [ { nkey: ${ours?.key} } ] }`,
    right: give(ours?.seed),
    wrong: give(another?.seed),
  };
}

function makeCreds(): Login[] {
  const [ours, another] = [createOperator(), createOperator()];
  const read = (creds: string): string[] => [...creds.matchAll(/^(?:ey|SU)\S+$/gm)].map(([text]) => text);
  const give = (creds: string, isFlag: boolean): Credentials => {
    const file = writeSecret(creds);
    const secrets = read(creds);
    return isFlag ? { args: ['--nats-creds', file], secrets } : { env: { NATS_CREDS: file }, secrets };
  };
  return [true, false].map((isFlag) => ({
    what: `a credentials file, ${isFlag ? '--nats-creds' : 'NATS_CREDS'}`,
    config: ours?.config ?? '',
    right: give(ours?.createCreds() ?? '', isFlag),
    wrong: give(another?.createCreds() ?? '', isFlag),
  }));
}

const LOGINS: readonly Login[] = [
  makeSeeds(),
  ...makeCreds(),
  {
    what: 'a password, NATS_USER and NATS_PASSWORD',
    config: `authorization { user: relay, password: "${PASSWORD}" }`,
    right: { env: { NATS_USER: 'relay', NATS_PASSWORD: PASSWORD }, secrets: [PASSWORD] },
    wrong: { env: { NATS_USER: 'relay', NATS_PASSWORD: `${PASSWORD}x` }, secrets: [PASSWORD] },
  },
  {
    what: 'a token, NATS_TOKEN',
    config: `authorization { token: "${PASSWORD}" }`,
    right: { env: { NATS_TOKEN: PASSWORD }, secrets: [PASSWORD] },
    wrong: { env: { NATS_TOKEN: `${PASSWORD}x` }, secrets: [PASSWORD] },
  },
];

/** Relays two events to a stream. */
async function relay(
  to: string,
  { args = [], env = {} }: Partial<Credentials> = {},
  events = EVENTS,
): Promise<TailExit> {
  const server = await startScriptedServer(streamHandler({ events }));
  const words = ['--to', `${to}/LOGIN`, '--create', '--limit', '2', ...args];
  return runTail(server.url, words, { command: 'relay', log: 'json', env });
}

/** Reads two events of the stream with `tail --from`. */
function tail(from: string, { args = [], env = {} }: Partial<Credentials> = {}): Promise<TailExit> {
  const words = ['--from', `${from}/LOGIN`, '--since', '1', '--limit', '2', ...args];
  return runTail('', words, { log: 'json', env });
}

/** The last error, which ended the run; a relay may report others before and retry. */
function lastError(exit: TailExit): StatusRecord {
  const record = pickRecords(exit, 'error').at(-1);
  if (record === undefined) throw new Error(`no error in ${exit.stderr}`);
  return record;
}

describeWithNats('NATS (needs nats-server)', () => {
  describe.each(LOGINS)('$what', ({ config, right, wrong }) => {
    let nats: NatsServer;
    beforeAll(async () => {
      nats = await startNatsServer({ extra: config, lifetime: 'file' });
    });

    test('relay and tail accept valid credentials', async () => {
      const exits = [await relay(nats.url, right), await tail(nats.url, right)];
      expect(exits.map(({ code }) => code)).toEqual([0, 0]);
      expect(exits[1]?.stdout).toBe(`${EVENTS.join('\n')}\n`);
      for (const { stderr } of exits)
        for (const secret of right.secrets) expect(stderr).not.toContain(secret);
    });

    test('exit 3 with a hint for wrong or missing credentials', async () => {
      for (const run of [relay, tail]) {
        for (const given of [wrong, { secrets: [] }]) {
          const exit = await run(nats.url, given);
          expect([exit.stdout, exit.code]).toEqual(['', 3]);
          const { message, hint, exit_code: code } = lastError(exit);
          expect([message, hint, code]).toEqual([
            expect.stringContaining('does not accept the NATS credentials'),
            expect.stringContaining('NATS_CREDS'),
            3,
          ]);
          for (const secret of given.secrets) expect(exit.stderr).not.toContain(secret);
        }
      }
    });
  });

  test('P5: the next connection uses the new content of a replaced credentials file', async () => {
    const store = makeTempFolder();
    const [first, second] = [makeSeeds(), makeSeeds()];
    const read = (login: Login): string => readFileSync(login.right.env?.['NATS_NKEY'] ?? '', 'utf8');
    const nats = await startNatsServer({ store, extra: first.config });
    await relay(nats.url, first.right);
    const words = ['--from', `${nats.url}/LOGIN`, '--since', '1', '--limit', '4', '--retry-max', '250ms'];
    const reader = startTail('', words, { log: 'json', env: first.right.env ?? {} });
    await reader.child.waitForStdout(`${EVENTS.join('\n')}\n`);
    await nats.kill();
    writeFileSync(first.right.env?.['NATS_NKEY'] ?? '', read(second));
    await startNatsServer({ store, extra: second.config, port: nats.port });
    const more = ['{"n":3}', '{"n":4}'];
    expect((await relay(nats.url, second.right, more)).code).toBe(0);
    const exit = await reader.finish();
    expect([exit.code, exit.lines]).toEqual([0, [...EVENTS, ...more]]);
  });

  (hasOpenssl() ? describe : describe.skip)('TLS (needs the openssl command)', () => {
    let made: Certificates;
    beforeAll(() => {
      made = makeCertificates();
    });
    const secure = (certificate: 'good' | 'wrongHost' | 'expired'): Promise<NatsServer> => {
      const { certFile, keyFile } = made[certificate];
      return startNatsServer({ extra: `tls { cert_file: "${certFile}", key_file: "${keyFile}" }` });
    };

    test.each(['tls', 'nats'])(
      '%s:// to a server that requires TLS works with the root certificate of its authority',
      async (scheme) => {
        const { port } = await secure('good');
        const given = { args: ['--ca-cert', made.caFile] };
        const url = `${scheme}://127.0.0.1:${port}`;
        const exits = [await relay(url, given), await tail(url, given)];
        expect(exits.map(({ code, stderr }) => [code, code === 0 ? '' : stderr])).toEqual([
          [0, ''],
          [0, ''],
        ]);
        expect(exits[1]?.stdout).toBe(`${EVENTS.join('\n')}\n`);
      },
    );

    test.each([
      ['tls', 'good', [], /has an unknown issuer/],
      ['nats', 'good', [], /has an unknown issuer/],
      ['tls', 'wrongHost', ['--ca-cert'], /for another host/],
      ['nats', 'wrongHost', ['--ca-cert'], /for another host/],
      ['tls', 'expired', ['--ca-cert'], /has expired/],
    ] as const)(
      '%s:// with the certificate %s and the flags %j: exit 11',
      async (scheme, certificate, flags, words) => {
        const { port } = await secure(certificate);
        const args = flags.flatMap((flag) => [flag, made.caFile]);
        for (const run of [relay, tail]) {
          const exit = await run(`${scheme}://127.0.0.1:${port}`, { args });
          expect([exit.stdout, exit.code]).toEqual(['', 11]);
          expect([lastError(exit).message, lastError(exit).exit_code]).toEqual([
            expect.stringMatching(words),
            11,
          ]);
        }
      },
    );

    test('C7: a server given by address needs a certificate for the address; one for localhost is exit 11', async () => {
      for (const [names, code] of [
        ['IP:127.0.0.1', 0],
        ['DNS:localhost', 11],
      ] as const) {
        const { certFile, keyFile } = made.issue({ names });
        const { port } = await startNatsServer({
          extra: `tls { cert_file: "${certFile}", key_file: "${keyFile}" }`,
        });
        const exit = await relay(`tls://127.0.0.1:${port}`, { args: ['--ca-cert', made.caFile] });
        expect([names, exit.code]).toEqual([names, code]);
        if (code !== 0) expect(lastError(exit).message).toContain('for another host');
      }
    });

    test('row 120: a server that requires a client certificate is exit 11', async () => {
      const { certFile, keyFile } = made.good;
      const files = `cert_file: "${certFile}", key_file: "${keyFile}", ca_file: "${made.caFile}"`;
      const { port } = await startNatsServer({ extra: `tls { ${files}, verify: true }` });
      for (const run of [relay, tail]) {
        const exit = await run(`tls://127.0.0.1:${port}`, { args: ['--ca-cert', made.caFile] });
        expect(lastError(exit)).toMatchObject({ exit_code: 11 });
        expect(lastError(exit).message).toContain('requires a client certificate');
      }
    });

    test('row 100 (B8): with --ca-cert, a server without TLS is exit 11 unless --allow-plaintext is given', async () => {
      const { url } = await startNatsServer();
      const given = { args: ['--ca-cert', made.caFile] };
      expect([(await relay(url, given)).code, (await tail(url, given)).code]).toEqual([11, 11]);
      const allowed = { args: ['--ca-cert', made.caFile, '--allow-plaintext'] };
      expect([(await relay(url, allowed)).code, (await tail(url, allowed)).code]).toEqual([0, 0]);
    });
  });
});
