import { readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { type LockedSpool, openSpool } from '../../src/spool/open-spool.ts';
import { createStoreHost } from '../config/store-host.ts';
import { makeTempFolder } from '../helpers/cleanup.ts';

const TEXT = '{"type":"large_transfer","id":"evt_1"}';

function open(path: string): Promise<LockedSpool> {
  const config = { path, maxBytes: 2 ** 20, syncEveryMs: 200 };
  return openSpool(config, createStoreHost(), { onFault: () => {}, warn: () => {} });
}

/** The path of a spool with one record that waits. */
async function makeSpool(): Promise<string> {
  const path = join(makeTempFolder(), 'spool', 'sink');
  const { spool, close } = await open(path);
  spool.append(0, [{ mark: 0, text: Buffer.from(TEXT) }]);
  close();
  return path;
}

/** Another file of this user. */
function makePrecious(): string {
  const path = join(makeTempFolder(), 'precious');
  writeFileSync(path, 'precious');
  return path;
}

test('row 61: a link in the place of the lock: 9, and nothing behind it is removed', async () => {
  const path = await makeSpool();
  const precious = makePrecious();
  symlinkSync(join(precious, '..'), join(path, 'lock'));
  await expect(open(path)).rejects.toMatchObject({
    exitCode: 9,
    message: `the lock of the spool ${JSON.stringify(path)} is a symbolic link: ${join(path, 'lock')}`,
  });
  expect(readFileSync(precious, 'utf8')).toBe('precious');
});

test('row 69: a clock that is set by an hour takes the spool from nobody', async () => {
  const path = await makeSpool();
  let offsetMs = 0;
  const real = createStoreHost().clock;
  const host = createStoreHost({ clock: { ...real, wallMs: () => Date.now() + offsetMs } });
  const faults: unknown[] = [];
  const config = { path, maxBytes: 2 ** 20, syncEveryMs: 200 };
  const held = await openSpool(config, host, { onFault: (error) => faults.push(error), warn: () => {} });
  for (offsetMs of [-3_600_000, 3_600_000]) {
    await expect(openSpool(config, host, { onFault: () => {}, warn: () => {} })).rejects.toMatchObject({
      exitCode: 9,
      message: expect.stringContaining(`is locked by another process (${process.pid})`),
    });
  }
  held.spool.append(1, [{ mark: 0, text: Buffer.from(TEXT) }]);
  held.close();
  expect(faults).toEqual([]);
});
