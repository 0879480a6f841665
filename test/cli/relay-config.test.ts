// `stream relay --config`: what a file may contain, what each sink receives, and what SIGHUP changes.
import { chmodSync, chownSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { range, sendNumbered } from '../faults/relay-events.ts';
import { CANARY_KEY } from '../helpers/canary.ts';
import { makeTempFolder } from '../helpers/cleanup.ts';
import { type EventHub, startEventHub } from '../helpers/event-hub.ts';
import { type HttpEndpoint, startHttpEndpoint, stayMute, takeAll } from '../helpers/http-endpoint.ts';
import { findEndpoint, readMetrics } from '../helpers/monitoring.ts';
import { describeWithNats, readStream, startNatsServer } from '../helpers/nats-server.ts';
import { runCli } from '../helpers/run-cli.ts';
import { isSignedBy, makeSigningSecret } from '../helpers/signatures.ts';
import { startTail, type Tail } from '../helpers/tail.ts';
import { untilTrue } from '../helpers/watch.ts';

const SECRET = 'hunter2hunter2';

function writeConfig(text: string, folder = makeTempFolder()): string {
  const path = join(folder, 'relay.yaml');
  writeFileSync(path, text, { mode: 0o600 });
  return path;
}

async function check(
  text: string,
  env: Record<string, string> = {},
): Promise<{ code: unknown; stderr: string }> {
  const { code, stderr } = await runCli(
    ['stream', 'relay', '--config', writeConfig(text), '--check', '--verbose'],
    { env, key: CANARY_KEY },
  );
  return { code, stderr };
}

/** A configuration file with one sink that has these lines. */
const withSink = (...lines: string[]): string =>
  ['sinks:', '  - name: a', '    to: https://hooks.example/in', ...lines.map((line) => `    ${line}`)].join(
    '\n',
  );

const startRelay = (hub: EventHub, args: readonly string[], env: Record<string, string> = {}): Tail =>
  startTail(hub.url, [...args, '--retry-min', '250ms', '--retry-max', '250ms', '--ping-interval', '500ms'], {
    command: 'relay',
    log: 'json',
    env,
  });

const numbersAt = ({ accepted }: HttpEndpoint): number[] =>
  accepted.flatMap(({ lines }) => lines.map((line) => JSON.parse(line).n as number));

describe('B13: the configuration file', () => {
  test('--check accepts a valid YAML or JSON file', async () => {
    expect(await check(withSink('batch: 100', "type: ['large_*', swap]", 'where: amount_usd > 1M'))).toEqual({
      code: 0,
      stderr: expect.stringContaining('is valid: 1 sink'),
    });
    const json = JSON.stringify({
      sinks: [{ name: 'a', to: 'nats://127.0.0.1/EVENTS', create: true, window: 64 }],
    });
    expect(await check(json)).toMatchObject({ code: 0 });
  });

  test.each<[string, string, string]>([
    [
      'a value of a sink',
      withSink('batch: 0'),
      'line 4: sinks[0].batch: invalid batch "0" (accepted: a whole number from 1 to 65536)',
    ],
    [
      'a duration',
      withSink('send-timeout: soon'),
      'line 4: sinks[0].send-timeout: invalid send-timeout "soon"',
    ],
    [
      'a list where one value belongs',
      withSink('batch: [1, 2]'),
      'line 4: sinks[0].batch: must be a single value',
    ],
    ['a toggle', withSink('create: maybe'), 'line 4: sinks[0].create: must be true or false'],
    [
      'an unknown setting',
      withSink('batsh: 4'),
      'line 4: sinks[0].batsh: unknown setting; did you mean batch?',
    ],
    ['an unknown section', `spools: x\n${withSink()}`, 'line 1: spools: unknown setting'],
    ['a filter', withSink('where: amount_usd >'), 'line 4: sinks[0].where: invalid where'],
    ['a glob', withSink('type: "[a"'), 'line 4: sinks[0].type: invalid type'],
    [
      'no name',
      'sinks:\n  - to: https://hooks.example/',
      'line 2: sinks[0]: needs a name for its messages, metrics and spool: add name: <name>',
    ],
    [
      'a name with a space',
      'sinks:\n  - name: a b\n    to: https://hooks.example/',
      'line 2: sinks[0].name: must consist of 1 to 64 letters',
    ],
    [
      'a name that two have',
      `${withSink()}\n  - name: a\n    to: https://other.example/`,
      'line 4: sinks[1].name: is also the name of another sink',
    ],
    ['no sink', 'source: {url: "https://api.example"}', 'sinks: must have at least one sink'],
    ['sinks that are not a list', 'sinks: {name: a}', 'line 1: sinks: must be a list'],
    [
      'two addresses',
      withSink('to-env: HOOK'),
      'sinks[0]: must have exactly one of "to", "to-env" and "to-file"',
    ],
    [
      'an address',
      'sinks:\n  - name: a\n    to: ftp://hooks.example',
      'line 3: sinks[0].to: not a URL that events can be sent to',
    ],
    [
      'a variable that is not set',
      withSink('headers: {Authorization: {env: NO_SUCH}}'),
      'line 4: sinks[0].headers.Authorization.env: the variable NO_SUCH is not set',
    ],
    [
      'a file that does not exist',
      withSink('sign-with: {file: /no/such}'),
      'line 4: sinks[0].sign-with.file: "/no/such" cannot be read',
    ],
    [
      'a signing secret that is not one',
      withSink('sign-with: {env: NOT_BASE64}'),
      'line 4: sinks[0].sign-with.env: NOT_BASE64: not a signing secret (accepted: whsec_ followed by',
    ],
    [
      'one of several',
      withSink('sign-with: [{env: GOOD}, {file: /dev/null}, {env: NOT_BASE64}]'),
      'line 4: sinks[0].sign-with[1].file: "/dev/null": not a signing secret',
    ],
    ['no signing secrets', withSink('sign-with: []'), 'sinks[0].sign-with: must be {env: NAME} or {file'],
    [
      'a source of CloudEvents without their format',
      withSink('ce-source: /x'),
      'sinks[0]: ce-source requires payload (add payload cloudevents)',
    ],
    ['a format', withSink('payload: xml'), 'line 4: sinks[0].payload: invalid payload "xml"'],
    [
      'a secret in the file',
      withSink(`headers: {Authorization: Bearer ${SECRET}}`),
      'sinks[0].headers.Authorization: must be {env: NAME} or {file: PATH}',
    ],
    [
      'a secret as the name of a variable',
      withSink(`sign-with: {env: "${SECRET} x"}`),
      'sinks[0].sign-with.env: must be the name of an environment variable',
    ],
    [
      'a header of NATS',
      'sinks:\n  - name: a\n    to: nats://127.0.0.1/E\n    headers: {X-A: {env: HOME}}',
      'line 4: sinks[0].headers: is for HTTP sinks only',
    ],
    [
      'settings without effect',
      withSink('spool-max: 1GiB'),
      'sinks[0]: spool-max and spool-sync require spool',
    ],
    ['certificates', withSink('ca-cert: /no/such'), 'line 4: sinks[0].ca-cert: "/no/such" cannot be read'],
    [
      'credentials of NATS',
      'sinks:\n  - name: a\n    to: nats://127.0.0.1/E\n    nats-creds: /no/such',
      'line 4: sinks[0].nats-creds: "/no/such" cannot be read',
    ],
    [
      'a variable with an address that is not set',
      'sinks:\n  - name: a\n    to-env: NO_SUCH',
      'line 3: sinks[0].to-env: the variable NO_SUCH is not set',
    ],
    [
      'the URL of the source',
      `source: {url: "http://${SECRET}@api.example"}\n${withSink()}`,
      'line 1: source.url: "http://***@api.example" is not a URL of the service',
    ],
    [
      'the key of the source',
      `source:\n  key-file: /no/such\n${withSink()}`,
      'line 2: source.key-file: the key file of the source "/no/such" cannot be read',
    ],
    [
      'the profile of the source',
      `source:\n  profile: nix\n${withSink()}`,
      'line 2: source.profile: no profile "nix" (add one with',
    ],
    [
      'the certificates of the source',
      `source:\n  ca-cert: /no/such\n${withSink()}`,
      'line 2: source.ca-cert: "/no/such" cannot be read',
    ],
    [
      'a scenario',
      `source:\n  simulate: nix\n${withSink()}`,
      'line 2: source.simulate: unknown scenario "nix"',
    ],
    [
      'flags of the source that exclude each other',
      `source: {simulate: steady, url: "https://api.example"}\n${withSink()}`,
      'line 1: source: simulate and url cannot be combined',
    ],
    ['the path of ids', `id: "a["\n${withSink()}`, 'line 1: id: invalid id'],
    [
      'settings of the source that contradict each other',
      `source: {retry-min: 10s, retry-max: 1s}\n${withSink()}`,
      'line 1: source: retry-max',
    ],
    ['a key in the source', `source: {key: ${SECRET}}\n${withSink()}`, 'line 1: source.key: unknown setting'],
    ['a secret as a key', `${SECRET}: x\n${withSink()}`, 'line 1: the file has an unknown setting'],
    [
      'an address of the pages',
      `metrics-listen: nowhere\n${withSink()}`,
      'line 1: metrics-listen: invalid metrics-listen',
    ],
    [
      'not YAML',
      `a: [${SECRET}`,
      'line 1: the file is not valid YAML: wrong indentation, or a [ or { that is not closed',
    ],
    [
      'a key twice',
      `name: a\nname: b\n${withSink()}`,
      'line 2: the file is not valid YAML: a setting is given twice',
    ],
    ['a tag', `name: !!js/function ${SECRET}\n${withSink()}`, 'is not valid YAML: unknown tag (!)'],
    ['an empty file', '', 'the file must be a mapping'],
    ['a secret of two lines', withSink('headers: {X-A: {env: TWO_LINES}}'), 'must be one line of text'],
  ])('row 167: %s is refused with its line and path, and without secrets', async (_what, text, words) => {
    const { code, stderr } = await check(text, {
      GOOD: makeSigningSecret(1),
      TWO_LINES: `${SECRET}\n${SECRET}`,
      NOT_BASE64: `whsec_${SECRET}`,
    });
    expect(stderr).toContain(words);
    expect(code).toBe(2);
    expect(stderr).not.toContain(SECRET);
  });

  test('row 76: a UTF-16 file, as Windows PowerShell writes it, is refused by that name; a byte order mark is accepted', async () => {
    const path = writeConfig('');
    writeFileSync(path, Buffer.from(`\ufeff${withSink()}`, 'utf16le'));
    const run = () =>
      runCli(['stream', 'relay', '--config', path, '--check', '--verbose'], { key: CANARY_KEY });
    expect(await run()).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('UTF-16 text instead of UTF-8'),
    });
    writeFileSync(path, `\ufeff${withSink()}`);
    expect(await run()).toMatchObject({ code: 0 });
  });

  test('row 167: all errors are reported at once', async () => {
    const { stderr } = await check(`${withSink('batch: 0', 'window: many', 'spol: x')}\nretry-min: 1s`);
    expect(stderr).toContain('has 4 errors');
    for (const path of ['sinks[0].batch', 'sinks[0].window', 'sinks[0].spol', 'retry-min']) {
      expect(stderr).toContain(`${path}: `);
    }
  });

  test('row 167: no error hides another one, and errors are in the order of their lines', async () => {
    const { stderr } = await check(
      [
        'source:',
        '  key-file: /no/such',
        '  where: [amount_usd >, n > 1]',
        'sinks:',
        '  - to-env: NO_SUCH_URL',
        '    spol: x',
        '    headers: {Authorization: {env: NO_SUCH_TOKEN}}',
        '    batch: 0',
        '  - name: b',
        '    to: nats://127.0.0.1/E',
        '    sign-with: {env: NO_SUCH_SECRET}',
        '    stream-max-age: 1h',
        '    spool-max: 1GiB',
        '    ca-cert: /no/ca',
        'retry: 1',
      ].join('\n'),
    );
    const found = [...stderr.matchAll(/line (\d+): ([\w.[\]-]+): /g)].map(
      ([, line, path]) => `${line} ${path}`,
    );
    expect(found).toEqual([
      '2 source.key-file',
      '3 source.where',
      '5 sinks[0]',
      '5 sinks[0].to-env',
      '6 sinks[0].spol',
      '7 sinks[0].headers.Authorization.env',
      '8 sinks[0].batch',
      '9 sinks[1]',
      '9 sinks[1]',
      '11 sinks[1].sign-with',
      '14 sinks[1].ca-cert',
      '15 retry',
    ]);
    expect(stderr).toContain('has 12 errors');
    // An error in a filter is shown with the expression and a caret.
    expect(stderr).toContain('    amount_usd >\n                ^');
  });

  test('B13: --check checks the key file of the source, and does not show the key', async () => {
    const folder = makeTempFolder();
    const write = (text: string): string => {
      writeFileSync(join(folder, 'key'), text, { mode: 0o600 });
      return `source: {key-file: ${JSON.stringify(join(folder, 'key'))}}\n${withSink()}`;
    };
    expect(await check(write(CANARY_KEY))).toMatchObject({ code: 0 });
    const { code, stderr } = await check(write(`${SECRET} ${SECRET}`));
    expect(stderr).toContain(
      'line 1: source.key-file: the key from the key file of the source cannot be used',
    );
    expect([code, stderr.includes(SECRET)]).toEqual([2, false]);
  });

  test('row 167: an error in the defaults is reported once, at its line', async () => {
    const more = '  - {name: b, to: "https://other.example/"}';
    const { stderr } = await check(`defaults:\n  batch: 0\n${withSink()}\n${more}`);
    expect(stderr).toContain('has one error\n');
    expect(stderr).toContain('line 2: defaults.batch: invalid batch "0"');
  });

  test('row 168: a file that other users can change is refused, and so are sink flags together with --config', async () => {
    const path = writeConfig(withSink());
    const run = (...more: string[]) =>
      runCli(['stream', 'relay', '--config', path, '--verbose', ...more], { key: CANARY_KEY });
    expect(await run('--batch', '4')).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('--config and --batch cannot be combined'),
    });
    chmodSync(path, 0o666);
    expect(await run('--check')).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('can be changed by other users'),
    });
    expect(await runCli(['stream', 'relay', '--check', '--verbose'], { key: CANARY_KEY })).toMatchObject({
      code: 2,
    });
  });

  const testAsRoot = process.getuid?.() === 0 ? test : test.skip;
  testAsRoot('row 168: a file of another user is refused, also through a link', async () => {
    const path = writeConfig(withSink());
    chownSync(path, 12_345, 12_345);
    const link = join(makeTempFolder(), 'link');
    symlinkSync(path, link);
    for (const place of [path, link]) {
      const args = ['stream', 'relay', '--config', place, '--check', '--verbose'];
      const { code, stderr } = await runCli(args, { key: CANARY_KEY });
      expect([code, stderr]).toEqual([2, expect.stringContaining('belongs to another user')]);
    }
  });
});

