// NDJSON through the whole command: each line is the event as the server sent it (contract O1).
import { expect, test } from '@jest/globals';
import { flattenJson, isParseReliable } from '../helpers/flat-json.ts';
import { type Random, randomJson, seededRandom } from '../helpers/random-json.ts';
import { runCli } from '../helpers/run-cli.ts';
import { frame, type Script, startScriptedServer } from '../helpers/scripted-server.ts';
import { runTail, startTail } from '../helpers/tail.ts';

const EVENTS = 20_000;
/** Characters that a line must not contain: C0 except tab, DEL, C1, line and paragraph separators, bidi controls. */
const UNSAFE = /[\0-\x08\x0a-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/;

/** Sends the texts as frames, some in fragments, cut at arbitrary positions; then stays connected. */
function sendInPieces(texts: readonly string[], random: Random): Script {
  return async (peer) => {
    peer.answerPings();
    peer.answerClose();
    await peer.accept();
    await peer.welcome();
    const bytes = Buffer.concat(
      texts.map((text) =>
        random() < 0.1 ? frame.fragmented(text, 1 + Math.floor(random() * 40)) : frame.text(text),
      ),
    );
    for (let at = 0; at < bytes.length; ) {
      const end = at + 1 + Math.floor(random() * (random() < 0.2 ? 20 : 100_000));
      await peer.sendRaw(bytes.subarray(at, end));
      at = end;
    }
  };
}

/** Makes the only changes: removes a byte order mark, replaces line breaks by spaces, escapes unsafe characters. */
function toSafeLine(text: string): string {
  return text
    .replace(/^\ufeff/, '')
    .replace(/[\r\n]/g, ' ')
    .replace(/[\x7f-\uffff]/g, (unit) =>
      UNSAFE.test(unit) ? `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}` : unit,
    );
}

test('O1: 20,000 random events are 20,000 safe lines of equal value, with the same numbers and keys', async () => {
  const random = seededRandom(1_414_213);
  const texts = Array.from({ length: EVENTS }, () => randomJson(random));
  const server = await startScriptedServer(sendInPieces(texts, random));
  const { code, lines, stdout } = await runTail(server.url, ['--limit', String(EVENTS)]);
  expect(code).toBe(0);
  expect(stdout.split('\n').length).toBe(EVENTS + 1);
  let untouched = 0;
  texts.forEach((text, i) => {
    const line = lines[i] ?? '';
    if (line === text) untouched++;
    if (line !== toSafeLine(text)) expect(line).toBe(toSafeLine(text));
    if (UNSAFE.test(line)) expect(JSON.stringify(line)).toBe('a line without unsafe characters');
    const tokens = flattenJson(line).join('\n');
    if (tokens !== flattenJson(text).join('\n')) expect(line).toBe(`equal to ${text}`);
    if (!isParseReliable && text.includes('\\')) return;
    const value = JSON.stringify(JSON.parse(text.replace(/^\ufeff/, '')));
    if (JSON.stringify(JSON.parse(line)) !== value) expect(line).toBe(`equal to ${text}`);
  });
  // The events cover both cases: some are printed unchanged, others need escapes.
  expect(untouched).toBeGreaterThan(EVENTS / 10);
  expect(untouched).toBeLessThan(EVENTS / 2);
}, 60_000);

test('O1: with back-pressure from a slow reader, every event is printed unchanged', async () => {
  const random = seededRandom(1_732_050);
  const texts = Array.from(
    { length: 2_000 },
    (_unused, n) => `{"n":${n},"x":${'[1.0,'.repeat(500)}0${']'.repeat(500)}}`,
  );
  const server = await startScriptedServer(sendInPieces(texts, random));
  const tail = startTail(server.url, ['--limit', String(texts.length)]);
  await tail.child.waitForLines(1);
  tail.child.pauseStdout();
  await tail.child.waitForStderr('the reader of stdout is not keeping up');
  tail.child.resumeStdout();
  const { code, lines } = await tail.finish();
  expect(code).toBe(0);
  expect(lines).toEqual(texts);
}, 60_000);

// Below Node 24, WebAssembly memory reserves far more address space than its size.
const hasGuardPages = Number.parseInt(process.versions.node, 10) < 24;
(hasGuardPages ? test : test.skip)(
  'O1, G4: events are printed correctly if a limit on address space prevents WebAssembly (needs Node below 24)',
  async () => {
    const random = seededRandom(2_236_067);
    const texts = Array.from({ length: 2_000 }, () => randomJson(random));
    const server = await startScriptedServer(sendInPieces(['no JSON', ...texts], random));
    const prefix = ['prlimit', `--as=${6 * 1024 ** 3}`];
    // Checks that WebAssembly cannot be used under this limit.
    const probe = await runCli([], { prefix, script: '--eval=new WebAssembly.Memory({ initial: 1 })' });
    expect(probe.code).toBe(1);
    const { code, lines } = await runTail(server.url, ['--limit', String(texts.length)], { prefix });
    expect(code).toBe(0);
    expect(lines).toEqual(texts.map(toSafeLine));
  },
  60_000,
);
