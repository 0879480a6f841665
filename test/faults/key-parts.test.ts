// Answers that echo parts of a key, for example without its beginning or split over two fields.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { inspect } from 'node:util';
import { describe, expect, test } from '@jest/globals';
import { createRedactor } from '../../src/io/redact.ts';
import { stream } from '../../src/stream/index.ts';
import { CANARY_KEY } from '../helpers/canary.ts';
import { makeTempFolder } from '../helpers/cleanup.ts';
import { runCli } from '../helpers/run-cli.ts';
import { startScriptedServer } from '../helpers/scripted-server.ts';
import { runTail } from '../helpers/tail.ts';

const SHOWN = 16;

/** All parts of eight characters of the hidden part of the key that a text contains. */
function findParts(text: string): string[] {
  const hidden = CANARY_KEY.slice(SHOWN);
  return Array.from({ length: hidden.length - 7 }, (_, at) => hidden.slice(at, at + 8)).filter((part) =>
    text.includes(part),
  );
}

describe('row 103 (P4): eight or more hidden characters of a key are never shown', () => {
  test.each([
    ['without its first eight characters', { code: 'unauthorized', message: CANARY_KEY.slice(8) }],
    ['split over two fields', { code: CANARY_KEY.slice(0, 25), message: CANARY_KEY.slice(25) }],
    ['its last eight characters', { code: 'unauthorized', message: `ends with ${CANARY_KEY.slice(-8)}` }],
    ['in quotes and brackets', { code: 'unauthorized', message: `["${CANARY_KEY.slice(5)}"]` }],
  ])('row 103: not if an answer echoes the key %s', async (_, error) => {
    const server = await startScriptedServer(async (peer) => {
      await peer.readRequest();
      await peer.respond(401, { 'X-Request-Id': CANARY_KEY.slice(10) }, JSON.stringify({ error }));
    });
    const folder = makeTempFolder();
    const [junit, summary] = [join(folder, 'check.xml'), join(folder, 'summary.md')];
    const env = { GITHUB_ACTIONS: 'true', GITHUB_STEP_SUMMARY: summary };
    const args = ['stream', 'check', '--url', server.url, '--verbose', '--junit', junit, '--json'];
    const check = await runCli(args, { env, key: CANARY_KEY });
    const tail = await runTail(server.url);
    const texts = [
      check.stdout,
      check.stderr,
      tail.stderr,
      ...[junit, summary].map((file) => readFileSync(file, 'utf8')),
    ];
    for (const text of texts) {
      expect(text).toContain('401');
      expect(findParts(text)).toEqual([]);
    }
    expect([check.code, tail.code]).toEqual([3, 3]);
  });

  test('row 103: not in an error of the library, if the key was given as another option', () => {
    for (const options of [
      { url: CANARY_KEY, key: CANARY_KEY },
      { url: `https://x.test/?${CANARY_KEY.slice(9)}`, key: CANARY_KEY },
    ]) {
      let error: unknown;
      try {
        stream(options);
      } catch (reason) {
        error = reason;
      }
      expect(error).toBeInstanceOf(Error);
      expect(findParts(inspect(error))).toEqual([]);
    }
  });

  test('row 103: not in an error of the library, if the key is the host of the URL', async () => {
    const events = stream({ url: `https://${CANARY_KEY}`, key: CANARY_KEY, maxReconnects: 0 });
    const error = await events[Symbol.asyncIterator]()
      .next()
      .then(
        () => undefined,
        (reason: Error) => reason,
      );
    expect(error?.message).toContain('was not found');
    expect(findParts(`${error?.message}${error?.stack}`)).toEqual([]);
  });

  test('row 103: seven characters of the key and ordinary text are not redacted', () => {
    const redactor = createRedactor();
    redactor.addSecret(CANARY_KEY);
    const text = `connected to api.atlantis.example, key ${CANARY_KEY.slice(0, SHOWN)}…, ${CANARY_KEY.slice(-7)}`;
    expect(redactor.redact(text)).toBe(text);
    const cut = redactor.redact(`a ${CANARY_KEY.slice(SHOWN)} b ${CANARY_KEY.slice(SHOWN + 2)} c`);
    expect(cut).toBe('a … b … c');
    expect(redactor.redact(cut)).toBe(cut);
  });
});