describeWithNats('B13: sinks of a configuration file', () => {
  test('row 169: each sink receives its own events, with its own headers, signatures, format and batches', async () => {
    const nats = await startNatsServer();
    const [one, other] = [await startHttpEndpoint(), await startHttpEndpoint()];
    const hub = await startEventHub();
    const folder = makeTempFolder();
    const secrets = [1, 2, 3].map(makeSigningSecret);
    writeFileSync(join(folder, 'token'), 'Bearer t0ken-of-the-file\n');
    const config = writeConfig(
      [
        `defaults: {spool: ${JSON.stringify(join(folder, 'spool'))}, window: 64}`,
        'sinks:',
        `  - {name: all, to: "${nats.url}/EVENTS", create: true, no-lifecycle: true}`,
        `  - {name: even, to: "${one.url}", where: 'n < 5', headers: {Authorization: {env: TOKEN}},`,
        '     payload: cloudevents, traceparent: true}',
        `  - {name: odd, to: "${other.url}", type: 'large_*', where: ['n >= 5'], batch: 10,`,
        `     headers: {Authorization: {file: ${JSON.stringify(join(folder, 'token'))}}}, sign-with: [{env: NEW}, {env: OLD}]}`,
      ].join('\n'),
      folder,
    );
    const relay = startRelay(hub, ['--config', config, '--limit', '20'], {
      TOKEN: 'Bearer t0ken-of-the-env',
      NEW: secrets.slice(0, 1).join(''),
      OLD: secrets.slice(1).join(' '),
    });
    await hub.waitForLive(1);
    await sendNumbered(hub, 0, 20);
    const { code, stderr } = await relay.finish();
    expect(stderr).toContain('"sink":"even","acknowledged":5');
    expect(stderr).toContain('"sink":"odd","acknowledged":15');
    expect(code).toBe(0);
    expect(await readStream(nats.url, 'EVENTS')).toHaveLength(20);
    expect(one.accepted.map(({ body }) => JSON.parse(body).data.n)).toEqual(range(0, 5));
    expect(numbersAt(other)).toEqual(range(5, 20));
    expect(one.requests[0]?.headers).toMatchObject({
      authorization: 'Bearer t0ken-of-the-env',
      'content-type': 'application/cloudevents+json',
      traceparent: expect.stringMatching(/^00-/),
    });
    expect(one.requests[0]?.headers['webhook-signature']).toBeUndefined();
    const [signed] = other.requests;
    expect(signed?.headers).toMatchObject({
      authorization: 'Bearer t0ken-of-the-file',
      'content-type': 'application/x-ndjson',
    });
    expect(signed?.headers['traceparent']).toBeUndefined();
    expect([...secrets, makeSigningSecret(4)].map((one) => signed && isSignedBy(one, signed))).toEqual([
      ...[true, true, true],
      false,
    ]);
    expect(stderr).not.toMatch(/t0ken|whsec/);
  });
});

