// Completion in real shells: the test types, presses Tab, and the shell runs the completed line.
//
// Each shell is interactive on its own terminal, without start-up files. Completion runs the program by
// `command atlantis`; a typed `atlantis` is a function that prints its arguments.
import { spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from '@jest/globals';
import { CANARY_KEY } from '../helpers/canary.ts';
import { makeTempFolder } from '../helpers/cleanup.ts';
import { hasPty, type Pty, startInPty } from '../helpers/pty.ts';
import { COMMAND, makeCleanEnvironment, quote } from '../helpers/run-cli.ts';

interface Shell {
  readonly name: string;
  readonly command: readonly string[];
  readonly setUp: string;
}

const SHELLS: readonly Shell[] = [
  {
    name: 'bash',
    command: ['bash', '--norc', '--noprofile', '-i'],
    setUp: `eval "$(atlantis completion bash)"
atlantis() { printf 'RAN%s;\\n' "$(printf '|%s' "$@")"; }
echo READY`,
  },
  {
    name: 'zsh',
    command: ['zsh', '-f', '-i'],
    setUp: `autoload -Uz compinit; compinit -D -u
eval "$(atlantis completion zsh)"
atlantis() { print -r -- "RAN|\${(j:|:)@};" }
echo READY`,
  },
  {
    name: 'zsh, from a folder of fpath',
    command: ['zsh', '-f', '-i'],
    setUp: `mkdir functions; command atlantis completion zsh > functions/_atlantis; fpath=(./functions $fpath)
autoload -Uz compinit; compinit -D -u
atlantis() { print -r -- "RAN|\${(j:|:)@};" }
echo READY`,
  },
  {
    name: 'fish',
    command: ['fish', '--no-config', '-i'],
    setUp: `atlantis completion fish | source
function atlantis; echo "RAN|"(string join '|' -- $argv)";"; end
echo READY`,
  },
];

/** The typed line, with Tab as `\t`, and the resulting arguments of the command. */
const LINES: readonly (readonly [typed: string, words: string])[] = [
  ['atlantis stre\tta\t', 'stream|tail'],
  ['atlantis stream tail --rec\t-max-a\t5m', 'stream|tail|--record-max-age|5m'],
  ['atlantis stream tail --format pr\t', 'stream|tail|--format|pretty'],
  ['atlantis stream tail --format=pr\t', 'stream|tail|--format=pretty'],
  ['atlantis profile use o\t', 'profile|use|only-one'],
  ['atlantis stream tail --simulate no-w\t', 'stream|tail|--simulate|no-welcome'],
  ['atlantis stream replay a\t', 'stream|replay|a day of events.ndjson'],
  ['atlantis stream tail --record a\t', 'stream|tail|--record|a day of events.ndjson'],
  ['atlantis stream tail --record=a\t', 'stream|tail|--record=a day of events.ndjson'],
  ['atlantis stream tail --limit a\t', 'stream|tail|--limit|a'],
  ["atlantis stream tail --where 'a = b' --format pr\t", 'stream|tail|--where|a = b|--format|pretty'],
];

const has = (program: string): boolean => spawnSync(program, ['-c', 'exit 0']).status === 0;

describe.each(SHELLS)('$name', ({ command, setUp }) => {
  const runTest = has(command[0] ?? '') && hasPty() ? test : test.skip;
  let folder: string;
  let env: Record<string, string>;

  beforeAll(() => {
    folder = makeTempFolder('file');
    const shim = join(folder, 'bin', 'atlantis');
    mkdirSync(join(folder, 'bin'));
    writeFileSync(shim, `#!/bin/sh\nexec ${quote(process.execPath)} ${quote(COMMAND)} "$@"\n`);
    chmodSync(shim, 0o755);
    mkdirSync(join(folder, 'config'), { mode: 0o700 });
    const profiles = { 'only-one': { url: 'https://api.atlantis.example', key: CANARY_KEY } };
    writeFileSync(join(folder, 'config', 'profiles.json'), JSON.stringify({ version: 1, profiles }), {
      mode: 0o600,
    });
    writeFileSync(join(folder, 'set-up'), setUp);
    writeFileSync(join(folder, 'a day of events.ndjson'), '');
    const clean = makeCleanEnvironment();
    env = {
      ...clean,
      PATH: `${join(folder, 'bin')}:${clean['PATH'] ?? ''}`,
      HOME: folder,
      ATLANTIS_CONFIG_DIR: join(folder, 'config'),
    };
  });

  async function open(): Promise<Pty> {
    const pty = startInPty(command, { columns: 120, cwd: folder, env });
    pty.send('source ./set-up\r');
    await pty.waitFor('READY');
    return pty;
  }

  runTest('lists the commands that can follow', async () => {
    const pty = await open();
    pty.send('atlantis stream \t\t');
    await pty.waitFor((text) => ['tail', 'check', 'simulate', 'replay'].every((word) => text.includes(word)));
  });

  runTest('completes commands, flags, values and file names', async () => {
    const pty = await open();
    for (const [at, [typed, words]] of LINES.entries()) {
      pty.send(`${typed}\r`);
      const ran = (text: string): string[] =>
        [...text.matchAll(/RAN\|([^;]*);/g)].map(([, one]) => one ?? '');
      const output = await pty.waitFor((text) => ran(text).length > at);
      expect([typed, ran(output)[at]]).toEqual([typed, words]);
    }
  });
});
