// Why a spool cannot be used, for the user.
import { isAtlantisError, OutputError } from '../../errors.ts';
import { saySpoolUnusable } from './messages.ts';

/** The error for the user; an AtlantisError is returned as it is. */
export function describeSpoolFault(path: string, error: unknown): Error {
  if (isAtlantisError(error)) return error;
  return new OutputError(...saySpoolUnusable(path, error));
}
