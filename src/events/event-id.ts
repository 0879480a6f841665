// The identity of an event, by which copies of it are recognized: the value at a path, else the SHA-256 of its text.
import { createHash } from 'node:crypto';
import { type PathStep, parseWholePath, readWholePath } from './path.ts';
import { createScalarReader } from './seek-path.ts';

/** Longer ids are replaced by their SHA-256, because every message of a relay carries its id. */
const MAX_ID_LENGTH = 200;
/** Allowed in a header without escaping. */
const PLAIN = /^[\x21-\x7e]+$/;

export const DEFAULT_ID_STEPS: readonly PathStep[] = [{ kind: 'member', name: 'id' }];

/** The steps of an id path; undefined if it has `[*]`, or if text follows the path. @throws ExpressionFault */
export const parseIdSteps = (path: string): readonly PathStep[] | undefined =>
  toOneValue(parseWholePath(path));

/** Like `parseIdSteps`, but undefined for an invalid path as well. */
export const readIdPath = (path: string): readonly PathStep[] | undefined => toOneValue(readWholePath(path));

const toOneValue = (steps: readonly PathStep[] | undefined): readonly PathStep[] | undefined =>
  steps?.every(({ kind }) => kind !== 'every') ? steps : undefined;

export type IdentifyEvent = (text: Buffer) => string;

/** @param idSteps the path of the id; undefined: always the SHA-256 of the text */
export function createEventIdentifier(idSteps: readonly PathStep[] | undefined): IdentifyEvent {
  const readId = idSteps === undefined ? undefined : createScalarReader(idSteps);
  return (text) => {
    const id = readId?.(text);
    if (id === undefined) return sha256(text);
    return id.length <= MAX_ID_LENGTH && PLAIN.test(id) ? id : sha256(id);
  };
}

/** In hexadecimal. */
export function sha256(...parts: readonly (string | Buffer)[]): string {
  const sum = createHash('sha256');
  for (const part of parts) sum.update(part);
  return sum.digest('hex');
}
