// A bug in the command, made by a script that is loaded before it.
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from '@jest/globals';
import { CANARY_KEY } from '../helpers/canary.ts';
import { makeTempFolder } from '../helpers/cleanup.ts';
import type { CliOptions } from '../helpers/run-cli.ts';
import { preload } from './start-tail.ts';

/** A fault that happens when the test says so; `throwing` is code that may use `key`. */
export function makeFault(throwing: string): { options: CliOptions; strike(): void } {
  const trigger = join(makeTempFolder(), 'now');
  const script = `
    const { existsSync } = require('node:fs');
    // Turned round: the file itself is searched for keys.
    const key = process.env.ATLANTIS_API_KEY ?? [...'${[...CANARY_KEY].reverse().join('')}'].reverse().join('');
    const timer = setInterval(() => {
      if (!existsSync('${trigger}')) return;
      clearInterval(timer);
      ${throwing}
    }, 20).unref();`;
  expect(existsSync(trigger)).toBe(false);
  return { options: preload(script), strike: () => writeFileSync(trigger, '') };
}
