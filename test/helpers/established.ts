// Connections as the kernel sees them: a busy test process may notice the end of a connection after the start of the
// next one.
import { existsSync, readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';
import type { ScriptedServer } from './scripted-server.ts';

const ESTABLISHED = '01';

/** Connections to a server on 127.0.0.1 that its client has not begun to end. */
export function countEstablished(server: Pick<ScriptedServer, 'port' | 'countOpen'>): number {
  const table = '/proc/net/tcp';
  if (!existsSync(table)) return server.countOpen();
  const local = `:${server.port.toString(16).toUpperCase().padStart(4, '0')}`;
  return readFileSync(table, 'utf8')
    .split('\n')
    .map((line) => line.trim().split(/\s+/))
    .filter(([, address, , state]) => address?.endsWith(local) && state === ESTABLISHED).length;
}

const LISTEN = '0A';

/** The TCP ports on which a process listens (proc(5)). */
export function listListening(pid: number): number[] {
  const folder = `/proc/${pid}/fd`;
  const links = readdirSync(folder).map((fd) => {
    try {
      return readlinkSync(join(folder, fd));
    } catch {
      return ''; // closed in between
    }
  });
  return ['tcp', 'tcp6']
    .flatMap((table) => readFileSync(`/proc/net/${table}`, 'utf8').trimEnd().split('\n').slice(1))
    .map((line) => line.trim().split(/\s+/))
    .filter((fields) => fields[3] === LISTEN && links.includes(`socket:[${fields[9]}]`))
    .map(([, address = '']) => Number.parseInt(address.split(':')[1] ?? '', 16));
}