describe('B14: SIGHUP', () => {
  test('row 170: sinks are added, changed and removed while events arrive, without an effect on the others', async () => {
    const [same, changed, removed, added] = await Promise.all(range(0, 4).map(() => startHttpEndpoint()));
    if (!same || !changed || !removed || !added) throw new Error('no endpoint');
    const hub = await startEventHub();
    const folder = makeTempFolder();
    const spool = JSON.stringify(join(folder, 'spool'));
    const sink = (name: string, to: string, more = ''): string => `  - {name: ${name}, to: "${to}"${more}}`;
    const first = [
      'sinks:',
      sink('same', same.url),
      sink('changed', changed.url, `, spool: ${spool}`),
      sink('removed', removed.url),
    ];
    const config = writeConfig(first.join('\n'), folder);
    const relay = startRelay(hub, ['--config', config, '--limit', '2000']);
    await hub.waitForLive(1);
    const sending = sendNumbered(hub, 0, 1000, 5);
    await same.waitForRequests(100);
    writeConfig(
      [
        'sinks:',
        sink('same', same.url),
        sink('changed', changed.url, `, spool: ${spool}, batch: 50`),
        sink('added', added.url),
      ].join('\n'),
      folder,
    );
    relay.child.kill('SIGHUP');
    await relay.child.waitForStderr(
      'configuration reloaded; added: added; changed: changed; removed: removed; unchanged: same',
    );
    await sending;
    await sendNumbered(hub, 1000, 2000, 5);
    const { code, stderr } = await relay.finish();
    expect(code).toBe(0);
    expect(numbersAt(same)).toEqual(range(0, 2000));
    // Delivered at least once: events that were in flight during the reload may arrive twice.
    expect([...new Set(numbersAt(changed))]).toEqual(range(0, 2000));
    expect(changed.requests.at(-1)?.headers['content-type']).toBe('application/x-ndjson');
    const gone = numbersAt(removed);
    expect(gone).toEqual(range(0, gone.length));
    const late = numbersAt(added);
    expect(late).toEqual(range(late[0] ?? 0, 2000));
    // The new sink begins where the removed one ended, unless a busy machine kept the removed one from delivering
    // everything in its 10 s; then the relay reports the lost messages.
    const [, lost = '0'] = /removed: \d+ events? acknowledged.*; ([\d,]+) messages? lost/.exec(stderr) ?? [];
    expect(gone.length + Number(lost.replaceAll(',', ''))).toBeGreaterThanOrEqual(late[0] ?? 0);
    if (lost === '0') expect(gone.length).toBe(late[0]);
  }, 60_000);

  test('row 170: a changed sink without a spool delivers its pending events to the new address; a removed one reports them', async () => {
    const [mute, other] = [await startHttpEndpoint(stayMute), await startHttpEndpoint()];
    const hub = await startEventHub();
    const folder = makeTempFolder();
    const gone = `{name: gone, to: "${mute.url}", spool: ${JSON.stringify(join(folder, 'spool'))}}`;
    const config = writeConfig(`sinks: [{name: a, to: "${mute.url}"}, ${gone}]`, folder);
    const relay = startRelay(hub, ['--config', config, '--limit', '30']);
    await hub.waitForLive(1);
    await sendNumbered(hub, 0, 20);
    await mute.waitForRequests(2);
    writeConfig(`sinks: [{name: a, to: "${other.url}"}]`, folder);
    relay.child.kill('SIGHUP');
    await untilTrue(() => numbersAt(other).length === 20, 'the events of the first endpoint');
    await sendNumbered(hub, 20, 30);
    const { code, stderr } = await relay.finish();
    expect(stderr).toMatch(/gone: 0 events acknowledged; \d+ messages left in the spool/);
    expect(code).toBe(0);
    expect(numbersAt(other)).toEqual(range(0, 30));
  });

  test('row 171: an invalid file changes nothing, and is reported on stderr and in the metrics', async () => {
    const endpoint = await startHttpEndpoint(takeAll);
    const hub = await startEventHub();
    const folder = makeTempFolder();
    const config = writeConfig(`sinks: [{name: a, to: "${endpoint.url}"}]`, folder);
    const relay = startRelay(hub, ['--config', config, '--limit', '20', '--metrics-listen', ':0']);
    const pages = await findEndpoint(relay.child);
    await hub.waitForLive(1);
    await sendNumbered(hub, 0, 10);
    await endpoint.waitForRequests(10);
    expect((await readMetrics(pages)).get('atlantis_config_reload_success')).toBe(1);
    writeConfig(`sinks: [{name: a, to: "${endpoint.url}", batch: none}]`, folder);
    relay.child.kill('SIGHUP');
    await relay.child.waitForStderr('configuration not reloaded, the previous one stays in use');
    expect(relay.child.stderrText).toContain('sinks[0].batch: invalid batch');
    expect((await readMetrics(pages)).get('atlantis_config_reload_success')).toBe(0);
    writeConfig(`sinks: [{name: a, to: "${endpoint.url}"}]\nname: other`, folder);
    relay.child.kill('SIGHUP');
    await relay.child.waitForStderr('restart the relay to apply changes to name');
    expect((await readMetrics(pages)).get('atlantis_config_reload_success')).toBe(1);
    await sendNumbered(hub, 10, 20);
    expect(await relay.finish()).toMatchObject({ code: 0 });
    expect(numbersAt(endpoint)).toEqual(range(0, 20));
  });

  test('row 172: SIGHUP reads a replaced token, which is never shown, and also a new URL of --to-file without --config', async () => {
    const [endpoint, next] = [await startHttpEndpoint(), await startHttpEndpoint()];
    const hub = await startEventHub();
    const folder = makeTempFolder();
    const [token, url] = [join(folder, 'token'), join(folder, 'url')];
    writeFileSync(token, 'Bearer t0ken-number-1');
    writeFileSync(url, endpoint.url);
    const file = `sinks: [{name: a, to-file: ${url}, headers: {Authorization: {file: ${token}}}}]`;
    const relay = startRelay(hub, ['--config', writeConfig(file, folder), '--limit', '20']);
    await hub.waitForLive(1);
    await sendNumbered(hub, 0, 10);
    await endpoint.waitForRequests(10);
    writeFileSync(token, 'Bearer t0ken-number-2');
    relay.child.kill('SIGHUP');
    await relay.child.waitForStderr('configuration reloaded; changed: a');
    await sendNumbered(hub, 10, 20);
    expect((await relay.finish()).stderr).not.toContain('t0ken');
    const tokens = endpoint.requests.map(({ headers }) => headers.authorization);
    expect([...new Set(tokens)]).toEqual(['Bearer t0ken-number-1', 'Bearer t0ken-number-2']);

    const plain = startRelay(hub, ['--to-file', url, '--limit', '20']);
    await hub.waitForLive(1);
    await sendNumbered(hub, 0, 10);
    await endpoint.waitForRequests(30);
    writeFileSync(url, next.url);
    plain.child.kill('SIGHUP');
    await plain.child.waitForStderr('configuration reloaded');
    await sendNumbered(hub, 10, 20);
    expect(await plain.finish()).toMatchObject({ code: 0 });
    expect(numbersAt(next)).toEqual(range(10, 20));
  });
});

