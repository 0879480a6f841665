// A disk of limited size that can be filled: a tmpfs in a mount namespace of its own.
import { mkdirSync, rmSync, statfsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { startChild } from '../helpers/child.ts';
import { makeTempFolder } from '../helpers/cleanup.ts';

export interface SmallDisk {
  /** The path of the folder for a command that is started with `prefix`. */
  readonly inside: string;
  /** The path of the same folder for this process. */
  readonly outside: string;
  readonly prefix: readonly string[];
  fill(): void;
  empty(): void;
}

export async function startSmallDisk(mebibytes: number): Promise<SmallDisk> {
  const inside = join(makeTempFolder(), 'disk');
  mkdirSync(inside);
  const script = `mount -t tmpfs -o size=${mebibytes}m tmpfs "$0" && echo ready && exec cat`;
  const holder = startChild('unshare', ['-rm', 'sh', '-c', script, inside], {
    env: { PATH: process.env['PATH'] ?? '' },
    stdin: 'pipe',
    limitMs: 24 * 3_600_000,
  });
  await holder.waitForStdout('ready');
  const outside = `/proc/${holder.pid}/root${inside}`;
  const filler = join(outside, 'filler');
  return {
    inside,
    outside,
    prefix: ['nsenter', '--preserve-credentials', '-U', '-m', '-t', String(holder.pid)],
    fill() {
      const { bavail, bsize } = statfsSync(outside);
      // Fills every page, so that not even a small record fits.
      try {
        writeFileSync(filler, Buffer.alloc(bavail * bsize));
      } catch (error) {
        // If the relay wrote at the same time, the disk is full, too.
        if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error;
      }
    },
    empty: () => rmSync(filler, { force: true }),
  };
}
