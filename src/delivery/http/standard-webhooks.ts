// Signatures of Standard Webhooks 1.0 (https://www.standardwebhooks.com): symmetric, version v1.
import { createHmac } from 'node:crypto';
import { sha256 } from '../../events/event-id.ts';

const SECRET = /^whsec_([A-Za-z0-9+/]+={0,2})$/;
const MIN_KEY_BYTES = 24;
const MAX_KEY_BYTES = 64;

/** Undefined unless the text is `whsec_<base64>` with a key of 24 to 64 bytes. */
export function parseSigningSecret(text: string): Buffer | undefined {
  const [, encoded = ''] = SECRET.exec(text) ?? [];
  const key = Buffer.from(encoded, 'base64');
  // Other libraries reject what Node's decoder tolerates, such as missing padding.
  const isExact = key.toString('base64') === encoded;
  return isExact && key.length >= MIN_KEY_BYTES && key.length <= MAX_KEY_BYTES ? key : undefined;
}

/**
 * @param signingKeys one signature for each, so that a receiver can accept the old or the new secret during a rotation
 * @param deliveryKey the same for every attempt
 */
export function signRequest(
  signingKeys: readonly Buffer[],
  deliveryKey: string,
  nowMs: number,
  body: Buffer,
): Record<string, string> {
  // A full stop separates the signed parts, so the id must not contain one.
  const id = deliveryKey.includes('.') ? sha256(deliveryKey) : deliveryKey;
  const timestamp = String(Math.floor(nowMs / 1_000));
  const sign = (secret: Buffer): string =>
    createHmac('sha256', secret).update(`${id}.${timestamp}.`).update(body).digest('base64');
  return {
    'webhook-id': id,
    'webhook-timestamp': timestamp,
    'webhook-signature': signingKeys.map((secret) => `v1,${sign(secret)}`).join(' '),
  };
}
