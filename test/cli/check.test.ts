// `stream check` through every step that can fail, against a server that the test scripts.

import { beforeAll, describe, expect, test } from '@jest/globals';
import { CANARY_KEY, CANARY_PREFIX } from '../helpers/canary.ts';
import { type Certificates, hasOpenssl, makeCertificates } from '../helpers/certificates.ts';
import { runCheck, startCheck } from '../helpers/check.ts';
import { makeTempFolder } from '../helpers/cleanup.ts';
import { runCli } from '../helpers/run-cli.ts';
import { type Peer, type Script, startScriptedServer, streamHandler } from '../helpers/scripted-server.ts';
import { expectSoon } from '../helpers/soon.ts';
import { tunnelTo } from '../helpers/tunnel.ts';

const describeTls = hasOpenssl() ? describe : describe.skip;
const FOR_EVER = new Promise<void>(() => {});

/** `failed` is the step that must have failed; every later step must be skipped by name. */
function expectFailure(
  exit: Awaited<ReturnType<typeof runCheck>>,
  step: string,
  cause: string,
  code: number,
) {
  expect([exit.report.failed_step, exit.failed?.error?.cause, exit.code]).toEqual([step, cause, code]);
  const names = exit.report.steps.map(({ name }) => name);
  for (const { name, status, summary } of exit.report.steps.slice(
    names.indexOf(exit.report.failed_step ?? 'events') + 1,
  )) {
    expect([name, status]).toEqual([name, 'skipped']);
    expect(summary).toBe(`${step} failed`);
  }
  expect(exit.stderr).toContain('atlantis: error: ');
  // A hint is one line in the report, in JUnit and on stderr.
  expect(exit.failed?.error?.hint ?? '').not.toContain('\n');
}

const envelope = (code: string): string => JSON.stringify({ error: { code, message: 'as the test says' } });
const JSON_TYPE = { 'Content-Type': 'application/json' };

describe('a check that passes', () => {
  test('reports each step with its figures, and closes the connection properly', async () => {
    const server = await startScriptedServer(async (peer) => {
      peer.answerPings();
      peer.answerClose();
      await peer.accept({
        headers: { 'X-Request-Id': 'req-1', 'X-Credit-Cost': '2', 'X-Credit-Remaining': '98' },
      });
      await peer.welcome();
    });
    const exit = await runCheck(server.url.replace('127.0.0.1', 'localhost'));
    expect(exit.code).toBe(0);
    expect(exit.stderr).toBe('');
    expect(exit.report).toMatchObject({ ok: true, failed_step: null, expectations: [] });
    expect(exit.statuses).toEqual({
      settings: 'ok',
      lookup: 'ok',
      connect: 'ok',
      proxy: 'skipped',
      tls: 'skipped',
      upgrade: 'ok',
      welcome: 'ok',
      identity: 'ok',
      keepalive: 'ok',
      events: 'skipped',
    });
    expect(exit.step('settings').details).toMatchObject({
      url_source: '--url',
      key_prefix: CANARY_PREFIX,
      key_source: 'ATLANTIS_API_KEY',
    });
    expect(exit.step('lookup').details['addresses']).toContain('127.0.0.1');
    expect(exit.step('connect').details).toEqual({ address: '127.0.0.1', port: server.port });
    expect(exit.step('upgrade').details).toEqual({
      status: 101,
      request_id: 'req-1',
      credit_cost: 2,
      credit_remaining: 98,
    });
    expect(exit.step('upgrade').summary).toBe('101, request id req-1, credit cost 2, credit remaining 98');
    expect(exit.step('keepalive').details['round_trips_ms']).toHaveLength(3);
    expect(exit.step('keepalive').summary).toMatch(
      /^3 of 3 pings answered, round trips \d+\.\d, \d+\.\d, \d+\.\d ms$/,
    );
    for (const { name, status, duration_ms: ms } of exit.report.steps) {
      if (status === 'ok' && name !== 'identity') expect([name, ms > 0]).toEqual([name, true]);
    }
    expect(exit.step('events').summary).toBe('no --expect');
    const [attempt] = server.attempts;
    expect(server.attempts).toHaveLength(1);
    expect(attempt?.frames.filter(({ payload }) => payload.toString() === 'ping')).toHaveLength(3);
    expect(attempt?.closeFrame?.code).toBe(1000);
  });

  test('keepalive is skipped if it is turned off', async () => {
    const server = await startScriptedServer(streamHandler());
    const exit = await runCheck(server.url, ['--ping-interval', '0']);
    expect([exit.code, exit.step('keepalive').summary]).toEqual([0, 'turned off by --ping-interval 0']);
  });

  test('the report names the profile and the source of each value', async () => {
    const server = await startScriptedServer(streamHandler());
    const env = { ATLANTIS_CONFIG_DIR: makeTempFolder() };
    const url = `http://127.0.0.1:${server.port}`;
    const added = await runCli(['profile', 'add', 'ci', '--url', url, '--key-stdin'], {
      env,
      stdin: `${CANARY_KEY}\n`,
    });
    expect(added.code).toBe(0);
    const { stdout, code } = await runCli(['stream', 'check'], { env });
    expect(stdout).toContain(
      `profile ci (the active profile), ${url} (profile "ci"), key ${CANARY_PREFIX}… (profile "ci")`,
    );
    expect(code).toBe(0);
  });
});