describe('row 173 (B14, B15): a replaced signing secret', () => {
  const [OLD, NEW] = [makeSigningSecret(1), makeSigningSecret(2)];

  test.each(['a configuration file', 'flags'])(
    'is read again after SIGHUP, and signs every later request: %s',
    async (way) => {
      const endpoint = await startHttpEndpoint();
      const hub = await startEventHub();
      const folder = makeTempFolder();
      const secret = join(folder, 'secret');
      writeFileSync(secret, OLD);
      const file = `sinks: [{name: a, to: "${endpoint.url}", sign-with: {file: ${secret}}}]`;
      const args =
        way === 'flags'
          ? ['--to', endpoint.url, '--sign-with-file', secret]
          : ['--config', writeConfig(file, folder)];
      const relay = startRelay(hub, [...args, '--limit', '8']);
      await hub.waitForLive(1);
      /** Sends two events; returns which secrets signed their requests. */
      const sendTwo = async (from: number): Promise<string[]> => {
        const before = endpoint.requests.length;
        await sendNumbered(hub, from, from + 2);
        await untilTrue(() => numbersAt(endpoint).includes(from + 1), `event ${from + 1}`);
        const signers = endpoint.requests
          .slice(before)
          .map((request) => [OLD, NEW].map((secret) => isSignedBy(secret, request)).join());
        return [...new Set(signers)];
      };
      const reload = async (content: string, words: RegExp): Promise<void> => {
        const from = relay.child.stderrText.length;
        writeFileSync(secret, content);
        relay.child.kill('SIGHUP');
        await untilTrue(() => words.test(relay.child.stderrText.slice(from)), String(words));
      };
      expect(await sendTwo(0)).toEqual(['true,false']);
      await reload(`${NEW}\n${OLD}\n`, /configuration reloaded; changed/);
      expect(await sendTwo(2)).toEqual(['true,true']);
      // An incomplete secret is refused, and the previous secrets stay in use.
      await reload(NEW.slice(0, 20), /configuration not reloaded.*secret.*not a signing secret/s);
      expect(await sendTwo(4)).toEqual(['true,true']);
      await reload(NEW, /configuration reloaded; changed/);
      expect(await sendTwo(6)).toEqual(['false,true']);
      const { code, stderr } = await relay.finish();
      expect(code).toBe(0);
      for (const one of [OLD, NEW]) expect(stderr).not.toContain(one.slice('whsec_'.length, 20));
      // An event that was in flight during a reload may arrive twice.
      expect([...new Set(numbersAt(endpoint))]).toEqual(range(0, 8));
    },
  );
});

