// The built library in its own process: from ESM and CommonJS, without side effects.
import { describe, expect, test } from '@jest/globals';
import { CANARY_KEY } from '../helpers/canary.ts';
import { hasOpenssl, makeCertificates } from '../helpers/certificates.ts';
import { type Exit, startChild } from '../helpers/child.ts';
import { makeCleanEnvironment, ROOT } from '../helpers/run-cli.ts';
import { startScriptedServer, streamHandler } from '../helpers/scripted-server.ts';

/** How a program imports the library by the name of the package. */
const IMPORTS = {
  'an ES module': { type: 'module', line: "import { stream, StreamEndedError } from 'atlantis-cli';" },
  CommonJS: { type: 'commonjs', line: "const { stream, StreamEndedError } = require('atlantis-cli');" },
} as const;

/** Runs a program that reports through its exit code and, with `report`, on stdout. */
function runProgram(
  how: keyof typeof IMPORTS,
  body: string,
  env: Record<string, string | undefined>,
): Promise<Exit> {
  const { type, line } = IMPORTS[how];
  const program = `${line}
    const report = (value) => process.stdout.write(JSON.stringify(value));
    const main = async () => { ${body} };
    main();`;
  const child = startChild(process.execPath, [`--input-type=${type}`, '-e', program], {
    cwd: ROOT,
    env: makeCleanEnvironment({ env }),
  });
  return child.exit;
}

test('row 127: many streams on one AbortSignal do not leak, and one abort ends them all', async () => {
  const server = await startScriptedServer(streamHandler({ events: ['{"n":1}'] }));
  const exit = await runProgram(
    'an ES module',
    `const { getEventListeners } = await import('node:events');
    const ending = new AbortController();
    const { signal } = ending;
    const streams = Array.from({ length: 25 }, () => stream({ url: process.env.URL, key: process.env.KEY, signal }));
    let live = 0;
    await Promise.all(streams.map(async (one) => {
      for await (const _ of one) if (++live === streams.length) ending.abort();
    }));
    report({ live, left: getEventListeners(signal, 'abort').length });`,
    // As in every test of a row: with the canary key, and with all warnings.
    { URL: server.url, KEY: CANARY_KEY, NODE_OPTIONS: '--trace-warnings' },
  );
  expect(exit).toMatchObject({ code: 0, stderr: '', stdout: '{"live":25,"left":0}' });
}, 30_000);

describe.each(Object.keys(IMPORTS) as (keyof typeof IMPORTS)[])('imported by %s', (how) => {
  test('it prints nothing, adds no listeners, and leaves no timer or handle', async () => {
    await using server = await startScriptedServer(
      streamHandler({
        events: ['{"n":1}', '{', '{"n":2}'],
        finish: (peer, index) => (index === 0 ? peer.reset() : undefined),
      }),
    );
    const exit = await runProgram(
      how,
      `const heard = [];
      process.on('newListener', (name) => heard.push(String(name)));
      const written = [];
      for (const stream of [process.stdout, process.stderr]) {
        const write = stream.write;
        stream.write = (...args) => { written.push(String(args[0])); return write.apply(stream, args); };
      }
      const before = process.getActiveResourcesInfo();
      const texts = [];
      for await (const { text } of stream({ url: process.env.URL, key: process.env.KEY })) {
        texts.push(text);
        if (texts.length === 4) break;
      }
      const resources = process.getActiveResourcesInfo().filter((one) => /Timeout|TCP|Immediate/.test(one));
      report({ texts, heard, written: written.slice(), resources, before: before.length });`,
      { URL: server.url, KEY: CANARY_KEY },
    );
    expect(exit).toMatchObject({ code: 0, signal: null, stderr: '' });
    expect(JSON.parse(exit.stdout)).toMatchObject({
      texts: ['{"n":1}', '{"n":2}', '{"n":1}', '{"n":2}'],
      heard: [],
      written: [],
      resources: [],
    });
  });

  test('a stream that gave up throws an error with a name, a code and a hint, and the process ends by itself', async () => {
    await using server = await startScriptedServer((peer) => peer.respond(404));
    const exit = await runProgram(
      how,
      `try {
        for await (const event of stream({ url: process.env.URL, key: process.env.KEY }));
      } catch (error) {
        const { name, exitCode, hint, cause } = error;
        report([error instanceof StreamEndedError, name, exitCode, typeof hint, cause.kind]);
      }`,
      { URL: server.url, KEY: CANARY_KEY },
    );
    expect(exit).toMatchObject({ code: 0, stderr: '' });
    expect(JSON.parse(exit.stdout)).toEqual([true, 'StreamEndedError', 5, 'string', 'not-atlantis']);
  });
});

(hasOpenssl() ? describe : describe.skip)('C7: trust (needs openssl)', () => {
  const certificates = makeCertificates();

  test('no variable turns checks off; a root that is passed is trusted', async () => {
    const { cert, key } = certificates.good;
    await using server = await startScriptedServer(streamHandler({ events: ['1'] }), { tls: { cert, key } });
    const exit = await runProgram(
      'an ES module',
      `const url = process.env.URL, key = process.env.KEY, seen = [];
      for (const ca of [[], process.env.CA]) {
        try {
          for await (const { text } of stream({ url, key, ca })) { seen.push(text); break; }
        } catch ({ exitCode, cause }) { seen.push(exitCode, cause.kind); }
      }
      report(seen);`,
      { URL: server.url, KEY: CANARY_KEY, CA: certificates.ca, NODE_TLS_REJECT_UNAUTHORIZED: '0' },
    );
    expect(JSON.parse(exit.stdout)).toEqual([11, 'certificate-unknown-issuer', '1']);
  });
});
