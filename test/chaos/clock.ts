// The clock of the relay, which a chaos run steps with libfaketime, and the conversion of its times to those of this
// process.
import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { makeTempFolder } from '../helpers/cleanup.ts';

/** Where the dynamic linker finds libfaketime (Debian: faketime). */
const FAKETIME = '/usr/$LIB/faketime/libfaketimeMT.so.1';

export interface SteppedClock {
  /** The environment of a relay; empty without libfaketime. */
  readonly env: Readonly<Record<string, string>>;
  readonly canStep: boolean;
  step(offsetMs: number): void;
  /** The real times at which the relay's clock may have shown `shownMs`: several after a step backward. */
  findReal(shownMs: number): readonly number[];
}

export function makeSteppedClock(): SteppedClock {
  const { stdout } = spawnSync(process.execPath, ['-p', 'Date.now() > Date.UTC(2100)'], {
    env: { LD_PRELOAD: FAKETIME, FAKETIME: '+100y' },
    encoding: 'utf8',
  });
  const canStep = stdout === 'true\n';
  const file = join(makeTempFolder(), 'offset');
  writeFileSync(file, '+0s');
  const steps = [{ atMs: 0, offsetMs: 0 }];
  return {
    canStep,
    env: canStep
      ? {
          LD_PRELOAD: FAKETIME,
          FAKETIME_TIMESTAMP_FILE: file,
          FAKETIME_NO_CACHE: '1',
          FAKETIME_DONT_FAKE_MONOTONIC: '1',
        }
      : {},
    step(offsetMs) {
      const seconds = Math.round(offsetMs / 1_000);
      writeFileSync(file, `${seconds < 0 ? '' : '+'}${seconds}s`);
      steps.push({ atMs: Date.now(), offsetMs: seconds * 1_000 });
    },
    findReal: (shownMs) =>
      steps.flatMap(({ atMs, offsetMs }, at) => {
        const realMs = shownMs - offsetMs;
        const untilMs = steps[at + 1]?.atMs ?? Number.POSITIVE_INFINITY;
        return realMs >= atMs - 100 && realMs <= untilMs + 100 ? [realMs] : [];
      }),
  };
}