describe('H1: the first failure decides the exit code', () => {
  test('settings: no key is exit 3, no URL is exit 2, without a connection', async () => {
    const exit = await runCheck('http://127.0.0.1:9', [], { env: { ATLANTIS_API_KEY: undefined } });
    expectFailure(exit, 'settings', 'credential', 3);
    const noUrl = await runCli(['stream', 'check', '--json'], { key: CANARY_KEY });
    expect(noUrl.code).toBe(2);
    expect(JSON.parse(noUrl.stdout)).toMatchObject({ failed_step: 'settings', exit_code: 2 });
  });

  test('name lookup: a name that does not exist is exit 7', async () => {
    const exit = await runCheck('https://atlantis.invalid', []);
    expect([exit.report.failed_step, exit.code]).toEqual(['lookup', 7]);
  });

  test('TCP: a refused port is exit 7', async () => {
    const server = await startScriptedServer(() => FOR_EVER);
    await server.close();
    const exit = await runCheck(server.url);
    expectFailure(exit, 'connect', 'refused', 7);
    expect(exit.step('lookup').summary).toBe('127.0.0.1 is an IP address');
  });

  test('upgrade: a server that does not answer exits 7 after the connect timeout', async () => {
    const server = await startScriptedServer(() => FOR_EVER);
    const exit = await runCheck(server.url, ['--connect-timeout', '300ms']);
    expectFailure(exit, 'upgrade', 'timed-out', 7);
    expect(exit.failed?.summary).toContain('no response within 300 ms');
  });

  const refusals: readonly (readonly [number, string, string, number])[] = [
    [401, 'unauthorized', 'unauthorized', 3],
    [402, 'insufficient_credit', 'no-credit', 4],
    [403, 'forbidden', 'forbidden', 3],
    [429, 'rate_limited', 'rate-limited', 6],
    [503, 'service_unavailable', 'unavailable', 7],
  ];
  test.each(refusals)(
    'upgrade: %d %s is %s, exit %d, after one attempt',
    async (status, code, cause, exitCode) => {
      const headers = { ...JSON_TYPE, 'X-Request-Id': 'req-9', 'Retry-After': '7' };
      const server = await startScriptedServer((peer) => peer.respond(status, headers, envelope(code)));
      const exit = await runCheck(server.url);
      expectFailure(exit, 'upgrade', cause, exitCode);
      expect(exit.failed?.details).toMatchObject({ status, error_code: code, request_id: 'req-9' });
      if (status === 429) expect(exit.failed?.summary).toContain('it asks clients to retry in 7.0 s');
      expect(server.attempts).toHaveLength(1);
    },
  );

  test.each([
    [200, 'not-websocket', 8],
    [403, 'not-atlantis', 5],
    [502, 'unavailable', 7],
  ])('upgrade: HTML from a middlebox with %d is %s, exit %d', async (status, cause, code) => {
    const html = '<html><title>Login</title></html>';
    const server = await startScriptedServer((peer) =>
      peer.respond(status, { 'Content-Type': 'text/html' }, html),
    );
    const exit = await runCheck(server.url);
    expectFailure(exit, 'upgrade', cause, code);
    expect(exit.stdout).not.toContain('<html');
  });

  test('welcome: no welcome, or another first message, is exit 8', async () => {
    const server = await startScriptedServer(async (peer) => void (await peer.accept()));
    const silent = await runCheck(server.url, ['--connect-timeout', '300ms']);
    expectFailure(silent, 'welcome', 'no-welcome', 8);
    server.setScript(async (peer) => {
      await peer.accept();
      await peer.sendText('{"type":"large_transfer"}');
    });
    expectFailure(await runCheck(server.url), 'welcome', 'bad-welcome', 8);
  });

  test('identity: the prefix of another key is exit 3, and both are shown', async () => {
    const server = await startScriptedServer(async (peer) => {
      peer.answerClose();
      await peer.accept();
      await peer.welcome('ak_live_f0f0f0f0f0f0');
    });
    const exit = await runCheck(server.url);
    expectFailure(exit, 'identity', 'foreign-key', 3);
    expect(exit.failed?.details).toEqual({
      key_prefix: 'ak_live_f0f0f0f0',
      expected_key_prefix: CANARY_PREFIX,
    });
  });

  const welcomeOnly = async (peer: Peer): Promise<void> => {
    peer.answerClose();
    await peer.accept();
    await peer.welcome();
  };

  test('keepalive: no pong is exit 7; no pong between events, or another text instead, is exit 8', async () => {
    const server = await startScriptedServer(welcomeOnly);
    const dead = await runCheck(server.url, ['--pong-timeout', '300ms']);
    expectFailure(dead, 'keepalive', 'silent', 7);
    server.setScript(async (peer) => {
      await welcomeOnly(peer);
      for (;;) {
        await peer.nextText();
        await peer.sendText('{"type":"tick"}');
      }
    });
    expectFailure(await runCheck(server.url, ['--pong-timeout', '300ms']), 'keepalive', 'no-pong', 8);
    server.setScript(async (peer) => {
      await welcomeOnly(peer);
      await peer.nextText();
      await peer.sendText('Pong!');
    });
    expectFailure(await runCheck(server.url, ['--pong-timeout', '300ms']), 'keepalive', 'no-pong', 8);
  });

  test('keepalive, events: a lost connection is exit 7', async () => {
    const server = await startScriptedServer(async (peer) => {
      await welcomeOnly(peer);
      await peer.nextText();
      peer.reset();
    });
    expectFailure(await runCheck(server.url), 'keepalive', 'dropped', 7);
    server.setScript(async (peer) => {
      await welcomeOnly(peer);
      for (let pings = 0; pings < 3; pings += 1) {
        await peer.nextText();
        await peer.sendText('pong');
      }
      await peer.sendClose(1001, 'going away');
    });
    const closed = await runCheck(server.url, ['--expect', 'type=x']);
    expectFailure(closed, 'events', 'closed-by-server', 7);
    expect(closed.failed?.details['close_code']).toBe(1001);
  });
});

