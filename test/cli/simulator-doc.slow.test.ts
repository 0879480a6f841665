// docs/simulator.md: the command for each scenario, run exactly as written, has the output that the page describes.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { ROOT, startShell } from '../helpers/run-cli.ts';

const doc = readFileSync(join(ROOT, 'docs/simulator.md'), 'utf8');
const commands = new Map(
  [...doc.matchAll(/^\| `([a-z][^`]*)` \| [^|]+ \| `(atlantis stream (?:[^`])*)`/gm)].map(
    ([, name = '', command = '']) => [name, command.replaceAll('\\|', '|')],
  ),
);

interface Shown {
  readonly stdout?: RegExp;
  readonly stderr?: RegExp;
}

const SHOWN: Readonly<Record<string, Shown>> = {
  steady: { stdout: /^\{"type"/ },
  burst: { stdout: /^1000\n$/ },
  drop: { stdout: /^\{"type"/, stderr: /was lost[\s\S]*not delivered/ },
  'close-<code>': { stdout: /^\{"type"/, stderr: /1011[\s\S]*not delivered/ },
  mute: { stdout: /^\{"type"/, stderr: /is dead[\s\S]*not delivered/ },
  'late-pong': { stdout: /^\{"type"/, stderr: /connected to/ },
  'no-welcome': { stderr: /welcome[\s\S]*welcome/ },
  garbage: { stdout: /^\{"type"/, stderr: /not JSON[\s\S]*UTF-8/ },
  duplicate: { stdout: /^\{"type"/ },
  slow: { stdout: /^\{"type"/ },
  revoked: { stdout: /^\{"type"[\s\S]*\n3\n$/, stderr: /1008[\s\S]*401/ },
  suspended: { stdout: /^3\n$/, stderr: /403/ },
  'no-credit': { stdout: /^4\n$/, stderr: /402/ },
  'rate-limited': { stdout: /^\{"type"/, stderr: /429[\s\S]*429[\s\S]*connected/ },
  unavailable: { stdout: /^\{"type"/, stderr: /503[\s\S]*502[\s\S]*500[\s\S]*connected/ },
  flaky: { stdout: /Simulator ready/ },
  shared: { stdout: /^\{"type"/ },
  'shared-drop': { stdout: /^\{"type"/, stderr: /connection 1 lost[^\n]*no gap/ },
  'shared-delay': { stdout: /^\{"type"/ },
  'shared-duplicate': { stdout: /^(\{"type".*)\n\1\n/ },
  // The gap is reported only after a minute, which this test does not wait for.
  'shared-missing': { stdout: /^\{"type"/ },
};

test('every scenario of the page has a command and an expected output', () => {
  expect([...commands.keys()].sort()).toEqual(Object.keys(SHOWN).sort());
});

for (const [name, { stdout, stderr }] of Object.entries(SHOWN)) {
  const command = commands.get(name) ?? '';
  test(`${name}: ${command}`, async () => {
    // A free port, because another simulator may be listening on the default one.
    const { child } = startShell(command.replace('stream simulate', 'stream simulate --port 0'));
    if (stdout !== undefined) await child.waitForStdout(stdout, 25_000);
    if (stderr !== undefined) await child.waitForStderr(stderr, 25_000);
  }, 30_000);
}
