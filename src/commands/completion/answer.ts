// The conversation with the script of a shell: its words in, one offer a line out. First the words are read
// as far as the cursor, then the offers are chosen, then they are printed.
//
// `:files` alone means that the shell shall complete files. Profile names are read as `stream tail` reads them;
// a store that is missing or damaged has none, and nothing is said about it in the middle of a line.
import type { DocumentedCommand, Flag, Outline, Value } from '../../flags/documented-command.ts';
import { outlineCommand } from '../../flags/read-outline.ts';
import { TOPICS } from '../../flags/topics.ts';
import type { Io } from '../../io/io.ts';
import { profilesPath, readProfileFile } from '../../profiles/read.ts';
import { parseStreamUrl } from '../../settings/stream-url.ts';
import { KNOWN_EVENT_TYPES } from '../../simulator/events.ts';
import { SCENARIO_LIST } from '../../simulator/scenarios.ts';

interface Offer {
  readonly word: string;
  /** In a few words; may be empty. */
  readonly meaning: string;
}

/** Words to choose from, or the files that the shell itself knows best. */
type Offers = readonly Offer[] | 'files';

/** Values that no definition holds; asked only where they are wanted. */
export interface Sources {
  profiles(): readonly Offer[];
  scenarios(): readonly Offer[];
  eventTypes(): readonly Offer[];
}

/** Placeholders and long names of flags whose values can be told. */
const KNOWN_VALUES: Readonly<Record<string, 'files' | keyof Sources>> = {
  file: 'files',
  folder: 'files',
  recording: 'files',
  profile: 'profiles',
  '--profile': 'profiles',
  scenario: 'scenarios',
  '--scenario': 'scenarios',
  '--type': 'eventTypes',
};

/**
 * Everything that fits, whether or not it begins like the last word: what a beginning is, the shell decides.
 *
 * @param words those after the program's name, the last of them unfinished and perhaps empty
 */
export function complete(root: Outline, words: readonly string[], sources: Sources): Offers {
  const last = words.at(-1) ?? '';
  const { command, given, open, argumentCount, isLiteral } = readWords(root, words.slice(0, -1));
  const isFlag = !isLiteral && last.startsWith('-');
  if (open?.value !== undefined && (open.value.isRequired || !isFlag)) {
    return offerValues(open.long, open.value, sources);
  }
  if (command.name === 'help' && !isFlag) return offerHelp(root, words.slice(1, -1));
  const flags = listFlags(command, root);
  const [, prefix, name = ''] = /^((--[^=]+)=)/.exec(last) ?? [];
  if (isFlag && prefix !== undefined) {
    const value = flags.find(({ long }) => long === name)?.value;
    const offers = value === undefined ? [] : offerValues(name, value, sources);
    return offers === 'files' ? offers : offers.map((offer) => ({ ...offer, word: prefix + offer.word }));
  }
  const flagOffers = flags
    .filter(({ long, isRepeatable }) => isRepeatable || !given.has(long))
    .map(({ long, meaning }) => ({ word: long, meaning }));
  if (isFlag) return flagOffers;
  if (command.commands.length > 0) return offerCommands(command);
  const argument = command.arguments[argumentCount] ?? command.arguments.findLast((one) => one.isVariadic);
  if (argument !== undefined) return offerValues(argument.placeholder, argument, sources);
  // Nothing but flags can come, so they are shown before the first dash.
  return isLiteral ? [] : flagOffers;
}

function offerCommands(group: Outline): Offer[] {
  return group.commands.map(({ name, summary }) => ({ word: name, meaning: summary }));
}

function offerHelp(root: Outline, words: readonly string[]): Offer[] {
  const topics =
    words.length > 0 ? [] : TOPICS.map(({ name, summary }) => ({ word: name, meaning: summary }));
  return [...offerCommands(readWords(root, words).command), ...topics];
}

/** @param name the long name of the flag, or the placeholder of an argument */
function offerValues(name: string, value: Value, sources: Sources): Offers {
  if (value.choices.length > 0) return value.choices.map((word) => ({ word, meaning: '' }));
  const known = KNOWN_VALUES[name] ?? KNOWN_VALUES[value.placeholder];
  if (known === undefined) return [];
  return known === 'files' ? 'files' : sources[known]();
}

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
function listFlags(command: Outline, root: Outline): readonly Flag[] {
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

/** The first word that makes `runProgram` come here; no command, for nobody types it. */
export function printOffers(words: readonly string[], program: DocumentedCommand, io: Io): void {
  const [shell = '', , ...line] = words;
  io.writeOut(answerShell(shell, line, outlineCommand(program), io));
}

/** What the script asked, answered in its form; see `src/commands/completion/scripts.ts`. */
function answerShell(shell: string, words: readonly string[], root: Outline, io: Io): string {
  const merged = shell === 'bash' ? mergeBroken(words) : words;
  const offers = complete(root, merged, createSources(io));
  if (offers === 'files') return ':files\n';
  const last = merged.at(-1) ?? '';
  return offers
    .filter(({ word }) => shell !== 'bash' || word.startsWith(last))
    .map((offer) => `${formatOffer(shell, offer, last)}\n`)
    .join('');
}

function formatOffer(shell: string, { word, meaning }: Offer, last: string): string {
  // To bash a `=` ends a word: what stands before it is not replaced.
  if (shell === 'bash') return word.slice(last.lastIndexOf('=') + 1);
  if (shell === 'zsh') return `${word.replaceAll(':', '\\:')}${meaning === '' ? '' : `:${meaning}`}`;
  return meaning === '' ? word : `${word}\t${meaning}`;
}

/** bash breaks words at `=` and `:` (COMP_WORDBREAKS); here they are whole again. */
export function mergeBroken(words: readonly string[]): string[] {
  const merged: string[] = [];
  let isOpen = false;
  for (const word of words) {
    const isBreak = /^[=:]+$/.test(word);
    if ((isBreak || isOpen) && merged.length > 0) merged.push(`${merged.pop() ?? ''}${word}`);
    else merged.push(word);
    isOpen = isBreak;
  }
  return merged;
}

function createSources(io: Io): Sources {
  return {
    profiles: () => listProfiles(io),
    scenarios: () =>
      SCENARIO_LIST.map(({ name, summary }) => ({
        word: name.replace('<code>', '1011'),
        meaning: summary,
      })),
    eventTypes: () => KNOWN_EVENT_TYPES.map((word) => ({ word, meaning: '' })),
  };
}

function listProfiles(io: Io): Offer[] {
  try {
    const { file } = readProfileFile(profilesPath(io), io);
    return [...file.profiles.values()].map(({ name, url }) => ({ word: name, meaning: describeUrl(url) }));
  } catch {
    return [];
  }
}

function describeUrl(url: string): string {
  try {
    return parseStreamUrl(url, 'the store').base;
  } catch {
    return '';
  }
}