describe('H3: --expect', () => {
  const transfer = (fields = ''): string =>
    `{"type":"large_transfer","amount":12345678901234567890${fields}}`;

  test('is met by matching events, also if they arrive among the pongs', async () => {
    const events = [transfer(), '{"type":"address_activity"}', transfer()];
    const server = await startScriptedServer(streamHandler({ events }));
    const exit = await runCheck(server.url, [
      ...['--expect', 'type=large_transfer', '--min', '2'],
      ...['--expect', 'type=large_transfer', '--expect', 'amount > 12345678901234567889'],
    ]);
    expect(exit.code).toBe(0);
    expect(exit.report.expectations).toMatchObject([
      { expression: 'type=large_transfer', min: 2, matched: 2, met: true },
      { matched: 2 },
      { expression: 'amount > 12345678901234567889', matched: 2, met: true },
    ]);
  });

  test('other events are exit 124, with only their types and counts', async () => {
    const events = [
      '{"type":"address_activity","secret":"s3cret"}',
      '{"event":"other"}',
      '[1]',
      '{"type":"address_activity"}',
    ];
    const server = await startScriptedServer(streamHandler({ events }));
    const exit = await runCheck(server.url, ['--expect', 'type=large_transfer', '--within', '400ms']);
    expectFailure(exit, 'events', 'expectation', 124);
    expect(exit.failed?.summary).toBe(
      'type=large_transfer: expected 1, got 0 in 0.40 s; received: 2 address_activity, 1 other, 1 (no type)',
    );
    expect(exit.failed?.details).toEqual({
      events: 4,
      types: [
        { type: 'address_activity', count: 2 },
        { type: 'other', count: 1 },
        { type: '(no type)', count: 1 },
      ],
      discarded: 0,
    });
    expect(exit.stdout + exit.stderr).not.toContain('s3cret');
  });

  test('--min applies to each expectation, and the failure names only those that are not met', async () => {
    const events = [transfer(), transfer(), '{"type":"address_activity"}', '{"type":"address_activity"}'];
    const server = await startScriptedServer(streamHandler({ events: [...events, transfer()] }));
    const exit = await runCheck(server.url, [
      ...['--expect', 'type=large_transfer', '--expect', 'type=address_activity'],
      ...['--min', '3', '--within', '400ms'],
    ]);
    expectFailure(exit, 'events', 'expectation', 124);
    expect(exit.report.expectations).toMatchObject([
      { matched: 3, met: true },
      { matched: 2, met: false },
    ]);
    expect(exit.failed?.summary).toBe(
      'type=address_activity: expected 3, got 2 in 0.40 s; received: 3 large_transfer, 2 address_activity',
    );
  });

  test('a mistyped type: the hint is one line and names the similar type that was received', async () => {
    const server = await startScriptedServer(streamHandler({ events: [transfer()] }));
    const exit = await runCheck(server.url, ['--expect', 'type=large_transfre', '--within', '300ms']);
    expectFailure(exit, 'events', 'expectation', 124);
    expect(exit.failed?.error?.hint).toMatch(/large_transfer.*; check the subscriptions of the key/);
    expect(exit.stderr).not.toContain('\\u000a');
  });

  test('events that arrive after --within are exit 124', async () => {
    const finish = async (peer: Peer): Promise<void> => {
      await new Promise((resolve) => setTimeout(resolve, 600));
      await peer.sendText(transfer());
    };
    const server = await startScriptedServer(streamHandler({ finish }));
    const exit = await runCheck(server.url, ['--expect', 'type=large_transfer', '--within', '300ms']);
    expectFailure(exit, 'events', 'expectation', 124);
    expect(exit.failed?.summary).toContain('received: none');
  });

  describe('--within counts from the welcome, also while the pongs are slow', () => {
    /** Sends `first` after the welcome; after --within has passed, sends `then` and only then the pongs. */
    const startSlow = (first: readonly string[], then: readonly string[]) =>
      startScriptedServer(async (peer) => {
        peer.answerClose();
        await peer.accept();
        await peer.welcome();
        for (const event of first) await peer.sendText(event);
        await peer.nextText();
        await new Promise((resolve) => setTimeout(resolve, WITHIN_MS * 2));
        for (const event of then) await peer.sendText(event);
        await peer.sendText('pong');
        for (let pings = 1; pings < 3; pings += 1) {
          await peer.nextText();
          await peer.sendText('pong');
        }
        await peer.nextText();
      });
    const WITHIN_MS = 400;
    const args = ['--expect', 'type=large_transfer', '--within', `${WITHIN_MS}ms`];

    test('events in time count, even if the events step begins after --within has passed', async () => {
      const server = await startSlow([transfer()], []);
      const exit = await runCheck(server.url, args);
      expect([exit.code, exit.report.expectations[0]?.matched]).toEqual([0, 1]);
      expectSoon(exit.step('events').duration_ms, WITHIN_MS / 2);
    });

    test('late events do not count, even if they arrive before the pongs', async () => {
      const server = await startSlow(['{"type":"other"}'], [transfer(), transfer()]);
      const exit = await runCheck(server.url, args);
      expectFailure(exit, 'events', 'expectation', 124);
      expect(exit.report.expectations).toMatchObject([{ matched: 0, late: 0, met: false }]);
      expect(exit.failed?.summary).toBe(
        'type=large_transfer: expected 1, got 0 in 0.40 s; received: 1 other (and 2 after --within expired)',
      );
      expect(exit.failed?.details).toMatchObject({ events: 1, types: [{ type: 'other', count: 1 }] });
      expectSoon(exit.failed?.duration_ms ?? Number.NaN, WITHIN_MS / 2);
    });
  });

  test('events beyond --max-lag, or without a time, do not count', async () => {
    const at = (ms: number): string => new Date(Date.now() + ms).toISOString();
    const old = [
      transfer(`,"timestamp":"${at(-60_000)}"`),
      transfer(`,"ts":${Math.round(Date.now() / 1000) - 60}`),
      transfer(),
    ];
    const server = await startScriptedServer(streamHandler({ events: old }));
    const args = ['--expect', 'type=large_transfer', '--within', '400ms', '--max-lag', '20s'];
    const exit = await runCheck(server.url, args);
    expectFailure(exit, 'events', 'expectation', 124);
    expect(exit.report.expectations).toMatchObject([{ matched: 0, late: 2, untimed: 1, met: false }]);
    expect(exit.failed?.summary).toMatch(/\(and 2 later than --max-lag, 1 without a timestamp, lag .+\)/);
    server.setScript(streamHandler({ events: [transfer(`,"block":{"time":"${at(-1_000)}"}`)] }));
    const fresh = await runCheck(server.url, [...args, '--lag-field', 'block.time', '--within', '1h']);
    expect([fresh.code, fresh.report.expectations[0]?.matched]).toEqual([0, 1]);
  });

  test('row 126: events dated in the future do not count, and the hint names the clock', async () => {
    const at = (ms: number): string => transfer(`,"timestamp":"${new Date(Date.now() + ms).toISOString()}"`);
    const server = await startScriptedServer(streamHandler({ events: [at(3_605_000), at(3_606_000)] }));
    const args = ['--expect', 'type=large_transfer', '--within', '400ms', '--max-lag', '10s', '--verbose'];
    const ahead = await runCheck(server.url, args);
    expectFailure(ahead, 'events', 'expectation', 124);
    expect(ahead.report.expectations).toMatchObject([{ matched: 0, late: 0, future: 2, met: false }]);
    const { min_lag_ms: min, max_lag_ms: max } = ahead.report.expectations[0] ?? {};
    expect([Math.round((min ?? 0) / 60_000), Math.round((max ?? 0) / 60_000)]).toEqual([-60, -60]);
    expect(ahead.failed?.summary).toMatch(/\(and 2 with a timestamp in the future, lag -1h 0m\)/);
    expect(ahead.failed?.error?.hint).toMatch(/^check the clock of this machine/);
    // The clock of this machine is slow.
    server.setScript(streamHandler({ events: [at(-7_205_000)] }));
    const slow = await runCheck(server.url, args);
    expect(slow.report.expectations).toMatchObject([{ late: 1, future: 0 }]);
    expect(slow.failed?.error?.hint).toMatch(/^check the clock of this machine/);
    // A small skew counts, and is reported.
    server.setScript(streamHandler({ events: [at(5_000)] }));
    const skewed = await runCheck(server.url, [...args, '--within', '1h']);
    expect([skewed.code, skewed.report.expectations[0]?.matched]).toEqual([0, 1]);
    expect(skewed.step('events').summary).toMatch(/^1 for type=large_transfer \(lag -[45]\.\d s\)$/);
    const few = await runCheck(server.url, [...args, '--min', '2']);
    expect(few.failed?.summary).toMatch(/: expected 2, got 1 \(lag -[45]\.\d s\) in /);
  });

  test('a flood is read until --within has passed, in bounded memory', async () => {
    async function* flood(): AsyncGenerator<string> {
      for (let n = 0; ; n += 1) {
        // The server's pongs need a turn of the loop, too.
        if (n % 100 === 0) await new Promise((resolve) => setImmediate(resolve));
        yield `{"type":"kind-${n % 200}","filler":"${'x'.repeat(200)}"}`;
      }
    }
    const server = await startScriptedServer(streamHandler({ events: flood() }));
    // Two processes, because the flood would leave no time for a reader in the same process.
    const exit = await runCheck(server.url, ['--expect', 'type=large_transfer', '--within', '1s'], {
      spawned: true,
    });
    expectFailure(exit, 'events', 'expectation', 124);
    const types = exit.failed?.details['types'] as { type: string }[];
    expect(types).toHaveLength(51);
    expect(types[0]?.type).toBe('(other types)');
  });

  test('odd and huge events do not crash the check and are counted by type', async () => {
    const deep = 200_000;
    const events = [
      '['.repeat(deep) + ']'.repeat(deep),
      `{"type":"large_transfer","a":${'{"a":'.repeat(deep)}1${'}'.repeat(deep)}}`,
      `{"type":"${'x'.repeat(1024 * 1024)}","timestamp":"${'9'.repeat(100_000)}"}`,
      '{"type":"large_transfer","timestamp":1e400}',
      '{"type":"large_transfer","timestamp":-1}',
      '{"type":"large_transfer","timestamp":"0000-99-99T99:99:99Z"}',
      '{"type":"large_transfer","timestamp":{"$date":1}}',
      '{"type":"large_transfer","timestamp":9007199254740993000000}',
      '{"type":"\\u001b[2J::error::\\u202e|`<b>","timestamp":null}',
      '{"__proto__":{"type":"large_transfer"},"type":7}',
      '{"type":"constructor"}',
      '{"type":"__proto__"}',
      'null',
      '"large_transfer"',
      '{',
      '',
    ];
    // Only the last event matches, so the check ends after all others were read.
    const last = transfer(`,"timestamp":"${new Date().toISOString()}"`);
    const server = await startScriptedServer(streamHandler({ events: [...events, last] }));
    const args = ['--expect', 'type=large_transfer', '--max-lag', '1h', '--within', '1h'];
    const exit = await runCheck(server.url, args);
    expect([exit.code, exit.statuses['events']]).toEqual([0, 'ok']);
    expect(exit.report.expectations).toMatchObject([{ matched: 1, late: 0 }]);
    const { types, discarded } = exit.step('events').details as {
      types?: { type: string }[];
      discarded?: number;
    };
    expect(types?.map(({ type }) => type)).toEqual(expect.arrayContaining(['constructor', '__proto__']));
    expect(discarded).toBeGreaterThanOrEqual(2);
    expect(exit.stdout + exit.stderr).not.toMatch(/\x1b|\u202e/);
    expect(exit.stdout.length).toBeLessThan(20_000);
  });

  const usage: readonly (readonly [string, string[], RegExp])[] = [
    ['a bad expression', ['--expect', 'type=='], /invalid --expect: expected a value/],
    ['a bad count', ['--expect', 'a=1', '--min', '0'], /--min "0"/],
    ['a bad time', ['--expect', 'a=1', '--within', 'soon'], /--within "soon"[\s\S]*1h30m/],
    ['a bad path', ['--expect', 'a=1', '--max-lag', '1s', '--lag-field', 'a..b'], /--lag-field "a\.\.b"/],
    ['a count alone', ['--min', '3'], /--min requires --expect/],
    ['a path alone', ['--expect', 'a=1', '--lag-field', 'ts'], /--lag-field requires --max-lag/],
    ['a bad deadline', ['--deadline', '0'], /--deadline "0"/],
    ['no file', ['--junit', ''], /--junit ""[\s\S]*check\.xml/],
    ['stdout', ['--junit', '-'], /--junit "-"/],
    ['a flag of tail', ['--max-reconnects', '3'], /unknown flag --max-reconnects/],
  ];
  test.each(usage)('%s is a usage error before anything is opened', async (_name, args, words) => {
    const exit = await runCli(['stream', 'check', '--url', 'http://127.0.0.1:9', ...args], {
      key: CANARY_KEY,
    });
    expect(exit.stderr).toMatch(words);
    expect([exit.stdout, exit.code]).toEqual(['', 2]);
  });
});

