// What the raw server records of each connection.
import type { Frame } from './frames.ts';
import type { RequestHead } from './http-head.ts';

/** How a connection ended: which side ended it first, and how. */
export type Ending = 'client-end' | 'client-reset' | 'server-end' | 'server-reset' | 'tls-failure';

/** What one connection brought; times in ms of the monotonic clock (`performance.now()`). */
export interface Attempt {
  readonly index: number;
  readonly connectedAtMs: number;
  request?: RequestHead;
  requestAtMs?: number;
  /** Bytes read from the client (decrypted, with TLS). */
  bytesReceived: number;
  /** Every frame of the client, in order. */
  readonly frames: Frame[];
  /** From the client's Close frame. */
  closeFrame?: { code: number; reason: string };
  ended?: { how: Ending; atMs: number; error?: Error };
}

/** Thrown to a script that waits for, or sends to, a client that is gone. The server swallows it. */
export class ConnectionEnded extends Error {}
