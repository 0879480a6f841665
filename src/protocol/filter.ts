// Which events are wanted: `--type` globs and `--where` expressions, all of which must hold (contract O8).
//
// Filters look at a parsed copy and never change what is printed. A bundle of its own.
import picomatch from 'picomatch';
import { UsageError } from '../errors.ts';
import { decodeString, findMember, type JsonNode, parseLossless } from './json-tree.ts';
import type { Batch } from './messages.ts';
import { ExpressionFault } from './path.ts';
import { parseWhere, type Test } from './where.ts';

/** Names of the field that holds an event's type; the first one there counts. */
export const TYPE_FIELDS = ['type', 'event_type', 'event'] as const;

export interface FilterWords {
  /** Globs of `--type`; an event's type must match one of them. Empty: every event. */
  readonly types: readonly string[];
  /** Expressions of `--where`; all must hold. */
  readonly where: readonly string[];
}

/** The type of an event, or undefined where it has none. */
export function findType(root: JsonNode): string | undefined {
  if (root.kind !== 'object') return undefined;
  for (const name of TYPE_FIELDS) {
    const member = findMember(root, name);
    if (member?.kind === 'string') return decodeString(member.raw);
  }
  return undefined;
}

/**
 * Reads the words of `--type` and `--where` into one function that keeps the events that are wanted.
 *
 * @throws UsageError with a caret under the place of the fault
 */
export function createFilter(words: FilterWords): (batch: Batch) => Batch {
  const tests = [
    ...(words.types.length > 0 ? [buildTypeTest(words.types)] : []),
    ...words.where.map(readWhere),
  ];
  const isWanted = (text: Buffer): boolean => {
    const root = parseLossless(text.toString('utf8'));
    return tests.every((test) => test(root));
  };
  return (batch) => {
    const texts: Buffer[] = [];
    const flags: number[] = [];
    for (let i = 0; i < batch.texts.length; i += 1) {
      const text = batch.texts[i];
      if (text === undefined || !isWanted(text)) continue;
      texts.push(text);
      flags.push(batch.flags[i] ?? 0);
    }
    return { ...batch, texts, flags };
  };
}

function buildTypeTest(globs: readonly string[]): Test {
  // As in a shell, but for slashes, which mean nothing in a type.
  const matches = picomatch([...globs], { bash: true, dot: true, nonegate: true });
  const known = new Map<string, boolean>();
  return (root) => {
    const type = findType(root);
    if (type === undefined) return false;
    let verdict = known.get(type);
    if (verdict === undefined) {
      verdict = matches(type);
      // A server that makes up types without end must not fill the memory.
      if (known.size < 1_000) known.set(type, verdict);
    }
    return verdict;
  };
}

function readWhere(text: string): Test {
  try {
    return parseWhere(text);
  } catch (error) {
    if (!(error instanceof ExpressionFault)) throw error;
    throw new UsageError(
      `invalid --where: ${error.message}`,
      `${text}\n${' '.repeat(error.at)}^ see docs/filters.md: PATH OP VALUE, OP one of = != > >= < <= ~ !~`,
    );
  }
}