describe('H2: nothing hangs', () => {
  test('--deadline ends a waiting step: exit 124 with the name of the step', async () => {
    const server = await startScriptedServer(async (peer) => void (await peer.accept()));
    const exit = await runCheck(server.url, ['--deadline', '1s']);
    expectFailure(exit, 'welcome', 'deadline', 124);
    expect(exit.failed?.summary).toBe('--deadline: 1.0 s passed during the step "welcome"');
  });

  test('--deadline ends waiting for a key on stdin', async () => {
    const options = { stdin: 'pipe', env: { ATLANTIS_API_KEY: undefined } } as const;
    const exit = await runCheck('http://127.0.0.1:9', ['--key-stdin', '--deadline', '1s'], options);
    expectFailure(exit, 'settings', 'deadline', 124);
  });

  test('--deadline during the events step: the failure says which events were received', async () => {
    const server = await startScriptedServer(streamHandler({ events: ['{"type":"other"}'] }));
    const exit = await runCheck(server.url, ['--expect', 'type=x', '--within', '1h', '--deadline', '1s']);
    expectFailure(exit, 'events', 'deadline', 124);
    expect(exit.failed?.summary).toContain('type=x: expected 1, got 0; received: 1 other');
  });

  test.each(['SIGINT', 'SIGTERM', 'SIGHUP'] as const)(
    'S1: %s ends the check by that signal, with a report',
    async (signal) => {
      const server = await startScriptedServer(streamHandler());
      const { child, finish } = startCheck(server.url, ['--expect', 'type=x'], { spawned: true });
      const attempt = await server.waitForAttempt(1);
      await server.waitUntil(() => (attempt.frames.length >= 3 ? true : undefined), 'the pings');
      child.kill(signal);
      const exit = await finish();
      // The last pong may not have been read yet.
      expect([exit.signal, exit.report.failed_step]).toEqual([
        signal,
        expect.stringMatching(/^(?:keepalive|events)$/),
      ]);
      expect(exit.failed?.error?.cause).toBe('signal');
      expect(attempt.closeFrame?.code).toBe(1000);
    },
  );
});

