// Flags of `stream relay` and of `tail --record` → their configuration, or a usage error.
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { parseRelayFlags } from '../../../src/commands/relay/config.ts';
import type { RelayFlags } from '../../../src/commands/relay/flags.ts';
import type { RecordFlags } from '../../../src/commands/tail/flags.ts';
import { parseRecordFlags } from '../../../src/commands/tail/run.ts';
import { parseHttpTarget } from '../../../src/delivery/http/http-sink.ts';
import { UsageError } from '../../../src/errors.ts';
import { createRedactor } from '../../../src/io/redact.ts';
import { makeTempFolder } from '../../helpers/cleanup.ts';

const HTTP = 'https://hooks.example/in';
const NATS = 'nats://127.0.0.1:4222/events';

const [FIRST, SECOND, THIRD] = [1, 2, 3].map((fill) => Buffer.alloc(32, fill)) as [Buffer, Buffer, Buffer];
const secretOf = (key: Buffer): string => `whsec_${key.toString('base64')}`;
const ENV = { HOOK_TOKEN: 'Bearer t0', TEAM: 'blue', HOOK_SECRET: secretOf(FIRST), NAME: 'x' };

const parse = (flags: RelayFlags) =>
  parseRelayFlags({ to: [HTTP], ...flags }, { env: ENV, redactor: createRedactor() });

/** The configuration of the run and of its first sink. */
async function parseOne(flags: RelayFlags) {
  const { sinks, ...run } = await parse(flags);
  return { ...run, ...sinks[0] };
}

async function refusalOf(flags: RelayFlags): Promise<string> {
  try {
    await parse(flags);
  } catch (error) {
    if (error instanceof UsageError) return error.message;
    throw error;
  }
  throw new Error('it was accepted');
}

describe('flags of stream relay', () => {
  test('has the defaults of --help', async () => {
    expect(await parseOne({})).toMatchObject({
      target: { kind: 'http', target: { href: HTTP, host: 'hooks.example', isSecure: true } },
      filter: undefined,
      subject: 'atlantis.{type}',
      lifecycleSubject: 'atlantis._lifecycle',
      streamLimits: undefined,
      idSteps: [{ kind: 'member', name: 'id' }],
      window: 256,
      spool: undefined,
      batch: 1,
      sendTimeoutMs: 10_000,
      headers: {},
      signingKeys: [],
      deadLetter: undefined,
      payload: 'event',
      ceSource: '/atlantis/stream',
      traceparent: false,
      redeliver: undefined,
    });
  });

  test('converts values to ms and bytes, and secrets to keys', async () => {
    const folder = join(makeTempFolder(), 'relay@eu.service');
    mkdirSync(folder);
    writeFileSync(join(folder, 'hook'), `${secretOf(SECOND)}\n`);
    writeFileSync(join(folder, 'own'), `\ufeff${secretOf(THIRD)}\r\n${secretOf(FIRST)}`);
    const { sinks, ...run } = await parse({
      to: [HTTP, NATS],
      subject: 'chain.events',
      create: true,
      streamMaxAge: '24h',
      streamMaxBytes: '10MiB',
      streamReplicas: '3',
      dedupeWindow: '5m',
      id: 'data.items[0].id',
      name: 'taipei-1',
      window: '64',
      spool: 'spool',
      spoolMax: '2MiB',
      spoolSync: '0',
      batch: '50',
      sendTimeout: '3s',
      headerEnv: ['Authorization=HOOK_TOKEN', 'X-Team: TEAM'],
      signWithEnv: ['HOOK_SECRET'],
      signWithFile: [join(folder, 'hook'), `${join(folder, 'own')}@hooks.example`],
      deadLetter: 'dead.ndjson',
    });
    expect(run).toMatchObject({ name: 'taipei-1' });
    expect(sinks[0]).toMatchObject({
      lifecycleSubject: 'chain.events._lifecycle',
      streamLimits: { maxAgeMs: 86_400_000, maxBytes: 10 * 2 ** 20, replicas: 3, dedupeWindowMs: 300_000 },
      window: 64,
      spool: { path: 'spool', maxBytes: 2 * 2 ** 20, syncEveryMs: 0 },
      batch: 50,
      sendTimeoutMs: 3_000,
      signingKeys: [FIRST, SECOND, THIRD, FIRST],
      headers: { Authorization: 'Bearer t0', 'X-Team': 'blue' },
      deadLetter: 'dead.ndjson',
    });
    expect(run.idSteps).toHaveLength(4);
    expect(sinks.map(({ target }) => target.kind)).toEqual(['http', 'nats']);
    // Headers and signing keys are for HTTP sinks; a NATS sink does not get them.
    expect(sinks[1]).toMatchObject({ target: { stream: 'events' }, headers: {}, signingKeys: [] });
  });

  test('row 152 (B12): the spool of a stream does not depend on its servers', async () => {
    const folders = async (...to: string[]) =>
      (await parse({ to })).sinks.map(({ target }) => target.directory);
    const [one] = await folders('nats://a:4222,b:4222/EVENTS');
    expect(one).toMatch(/^EVENTS~[0-9a-f]{8}$/);
    expect(await folders('nats://b:4222,c:4222,a:4222/EVENTS')).toEqual([one]);
    expect(await folders('tls://other/EVENTS')).toEqual([one]);
    // Two clusters with streams of the same name, in any order.
    const [first, second] = await folders('nats://a,b/EVENTS', 'nats://c/EVENTS');
    expect(await folders('nats://c/EVENTS', 'nats://b,a/EVENTS')).toEqual([second, first]);
    expect(new Set([one, first, second]).size).toBe(3);
    // The directory names of an earlier version contained the server that was named first, which may be any of them.
    expect((await parseOne({ to: ['nats://a,b:1/EVENTS'] })).target?.oldDirectories).toEqual([
      expect.stringMatching(/^a-4222-EVENTS-[0-9a-f]{8}$/),
      expect.stringMatching(/^b-1-EVENTS-[0-9a-f]{8}$/),
    ]);
  });

  test('lifecycle records and ids can be turned off, and a secret can be limited to one host', async () => {
    const config = await parseOne({
      lifecycle: false,
      id: false,
      signWithEnv: ['HOOK_SECRET@hooks.example'],
    });
    expect([config.lifecycleSubject, config.idSteps]).toEqual([undefined, undefined]);
    expect(config.signingKeys).toEqual([FIRST]);
    expect((await parseOne({ lifecycleSubject: 'news' })).lifecycleSubject).toBe('news');
  });

  test.each<[string, RelayFlags]>([
    ['a sink is required', { to: [] }],
    ['no stream in the URL', { to: ['nats://127.0.0.1:4222'] }],
    ['twice', { to: [HTTP, HTTP] }],
    ['--subject', { subject: 'a..b' }],
    ['--window', { window: '0' }],
    ['--batch', { batch: 'many' }],
    ['--spool-max and --spool-sync require --spool', { spoolMax: '1GiB' }],
    ['--spool-max and --spool-sync require --spool', { spoolSync: '1s' }],
    ['the same file', { deadLetter: 'a', redeliver: 'a' }],
    ['require --create', { streamMaxAge: '1h' }],
    ['--dedupe-window is longer', { create: true, streamMaxAge: '1m', dedupeWindow: '2m' }],
    ['--dedupe-window (default: 120s) is longer', { create: true, streamMaxAge: '1m' }],
    ['--stream-replicas', { create: true, streamReplicas: '9' }],
    ['invalid --id', { id: 'items[*].id' }],
    ['--name', { name: 'a b' }],
    ['--header-env', { headerEnv: ['Authorization'] }],
    ['--header-env', { headerEnv: ['Bad Header=NAME'] }],
    ['invalid --sign-with-env', { signWithEnv: ['not a name'] }],
  ])('a usage error says: %s', async (words, flags) => {
    expect(await refusalOf(flags)).toContain(words);
  });
});

