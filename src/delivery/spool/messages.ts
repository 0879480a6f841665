// Messages about the files of a spool.
import type { ErrorText } from '../../errors.ts';
import { explainWriteError } from '../../io/messages.ts';
import { formatCount } from '../../ui/format.ts';
import type { Damage, MissingRecords } from './record.ts';

export const nameSpoolAt = (path: string): string => `the spool ${JSON.stringify(path)}`;

/** A refusal of `io/safe-file.ts` has a hint of its own. */
export const saySpoolUnusable = (path: string, error: unknown): ErrorText => [
  `${nameSpoolAt(path)} could not be used: ${explainWriteError(error)}`,
  (error as { readonly hint?: string }).hint,
];

export const saySpoolTakenOver = (path: string): ErrorText => [
  `${nameSpoolAt(path)} was taken over by another process while this one was suspended`,
  'use a separate spool for each relay',
];

export const sayNotASegment = (path: string): ErrorText => [
  `${JSON.stringify(path)} is not a segment of a spool`,
  'nothing was changed: use another directory, or move the file away',
];

export const describeMissing = ({ first, records }: MissingRecords): string =>
  `${formatCount(records, 'message')}, #${first} to #${first + records - 1}: the segment is missing`;

const DAMAGE = {
  unreadable: 'cannot be read',
  incomplete: 'an incomplete record, which the next run removes',
  'not-a-segment': 'not a segment of a spool',
} as const;

export const describeDamage = ({ file, offset, bytes, records, kind }: Damage): string =>
  `${file}, ${formatCount(bytes, 'byte')} at offset ${offset}: ${DAMAGE[kind]}${records === 0 ? '' : `, ${formatCount(records, 'message')} lost`}`;
