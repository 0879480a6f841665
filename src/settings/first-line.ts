// The first line of stdin, for --key-stdin (contract P1).
import { CredentialError } from '../errors.ts';
import { decodeKey } from '../io/key.ts';

/** More than any key and its line end. */
const MAX_BYTES = 64 * 1024;

/**
 * Reads up to the first line break or the end, and lets go of the stream.
 *
 * @throws CredentialError when nothing was there or the line does not end
 */
export async function readFirstLine(stdin: NodeJS.ReadStream): Promise<string> {
  const parts: Buffer[] = [];
  let size = 0;
  try {
    for await (const part of stdin) {
      const bytes = Buffer.from(part as Buffer | string);
      const end = bytes.indexOf(0x0a);
      parts.push(end < 0 ? bytes : bytes.subarray(0, end));
      size += bytes.length;
      if (end >= 0) break;
      if (size > MAX_BYTES)
        throw new CredentialError('the first line of stdin (--key-stdin) is too long for a key');
    }
  } catch (error) {
    if (error instanceof CredentialError) throw error;
    throw new CredentialError(
      'stdin could not be read (--key-stdin)',
      'pipe the key in: … | atlantis … --key-stdin',
    );
  }
  const line = decodeKey(Buffer.concat(parts), '--key-stdin');
  if (line.trim() === '')
    throw new CredentialError('no key on stdin (--key-stdin)', 'pipe it in as the first line');
  return line;
}
