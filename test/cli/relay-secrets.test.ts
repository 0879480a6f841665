// `stream relay`: the URL of a sink may be a secret, and a secret of one sink must not be sent to another.
import { mkdirSync, readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { countWaiting } from '../faults/relay-events.ts';
import { makeTempFolder } from '../helpers/cleanup.ts';
import { type Answer, startHttpEndpoint, takeAll } from '../helpers/http-endpoint.ts';
import { startScriptedServer, streamHandler } from '../helpers/scripted-server.ts';
import { pickRecords, startTail, type TailExit } from '../helpers/tail.ts';

const EVENTS = Array.from({ length: 4 }, (_unused, n) => `{"id":"evt_${n}","n":${n}}`);
const EAGER = ['--retry-min', '250ms', '--retry-max', '250ms'];
const PATH_SECRETS = ['T0123ABCD', 'B9988776655', 'xyzWebhookToken1234567890'];
const QUERY_SECRET = 'query-secret-0123456789';
const TOKEN = 'tok_0123456789abcdef0123456789abcdef';
const SECRET_PATH = `/services/${PATH_SECRETS.join('/')}?token=${QUERY_SECRET}`;

async function relay(args: readonly string[], env: Record<string, string> = {}): Promise<TailExit> {
  const server = await startScriptedServer(streamHandler({ events: EVENTS }));
  const options = { command: 'relay', log: 'json', env } as const;
  return await startTail(server.url, [...args, '--limit', '4', ...EAGER], options).finish();
}

/** Repeats the whole request, so that the end of an excerpt can be in the middle of any secret. */
const echo =
  (statuses: readonly number[], padding = ''): Answer =>
  (request, index, response) => {
    const { url, headers } = request;
    const said = `${padding}${url} ${headers.authorization} ${Buffer.from(String(headers.authorization)).toString('base64')}`;
    response.writeHead(statuses[index] ?? 204).end(said);
  };

describe('row 155 (B8): a webhook URL and its token are secret', () => {
  const secrets = [...PATH_SECRETS, QUERY_SECRET, TOKEN, '/services/', 'token='];
  /** Not even the beginning of a secret may be shown. */
  const starts = secrets.map((secret) => secret.slice(0, 10));

  test.each([
    ['--to-env', 0],
    ['--to-file', 0],
    ...Array.from({ length: 6 }, (_unused, n): [string, number] => ['--to-env', 100 + 17 * n]),
  ])(
    '%s: neither is shown if the endpoint repeats the request after %i characters',
    async (flag, padding) => {
      const endpoint = await startHttpEndpoint(echo([500, 401, 422, 302], 'x'.repeat(padding)));
      const folder = makeTempFolder();
      const url = `http://127.0.0.1:${endpoint.port}${SECRET_PATH}`;
      writeFileSync(join(folder, 'url'), `${url}\n`);
      const [spool, dead] = [join(folder, 'spool'), join(folder, 'dead.ndjson')];
      const exit = await relay(
        [
          ...(flag === '--to-env' ? ['--to-env', 'HOOK_URL'] : ['--to-file', join(folder, 'url')]),
          ...['--header-env', 'Authorization=HOOK_TOKEN', '--spool', spool, '--dead-letter', dead],
        ],
        { HOOK_URL: url, HOOK_TOKEN: `Bearer ${TOKEN}` },
      );
      expect([exit.code, endpoint.accepted.length, endpoint.requests[0]?.url]).toEqual([0, 3, SECRET_PATH]);
      expect(endpoint.requests[0]?.headers.authorization).toBe(`Bearer ${TOKEN}`);
      expect(pickRecords(exit, 'dead-letter')).toHaveLength(1);
      const shown = [exit.stderr, exit.stdout, readFileSync(dead, 'utf8'), ...readdirSync(spool)].join('\n');
      for (const secret of starts) expect(shown).not.toContain(secret);
      expect(shown).not.toContain(Buffer.from(TOKEN).toString('base64').slice(0, 12));
      expect(pickRecords(exit, 'summary')[0]?.['sink']).toMatch(/^127\.0\.0\.1:\d+#[0-9a-f]{8}$/);
      expect(readdirSync(spool)).toEqual([expect.stringMatching(/^127\.0\.0\.1-\d+~[0-9a-f]{8}$/)]);
    },
  );

  test.each([
    [['--to-env', 'NOT_SET_ANYWHERE'], 'the variable NOT_SET_ANYWHERE is not set'],
    [['--to-env', 'https://hooks.example/T0123ABCD'], 'invalid --to-env'],
    [['--to-env', 'BAD_URL'], 'not a URL that events can be sent to'],
    [['--to-env', 'PLAIN_URL'], 'hooks.example is neither encrypted nor on this machine'],
    [['--to-env', 'LOGIN_URL'], 'a user name or password is not allowed'],
    [['--to-file', '/not/there'], 'cannot be read: it does not exist (ENOENT)'],
  ])('%j is refused without repeating the URL', async (args, words) => {
    const env = {
      BAD_URL: 'ftp://hooks.example/T0123ABCD',
      PLAIN_URL: 'http://hooks.example/T0123ABCD',
      LOGIN_URL: 'https://u:T0123ABCD@hooks.example/',
    };
    const exit = await relay(args, env);
    expect([exit.code, exit.stderr.includes('T0123ABCD')]).toEqual([2, false]);
    expect(exit.stderr).toContain(words);
  });

  test('Basic credentials that the endpoint repeats in decoded form are not shown', async () => {
    const login = 'relay-user:pass-word-0123456789';
    const endpoint = await startHttpEndpoint((_request, index, response) => {
      response
        .writeHead(index === 0 ? 500 : 204)
        .end(index === 0 ? `bad login ${login} or pass-word-0123456789` : '');
    });
    const exit = await relay(['--to', endpoint.url, '--header-env', 'Authorization=LOGIN'], {
      LOGIN: `Basic ${Buffer.from(login).toString('base64')}`,
    });
    expect(exit.code).toBe(0);
    expect(exit.stderr).toContain('bad login');
    expect(exit.stderr).not.toContain('pass-word-0123456789');
  });
});

describe('row 76 (B8): the secret of a header', () => {
  const send = async (token: string) => {
    const endpoint = await startHttpEndpoint();
    const exit = await relay(['--to', endpoint.url, '--header-env', 'X-Token=HOOK_TOKEN'], {
      HOOK_TOKEN: token,
    });
    return { ...exit, sent: endpoint.requests.map(({ headers }) => String(headers['x-token'])) };
  };

  test.each([
    ['a line break at its end', `Bearer ${TOKEN}\r\n`, `Bearer ${TOKEN}`],
    ['a byte order mark', `\ufeff${TOKEN}`, TOKEN],
    ['characters that are not Latin', 'clé-€-鍵', 'clé-€-鍵'],
  ])('with %s is sent, as UTF-8', async (_what, token, expected) => {
    const { code, sent } = await send(token);
    expect(code).toBe(0);
    expect(sent.map((text) => Buffer.from(text, 'latin1').toString())).toEqual(EVENTS.map(() => expected));
  });

  test.each(['one-0123\ntwo-0123', 'one-0123\u001btwo-0123', 'one-0123\u0085two-0123'])(
    '%j is exit 2 before any connection is opened, and is not repeated',
    async (token) => {
      const { code, sent, stderr } = await send(token);
      expect([code, sent]).toEqual([2, []]);
      expect(stderr).toContain('the value of HOOK_TOKEN must be one line of text');
      expect(stderr).not.toContain('0123');
    },
  );

  test('with white space only counts as not set: exit 2', async () => {
    const { code, stderr } = await send(' \n');
    expect([code, stderr]).toEqual([2, expect.stringContaining('the variable HOOK_TOKEN is not set')]);
  });
});

describe('row 156: secrets of two endpoints', () => {
  const env = {
    ONE: 'token-of-one-0123',
    TWO: 'token-of-two-0123',
    SIGN: `whsec_${Buffer.alloc(32, 7).toString('base64')}`,
  };
  const hostOf = ({ url }: { readonly url: string }): string => new URL(url).host;

  test('each endpoint receives its own header and signature, and not those of the other one', async () => {
    const [one, two] = [await startHttpEndpoint(), await startHttpEndpoint()];
    const exit = await relay(
      [
        ...['--to', one.url, '--to', two.url],
        ...['--header-env', `X-Token=ONE@${hostOf(one)}`, '--header-env', `X-Token=TWO@${hostOf(two)}`],
        ...['--sign-with-env', `SIGN@${hostOf(one)}`],
      ],
      env,
    );
    expect(exit.code).toBe(0);
    expect(one.requests.map(({ headers }) => headers['x-token'])).toEqual(EVENTS.map(() => env.ONE));
    expect(two.requests.map(({ headers }) => headers['x-token'])).toEqual(EVENTS.map(() => env.TWO));
    expect(one.requests[0]?.headers['webhook-signature']).toMatch(/^v1,/);
    expect(two.requests[0]?.headers['webhook-signature']).toBeUndefined();
  });

  test.each([
    [['--header-env', 'X-Token=ONE'], 'ONE would be used for '],
    [['--sign-with-env', 'SIGN'], 'SIGN would be used for '],
    [['--sign-with-file', '/secret'], '/secret would be used for '],
    [['--header-env', 'X-Token=ONE@elsewhere.example'], 'no HTTP sink has the host elsewhere.example'],
  ])('a secret for no particular host, or for an unknown one, is refused: %j', async (args, words) => {
    const [one, two] = [await startHttpEndpoint(), await startHttpEndpoint()];
    const exit = await relay(['--to', one.url, '--to', two.url, ...args], env);
    expect([exit.code, one.requests.length + two.requests.length]).toEqual([2, 0]);
    expect(exit.stderr).toContain(words);
  });
});

describe('row 152 (B12): a spool of an earlier version', () => {
  const refuse: Answer = (_request, _index, response) => response.writeHead(503).end();

  test.each([
    ['renamed to its name without the path', false],
    ['used as it is, if a folder of this version exists', true],
  ])('is found: %s', async (_what, isThere) => {
    const endpoint = await startHttpEndpoint(refuse);
    const spool = join(makeTempFolder(), 'spool');
    expect((await relay(['--to', endpoint.url, '--spool', spool, '--timeout', '500ms'])).code).toBe(124);
    const [name = ''] = readdirSync(spool);
    expect(countWaiting(spool)).toBe(4);
    const hash = name.slice(-8);
    renameSync(join(spool, name), join(spool, `127.0.0.1-${endpoint.port}-hook-${hash}`));
    if (isThere) mkdirSync(join(spool, name), { mode: 0o700 });
    endpoint.setAnswer(takeAll);
    const exit = await relay(['--to', endpoint.url, '--spool', spool]);
    expect(exit.code).toBe(0);
    expect(endpoint.accepted.map(({ body }) => body)).toEqual([...EVENTS, ...EVENTS]);
    expect(pickRecords(exit, 'warning')).toEqual([]);
    if (!isThere) expect(readdirSync(spool)).toEqual([name]);
  });

  test('of a sink that is not used in this run is reported without the path of its URL', async () => {
    const endpoint = await startHttpEndpoint(refuse);
    const spool = join(makeTempFolder(), 'spool');
    await relay(['--to', endpoint.url, '--spool', spool, '--timeout', '500ms']);
    const [name = ''] = readdirSync(spool);
    renameSync(join(spool, name), join(spool, 'hooks.example-services-T0123ABCD-12345678'));
    const other = await startHttpEndpoint();
    const exit = await relay(['--to', other.url, '--spool', spool]);
    expect(pickRecords(exit, 'warning').map(({ message }) => message)).toEqual([
      expect.stringMatching(/\/hooks\.example\*12345678" contains 4 messages/),
    ]);
    expect(exit.stderr).not.toContain('T0123ABCD');
  });
});