describeWithNats('the example of docs/relay.md', () => {
  test('B13: works, with other addresses and paths', async () => {
    const page = readFileSync(new URL('../../docs/relay.md', import.meta.url), 'utf8');
    const [, example = ''] = /^```yaml\n(.*?)^```$/ms.exec(page) ?? [];
    const nats = await startNatsServer();
    const [alerts, analytics] = [await startHttpEndpoint(), await startHttpEndpoint()];
    const hub = await startEventHub();
    const folder = makeTempFolder();
    const write = (name: string, text: string): string => {
      writeFileSync(join(folder, name), text, { mode: 0o600 });
      return join(folder, name);
    };
    const text = example
      .replace('https://api.atlantis.example', hub.url)
      .replace(/\n +key-file: .*/, '')
      .replace('/etc/atlantis/alerts-secret', write('secret', makeSigningSecret(1)))
      .replace('nats://127.0.0.1:4222', nats.url)
      .replace('https://analytics.example/events', analytics.url)
      .replace(/\n +ca-cert: .*/, '')
      .replace(':9464', ':0')
      .replaceAll('/var/lib/atlantis', folder);
    const relay = startRelay(hub, ['--config', writeConfig(text, folder), '--limit', '3'], {
      ALERTS_URL: alerts.url,
      ALERTS_TOKEN: 'Bearer t0ken',
    });
    await hub.waitForLive(1);
    for (const [type, n] of [
      ['swap', 5],
      ['swap', 5000],
      ['large_mint', 2e6],
      ['large_mint', 5000],
    ] as const) {
      hub.send(JSON.stringify({ type, n, amount_usd: n }));
    }
    const { code, stderr } = await relay.finish();
    expect(stderr).toContain('"sink":"archive","acknowledged":3');
    expect(code).toBe(0);
    expect(alerts.accepted.map(({ body }) => JSON.parse(body).data.n)).toEqual([2e6]);
    expect(numbersAt(analytics)).toEqual([5000, 2e6, 5000]);
  });
});