describe('the URL of an HTTP endpoint', () => {
  test('http:// is accepted for this machine, and for others only with --allow-http', () => {
    expect(parseHttpTarget('--to', 'http://127.0.0.1:8080/', false)).toMatchObject({ isLoopback: true });
    expect(() => parseHttpTarget('--to', 'http://hooks.example/', false)).toThrow('is neither encrypted');
    expect(parseHttpTarget('--to', 'http://hooks.example/', true)).toMatchObject({ isSecure: false });
  });

  test.each([
    ['a password', 'https://user:pa55w0rd@hooks.example/', 'a user name or password is not allowed'],
    ['a fragment', 'https://hooks.example/#pa55w0rd', 'a fragment (#) is not allowed'],
    ['another scheme', 'ftp://hooks.example/pa55w0rd', 'not a URL that events can be sent to'],
    ['a line break', 'https://hooks.example/\npa55w0rd', 'not a URL that events can be sent to'],
  ])('refuses %s without repeating it', (_name, text, words) => {
    expect(() => parseHttpTarget('--to', text, false)).toThrow(words);
    expect(() => parseHttpTarget('--to', text, false)).not.toThrow('pa55w0rd');
  });

  test('row 155: the name of the sink contains neither path nor query, which may be secrets', () => {
    const name = (url: string): string => parseHttpTarget('--to', url, false).name;
    expect(name('https://hooks.example/')).toBe('hooks.example');
    expect(name('https://hooks.example:8443/in')).toMatch(/^hooks\.example:8443#[0-9a-f]{8}$/);
    // The name stays the same if a token in the query changes.
    expect(name('https://hooks.example/in?token=pa55w0rd')).toBe(
      name('https://hooks.example/in?token=other'),
    );
    expect(name('https://hooks.example/in')).not.toBe(name('https://hooks.example/out'));
  });
});

describe('flags of tail --record', () => {
  test('are converted to bytes and ms, and to undefined without --record', () => {
    expect(parseRecordFlags({})).toBeUndefined();
    expect(
      parseRecordFlags({ record: 'a.gz', recordMaxSize: '1MiB', recordMaxAge: '1h', recordKeep: '3' }),
    ).toEqual({ path: 'a.gz', maxBytes: 2 ** 20, maxAgeMs: 3_600_000, keep: 3 });
  });

  test.each<[string, RecordFlags]>([
    ['require --record', { recordMaxSize: '1MB' }],
    ['require --record', { recordKeep: '1' }],
    ['invalid --record ""', { record: '' }],
    ['invalid --record "-"', { record: '-' }],
    ['--record-keep requires', { record: 'a', recordKeep: '1' }],
  ])('are refused with the message: %s', (words, flags) => {
    expect(() => parseRecordFlags(flags)).toThrow(words);
  });
});
