// Creates large files, and measures the memory of a run that reads them.
import { appendFileSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { packMember } from '../../src/recording/gzip-member.ts';
import { CANARY_KEY } from '../helpers/canary.ts';
import { makeTempFolder, registerCleanup } from '../helpers/cleanup.ts';
import { type Child, type CliOptions, type Exit, startCli } from '../helpers/run-cli.ts';
import { preload } from './start-tail.ts';

const MIB = 2 ** 20;

/** Maximum resident memory while a file of any size is read (node alone needs 40 MiB). */
export const MAX_PEAK_BYTES = 120 * MIB;

/**
 * The maximum for large events, some of which are queued or copied; V8 collects unused buffers only after 64 MiB.
 */
export const maxPeakFor = (eventBytes: number): number => MAX_PEAK_BYTES + 16 * eventBytes;

/** Whether the system reports the peak of the resident memory (VmHWM). */
export const hasPeak = process.platform === 'linux';

/** Uncompressed, compressed by gzip, or compressed as by `--record`. */
export type Packing = 'plain' | 'gzip' | 'ours';

const PACK: Readonly<Record<Packing, (block: Buffer) => Buffer>> = {
  plain: (block) => block,
  gzip: (block) => gzipSync(block, { level: 1 }),
  // Members of about 64 KiB.
  ours: (block) => Buffer.concat(splitLines(block, 64 * 1024).map(packMember)),
};

function splitLines(block: Buffer, bytes: number): Buffer[] {
  const parts: Buffer[] = [];
  for (let start = 0; start < block.length; ) {
    const end = block.indexOf('\n', Math.min(start + bytes, block.length - 1)) + 1;
    parts.push(block.subarray(start, end));
    start = end;
  }
  return parts;
}

/** Writes a file with at least `bytes` of lines. It repeats one block, which is fast. */
export function writeLines(makeLine: (n: number) => string, bytes: number, packing: Packing): string {
  // Not makeTempFolder, whose folders are searched for keys, which would take long.
  const folder = mkdtempSync(join(tmpdir(), 'atlantis-large-'));
  registerCleanup(() => rmSync(folder, { recursive: true, force: true }));
  const path = join(folder, packing === 'plain' ? 'lines.ndjson' : 'lines.ndjson.gz');
  let text = '';
  for (let n = 0; text.length < 4 * MIB; n += 1) text += `${makeLine(n)}\n`;
  const block = Buffer.from(text);
  const packed = PACK[packing](block);
  for (let written = 0; written < bytes; written += block.length) appendFileSync(path, packed);
  return path;
}

const filler = (bytes: number): string => 'x'.repeat(bytes);

/** A line of a recording with an event of about this size. */
export const recordedLine =
  (bytes: number) =>
  (n: number): string =>
    `{"received_at":"${new Date(1_767_225_600_000 + Math.floor(n / 50)).toISOString()}","seq":${n},"connection":1,` +
    `"event":{"type":"large_transfer","id":"evt_${n}","note":"${filler(bytes)}"}}`;

/** A dead letter with an event of about this size. */
export const deadLetter =
  (bytes: number) =>
  (n: number): string =>
    `{"dead_letter":1,"at":"2026-01-01T00:00:00.000Z","to":"x","reason":"HTTP 400","id":"evt_${n}",` +
    `"event":{"type":"large_transfer","id":"evt_${n}","note":"${filler(bytes)}"}}`;

/** A measured run; `peakBytes` is the maximum of the resident memory. */
export interface Measured {
  readonly child: Child;
  readonly exit: Promise<Exit & { readonly peakBytes: number }>;
}

/** Starts the command with the canary key and --verbose. */
export function startMeasured(args: readonly string[], options: CliOptions = {}): Measured {
  const status = join(makeTempFolder(), 'status');
  writeFileSync(status, '');
  const child = startCli([...args, '--verbose'], {
    key: CANARY_KEY,
    stdout: 'ignore',
    limitMs: 300_000,
    ...preload(
      `const fs = require('node:fs');
       process.on('exit', () => fs.writeFileSync(${JSON.stringify(status)}, fs.readFileSync('/proc/self/status')));`,
    ),
    ...options,
  });
  const exit = child.exit.then((end) => {
    // The folder is already deleted if the end of the test ended the run.
    const written = existsSync(status) ? readFileSync(status, 'utf8') : '';
    const [, kilobytes = '0'] = /VmHWM:\s+(\d+)/.exec(written) ?? [];
    return { ...end, peakBytes: Number(kilobytes) * 1024 };
  });
  return { child, exit };
}

/** Starts an HTTP endpoint that accepts every request after `delayMs` and only counts bytes. */
export async function startCounter(
  delayMs = 0,
): Promise<{ readonly url: string; readonly bytes: () => number }> {
  let bytes = 0;
  const server = createServer((request, response) => {
    request.on('data', (part: Buffer) => {
      bytes += part.length;
    });
    request.on('end', () => setTimeout(() => response.end(), delayMs));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  registerCleanup(() => {
    server.closeAllConnections();
    server.close();
  });
  const { port } = server.address() as { port: number };
  return { url: `http://127.0.0.1:${port}/`, bytes: () => bytes };
}
