// One run at a time records into a file: the claim to it, which ends with the process, however that ends.
//
// It is the name of a local socket, so the kernel lets go of it after a `kill -9` and no lock file is left beside
// the recording. Whoever finds it taken asks who has it. Where no such socket can be had there is no claim: a
// recording that could have been made is worth more than the check.
import { createHash } from 'node:crypto';
import { unlinkSync } from 'node:fs';
import { connect, createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { UsageError } from '../errors.ts';

/** Where sockets are named: on Linux outside of the file system (unix(7)), on Windows among the pipes. */
function nameClaim(path: string, platform: NodeJS.Platform): string {
  const name = `atlantis-record-${createHash('sha256').update(path).digest('hex').slice(0, 32)}`;
  if (platform === 'linux') return `\0${name}`;
  return platform === 'win32' ? `\\\\.\\pipe\\${name}` : join(tmpdir(), name);
}

/**
 * Claims the recording at this absolute path, without links. Returns a function that gives the claim up.
 * @throws UsageError that names the process which has it
 */
export async function claimRecording(
  path: string,
  { pid, platform }: { readonly pid: number; readonly platform: NodeJS.Platform },
): Promise<() => void> {
  const name = nameClaim(path, platform);
  const server = createServer((asking) => asking.on('error', () => undefined).end(String(pid)));
  server.unref();
  let code = await listen(server, name);
  if (code === 'EADDRINUSE') {
    const holder = await askHolder(name);
    if (holder !== undefined) {
      throw new UsageError(
        `--record: ${JSON.stringify(path)} is being recorded into by another run${holder}`,
        'give each run a file of its own',
      );
    }
    // A socket in a folder outlives its process.
    if (platform !== 'linux' && platform !== 'win32') removeSocket(name);
    code = await listen(server, name);
  }
  return () => void (code === undefined && server.close());
}

/** The code of what went wrong; undefined if it listens. */
function listen(server: Server, name: string): Promise<string | undefined> {
  return new Promise((resolve) => {
    server.once('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? 'unknown error'));
    server.listen(name, () => resolve(undefined));
  });
}

/** ` (process 123)`, as far as the holder says so; undefined if there is none. */
function askHolder(name: string): Promise<string | undefined> {
  return new Promise((resolve) => {
    const asking = connect(name);
    let answer = '';
    asking.setEncoding('latin1');
    asking.setTimeout(1_000, () => asking.destroy());
    asking.on('data', (text) => {
      answer += text;
    });
    asking.on('error', ({ code }: NodeJS.ErrnoException) => {
      if (code === 'ECONNREFUSED' || code === 'ENOENT') resolve(undefined);
    });
    asking.on('close', () => resolve(/^\d{1,10}$/.test(answer) ? ` (process ${answer})` : ''));
  });
}

function removeSocket(name: string): void {
  try {
    unlinkSync(name);
  } catch {}
}
