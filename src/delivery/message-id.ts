// The id under which a message can be told from all others, the same on every machine that receives the event.
import { createHash } from 'node:crypto';
import { createScalarReader } from '../events/label.ts';
import type { Step } from '../events/path.ts';
import { LIFECYCLE_MARK } from './sink.ts';
import type { SpoolRecord } from './spool/record-form.ts';

/** The id of a record. */
export type IdentifyRecord = (record: SpoolRecord) => string;

/** Longer ones are replaced by their hash: every message carries its id. */
const MAX_ID_LENGTH = 200;
/** What a header can carry as it is. */
const PLAIN = /^[\x21-\x7e]+$/;

/**
 * Ids of records: of an event the value of the path, else the SHA-256 of its text; of a lifecycle record always
 * that, with the name of the relay, since each relay has its own.
 *
 * @param idSteps the path of the id; undefined where events have none
 */
export function createIdentifier(idSteps: readonly Step[] | undefined, relayName: string): IdentifyRecord {
  const readId = idSteps === undefined ? undefined : createScalarReader(idSteps);
  return ({ mark, text }) => {
    if (mark === LIFECYCLE_MARK) return hash(relayName, text);
    const id = readId?.(text);
    if (id === undefined) return hash(text);
    return id.length <= MAX_ID_LENGTH && PLAIN.test(id) ? id : hash(id);
  };
}

/** SHA-256 over the parts, in hexadecimal. */
export function hash(...parts: readonly (string | Buffer)[]): string {
  const sum = createHash('sha256');
  for (const part of parts) sum.update(part);
  return sum.digest('hex');
}
