// Reads a scenario script from its file.
import { UsageError } from '../../errors.ts';
import { dropByteOrderMark } from '../../io/text-encoding.ts';
import { describePosition, findJsonFault } from '../../profiles/json-fault.ts';
import { readNamedFile } from '../../settings/certificates.ts';
import type { Scenario } from '../../simulator/scenarios.ts';
import { parseScript } from '../../simulator/script.ts';

/** @throws UsageError naming the file, or the line and column or JSON path of the first fault */
export async function readScript(path: string): Promise<Scenario> {
  const text = await readText(path);
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new UsageError(
      `the script ${JSON.stringify(path)} is not JSON: ${describePosition(text, findJsonFault(text) ?? 0)}`,
      'docs/scenario.schema.json describes its form',
    );
  }
  return parseScript(value);
}

async function readText(path: string): Promise<string> {
  try {
    // Some editors put a byte order mark before everything.
    return dropByteOrderMark((await readNamedFile(path)).toString('utf8'));
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? 'unknown error';
    const why = code === 'ENOENT' ? 'there is no such file' : code === 'EISDIR' ? 'it is a folder' : code;
    throw new UsageError(`the script ${JSON.stringify(path)} cannot be read: ${why}`);
  }
}