describeTls('TLS and proxies (needs the openssl command)', () => {
  let made: Certificates;
  beforeAll(() => {
    made = makeCertificates();
  });
  const startTls = (script: Script, identity: { cert: string; key: string }) =>
    startScriptedServer(script, { tls: { cert: identity.cert, key: identity.key } });

  test('TLS: the report has the version, the issuer and the days left', async () => {
    const server = await startTls(streamHandler(), made.good);
    const exit = await runCheck(server.url, ['--ca-cert', made.caFile]);
    expect(exit.code).toBe(0);
    expect(exit.step('tls').summary).toBe('TLSv1.3, issued by Test CA, expires in 9 days');
    expect(exit.step('tls').details).toMatchObject({ version: 'TLSv1.3', issuer: 'Test CA', days_left: 9 });
    expect(exit.step('lookup').details['addresses']).toContain('127.0.0.1');
  });

  test.each([
    ['expired', 'certificate-expired'],
    ['wrongHost', 'certificate-wrong-host'],
    ['selfSigned', 'certificate-self-signed'],
  ] as const)('TLS: a bad certificate (%s) is exit 11', async (which, cause) => {
    const server = await startTls(streamHandler(), made[which]);
    const exit = await runCheck(server.url, ['--ca-cert', made.caFile]);
    expectFailure(exit, 'tls', cause, 11);
    expect(exit.statuses['connect']).toBe('ok');
  });

  test('TLS: a plaintext port is exit 8', async () => {
    const server = await startScriptedServer((peer) => peer.sendRaw('HTTP/1.1 400 Bad Request\r\n\r\n'));
    expectFailure(await runCheck(`https://localhost:${server.port}`), 'tls', 'tls-to-plaintext', 8);
  });

  test('upgrade: a TLS port without TLS is exit 8, with the URL to use', async () => {
    const server = await startTls(streamHandler(), made.good);
    const exit = await runCheck(`http://localhost:${server.port}`);
    expectFailure(exit, 'upgrade', 'plaintext-to-tls', 8);
    expect(exit.failed?.error?.hint).toContain('https://');
  });

  const NAME = 'stream.atlantis.test';
  const viaProxy = (proxyUrl: string) => ({ env: { HTTPS_PROXY: proxyUrl } });

  test('proxy: the lookup and connect steps are about the proxy, and the proxy step opens the tunnel', async () => {
    const service = await startTls(streamHandler(), made.issue({ names: `DNS:${NAME}` }));
    const proxy = await startScriptedServer(tunnelTo(service.port));
    const options = viaProxy(`http://user:pa55w0rd@localhost:${proxy.port}`);
    const exit = await runCheck(`https://${NAME}`, ['--ca-cert', made.caFile], options);
    expect(exit.code).toBe(0);
    expect(exit.step('settings').details['proxy']).toBe(`localhost:${proxy.port}`);
    expect(exit.step('lookup').details).toMatchObject({ host: 'localhost' });
    expect(exit.step('connect').details['port']).toBe(proxy.port);
    expect(exit.step('proxy').summary).toBe(`localhost:${proxy.port} opened a tunnel`);
    expect(exit.statuses['tls']).toBe('ok');
    expect(exit.stdout).not.toContain('pa55w0rd');
  });

  test('proxy: a proxy over TLS works', async () => {
    const service = await startTls(streamHandler(), made.issue({ names: `DNS:${NAME}` }));
    const proxy = await startTls(tunnelTo(service.port), made.good);
    const options = viaProxy(`https://localhost:${proxy.port}`);
    const exit = await runCheck(`https://${NAME}`, ['--ca-cert', made.caFile], options);
    expect([exit.code, exit.statuses['proxy'], exit.statuses['connect']]).toEqual([0, 'ok', 'ok']);
  });

  test.each([
    [407, 'proxy-refused', 5],
    [502, 'proxy-failed', 7],
  ])('proxy: a CONNECT that is answered with %d is %s, exit %d', async (status, cause, code) => {
    const proxy = await startScriptedServer((peer) => peer.respond(status));
    const exit = await runCheck(`https://${NAME}`, [], viaProxy(`http://127.0.0.1:${proxy.port}`));
    expectFailure(exit, 'proxy', cause, code);
  });

  test('proxy: an unreachable proxy fails the connect step', async () => {
    const proxy = await startScriptedServer(() => FOR_EVER);
    await proxy.close();
    const exit = await runCheck(`https://${NAME}`, [], viaProxy(`http://127.0.0.1:${proxy.port}`));
    expectFailure(exit, 'connect', 'proxy-failed', 7);
  });
});
