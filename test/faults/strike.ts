// Causes a bug in the command by a script that is loaded first.
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from '@jest/globals';
import { CANARY_KEY } from '../helpers/canary.ts';
import { makeTempFolder } from '../helpers/cleanup.ts';
import type { CliOptions } from '../helpers/run-cli.ts';
import { preload } from './start-tail.ts';

/** Prepares a fault that occurs when the test calls `strike`; the code in `throwing` may use `key`. */
export function makeFault(throwing: string): { options: CliOptions; strike(): void } {
  const trigger = join(makeTempFolder(), 'now');
  const script = `
    const { existsSync } = require('node:fs');
    // The key is reversed, because this file is searched for keys.
    const key = process.env.ATLANTIS_API_KEY ?? [...'${[...CANARY_KEY].reverse().join('')}'].reverse().join('');
    const timer = setInterval(() => {
      if (!existsSync('${trigger}')) return;
      clearInterval(timer);
      ${throwing}
    }, 20).unref();`;
  expect(existsSync(trigger)).toBe(false);
  return { options: preload(script), strike: () => writeFileSync(trigger, '') };
}
