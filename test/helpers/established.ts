// Connections as the kernel sees them: a busy test process may hear of an end later than of the next beginning.
import { existsSync, readFileSync } from 'node:fs';
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
