// Reads the first message of a stream: the welcome, which names the key that was accepted (contract C4).
import { decodeText } from '../protocol/messages.ts';

/** Characters of a key that the welcome names; no more is ever shown (contract P2), whatever the server sends. */
const KEY_PREFIX_LENGTH = 16;
/** A longer message is not a welcome, and is not parsed: what JSON.parse builds can be many times as large. */
const MAX_WELCOME_BYTES = 64 * 1024;

/** The prefix of the accepted key, or what the message was instead, in words. */
export type FirstMessage = { readonly keyPrefix: string } | { readonly instead: string };

/** Never throws. `flags` as `classify` gave them. */
export function readWelcome(data: Buffer, flags: number, isBinary: boolean): FirstMessage {
  if (isBinary) return { instead: 'a binary message' };
  if (flags < 0) return { instead: 'a text that is not JSON' };
  if (data.length > MAX_WELCOME_BYTES) return { instead: `a text of ${data.length} bytes` };
  const value: unknown = JSON.parse(decodeText(data, flags));
  const { type, key } = (typeof value === 'object' && value !== null ? value : {}) as Record<string, unknown>;
  if (type !== 'welcome' || typeof key !== 'string' || key === '') return { instead: 'JSON of another kind' };
  return { keyPrefix: key.slice(0, KEY_PREFIX_LENGTH) };
}
