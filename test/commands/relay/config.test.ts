// Flags of `stream relay` and of `tail --record` → their configuration, or a usage error.
import { describe, expect, test } from '@jest/globals';
import { parseRelayFlags } from '../../../src/commands/relay/config.ts';
import type { RelayFlags } from '../../../src/commands/relay/flags.ts';
import type { RecordFlags } from '../../../src/commands/tail/flags.ts';
import { parseRecordFlags } from '../../../src/commands/tail/run.ts';
import { parseHttpTarget } from '../../../src/delivery/http/http-sink.ts';
import { UsageError } from '../../../src/errors.ts';

const HTTP = 'https://hooks.example/in';
const NATS = 'nats://127.0.0.1:4222/events';

const parse = (flags: RelayFlags, env = {}) => parseRelayFlags({ to: [HTTP], ...flags }, env);

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
    expect(await parse({})).toMatchObject({
      targets: [{ kind: 'http', target: { href: HTTP, host: 'hooks.example', isSecure: true } }],
      subject: 'atlantis.{type}',
      lifecycleSubject: 'atlantis._lifecycle',
      retention: undefined,
      idSteps: [{ kind: 'member', name: 'id' }],
      name: undefined,
      window: 256,
      spool: undefined,
      batch: 1,
      sendTimeoutMs: 10_000,
      headerVariables: [],
      signingVariables: [],
      signingFiles: [],
      deadLetter: undefined,
      redeliver: undefined,
    });
  });

  test('converts values to ms and bytes', async () => {
    const config = await parse({
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
      signWithFile: ['/run/credentials/relay@eu.service/hook', 'hook.secret@hooks.example'],
      deadLetter: 'dead.ndjson',
    });
    expect(config).toMatchObject({
      lifecycleSubject: 'chain.events._lifecycle',
      retention: { maxAgeMs: 86_400_000, maxBytes: 10 * 2 ** 20, replicas: 3, dedupeWindowMs: 300_000 },
      name: 'taipei-1',
      window: 64,
      spool: { path: 'spool', maxBytes: 2 * 2 ** 20, syncEveryMs: 0 },
      batch: 50,
      sendTimeoutMs: 3_000,
      signingVariables: [{ variable: 'HOOK_SECRET', host: undefined }],
      signingFiles: [
        { path: '/run/credentials/relay@eu.service/hook', host: undefined },
        { path: 'hook.secret', host: 'hooks.example' },
      ],
      deadLetter: 'dead.ndjson',
    });
    expect(config.headerVariables).toEqual([
      { header: 'Authorization', variable: 'HOOK_TOKEN', host: undefined },
      { header: 'X-Team', variable: 'TEAM', host: undefined },
    ]);
    expect(config.idSteps).toHaveLength(4);
    expect(config.targets.map(({ kind }) => kind)).toEqual(['http', 'nats']);
    expect(config.targets[1]).toMatchObject({ stream: 'events' });
  });

  test('row 152 (B12): the spool of a stream does not depend on its servers', async () => {
    const folders = async (...to: string[]) => (await parse({ to })).targets.map(({ folder }) => folder);
    const [one] = await folders('nats://a:4222,b:4222/EVENTS');
    expect(one).toMatch(/^EVENTS~[0-9a-f]{8}$/);
    expect(await folders('nats://b:4222,c:4222,a:4222/EVENTS')).toEqual([one]);
    expect(await folders('tls://other/EVENTS')).toEqual([one]);
    // Two clusters with streams of the same name, in any order.
    const [first, second] = await folders('nats://a,b/EVENTS', 'nats://c/EVENTS');
    expect(await folders('nats://c/EVENTS', 'nats://b,a/EVENTS')).toEqual([second, first]);
    expect(new Set([one, first, second]).size).toBe(3);
    // Those of an earlier version, for each server that may have been the first one.
    expect((await parse({ to: ['nats://a,b:1/EVENTS'] })).targets[0]?.oldFolders).toEqual([
      expect.stringMatching(/^a-4222-EVENTS-[0-9a-f]{8}$/),
      expect.stringMatching(/^b-1-EVENTS-[0-9a-f]{8}$/),
    ]);
  });

  test('lifecycle records and ids can be turned off, and a secret may be for one host', async () => {
    const config = await parse({ lifecycle: false, id: false, signWithEnv: ['HOOK_SECRET@hooks.example'] });
    expect([config.lifecycleSubject, config.idSteps]).toEqual([undefined, undefined]);
    expect(config.signingVariables).toEqual([{ variable: 'HOOK_SECRET', host: 'hooks.example' }]);
    expect((await parse({ lifecycleSubject: 'news' })).lifecycleSubject).toBe('news');
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
    ['--stream-replicas', { create: true, streamReplicas: '9' }],
    ['invalid --id', { id: 'items[*].id' }],
    ['--name', { name: 'a b' }],
    ['--header-env', { headerEnv: ['Authorization'] }],
    ['--header-env', { headerEnv: ['Bad Header=NAME'] }],
    ['invalid --sign-with-env', { signWithEnv: ['not a name'] }],
  ])('refused, with the name of the flag: %s', async (words, flags) => {
    expect(await refusalOf(flags)).toContain(words);
  });
});

describe('the URL of an HTTP endpoint', () => {
  test('http is accepted for this machine, and elsewhere only with --allow-http', () => {
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

  test('row 155: its name has neither path nor query, which may be secrets', () => {
    const name = (url: string): string => parseHttpTarget('--to', url, false).name;
    expect(name('https://hooks.example/')).toBe('hooks.example');
    expect(name('https://hooks.example:8443/in')).toMatch(/^hooks\.example:8443#[0-9a-f]{8}$/);
    // A new token in the query does not make it another sink.
    expect(name('https://hooks.example/in?token=pa55w0rd')).toBe(
      name('https://hooks.example/in?token=other'),
    );
    expect(name('https://hooks.example/in')).not.toBe(name('https://hooks.example/out'));
  });
});

describe('flags of tail --record', () => {
  test('converts sizes to bytes and ages to ms; undefined without --record', () => {
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
  ])('refused: %s', (words, flags) => {
    expect(() => parseRecordFlags(flags)).toThrow(words);
  });
});
