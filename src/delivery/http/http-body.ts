// The body and the headers under which events are posted. Pure; the same events always make the same request.
import { createHmac } from 'node:crypto';
import { BYTE_ORDER_MARK_LENGTH, MESSAGE } from '../../events/message-text.ts';
import { makeSafeLine } from '../../render/ndjson.ts';
import { hash, type IdentifyRecord } from '../sink.ts';
import type { SpoolRecord } from '../spool/record.ts';

export interface PostedForm {
  /** NDJSON of several events instead of the text of one. */
  readonly isBatch: boolean;
  readonly identify: IdentifyRecord;
  /** Signs the body; undefined: nobody does. */
  readonly signature: { readonly header: string; readonly secret: string } | undefined;
}

/** What is posted. */
export interface Posted {
  readonly body: Buffer;
  readonly headers: Readonly<Record<string, string>>;
}

const LINE_FEED = Buffer.from('\n');

/** The request for these events. */
export function makePosted(
  unit: readonly SpoolRecord[],
  { isBatch, identify, signature }: PostedForm,
): Posted {
  const ids = unit.map(identify);
  const parts = isBatch
    ? unit.flatMap(({ mark, text }) => [makeSafeLine(text, mark), LINE_FEED])
    : unit.map(withoutMark);
  const [only] = parts;
  const body = only !== undefined && parts.length === 1 ? only : Buffer.concat(parts);
  return {
    body,
    headers: {
      'Content-Type': isBatch ? 'application/x-ndjson' : 'application/json',
      'Content-Length': String(body.length),
      // Of a batch: out of the ids, so that it is the same whoever sends it, and whenever.
      'Idempotency-Key': isBatch ? hash(...ids.map((id) => `${id}\n`)) : (ids[0] ?? ''),
      ...(signature === undefined ? {} : { [signature.header]: sign(body, signature.secret) }),
    },
  };
}

/** `sha256=` and the HMAC of the body in hexadecimal, as webhooks of many services are signed. */
export function sign(body: Buffer, secret: string): string {
  return `sha256=${createHmac('sha256', secret).update(body).digest('hex')}`;
}

/** JSON that is exchanged has no byte order mark (RFC 8259 § 8.1). */
function withoutMark({ mark, text }: SpoolRecord): Buffer {
  return (mark & MESSAGE.byteOrderMark) === 0 ? text : text.subarray(BYTE_ORDER_MARK_LENGTH);
}
