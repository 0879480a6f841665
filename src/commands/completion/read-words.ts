// Reads an unfinished command line the way commander would: which command it is, which flags were given, and
// what the last word is about to be.
import type { Flag, Outline } from '../../flags/documented-command.ts';

/** What the words say before the last one. */
export interface Reading {
  readonly command: Outline;
  /** Long names. */
  readonly given: ReadonlySet<string>;
  /** The flag whose value the last word is; it may also be something else if the value is optional. */
  readonly open: Flag | undefined;
  /** Arguments of the command so far. */
  readonly argumentCount: number;
  /** After `--` nothing is a flag. */
  readonly isLiteral: boolean;
}

/** @param words what stands before the word that is completed, without the program's name */
export function readWords(root: Outline, words: readonly string[]): Reading {
  let reading: Reading = {
    command: root,
    given: new Set(),
    open: undefined,
    argumentCount: 0,
    isLiteral: false,
  };
  for (const word of words) reading = { ...reading, ...readWord(reading, root, word) };
  return reading;
}

/** The flags that fit a command: its own, and those of every command. */
export function listFlags(command: Outline, root: Outline): readonly Flag[] {
  const own = new Set(command.flags.map(({ long }) => long));
  return [...command.flags, ...root.flags.filter(({ long }) => !own.has(long))];
}

function readWord(reading: Reading, root: Outline, word: string): Partial<Reading> {
  const { command, open, isLiteral } = reading;
  const isFlag = !isLiteral && word.startsWith('-') && word !== '-';
  if (open !== undefined && (open.value?.isRequired === true || !isFlag)) {
    // A list of words goes on until the next flag.
    return { open: open.value?.isVariadic === true ? asOptional(open) : undefined };
  }
  if (!isFlag) {
    const child =
      reading.argumentCount === 0 ? command.commands.find(({ name }) => name === word) : undefined;
    if (child !== undefined && !isLiteral) return { command: child, open: undefined };
    return { argumentCount: reading.argumentCount + 1, open: undefined };
  }
  if (word === '--') return { isLiteral: true, open: undefined };
  const { flag, hasValue } = findFlag(listFlags(command, root), word);
  if (flag === undefined) return { open: undefined };
  return {
    given: new Set([...reading.given, flag.long]),
    open: flag.value !== undefined && !hasValue ? flag : undefined,
  };
}

/** `--limit`, `--limit=5`, `-n`, `-n5`, or `-qn`: the last flag in it, and whether its value is there. */
function findFlag(flags: readonly Flag[], word: string): { flag: Flag | undefined; hasValue: boolean } {
  if (word.startsWith('--')) {
    const [name, value] = word.split('=', 2);
    return { flag: flags.find(({ long }) => long === name), hasValue: value !== undefined };
  }
  const [, letter = '', rest = ''] = /^-(.)(.*)$/s.exec(word) ?? [];
  const flag = flags.find(({ short }) => short === `-${letter}`);
  if (flag === undefined || flag.value !== undefined || rest === '') return { flag, hasValue: rest !== '' };
  return findFlag(flags, `-${rest}`);
}

const asOptional = (flag: Flag): Flag =>
  flag.value === undefined ? flag : { ...flag, value: { ...flag.value, isRequired: false } };
