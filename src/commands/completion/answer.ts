// Prints the completions of a command line for the script of a shell, one per line; `:files` alone means file names.
//
// A missing or damaged profile store is not reported, since the user is typing.
import {
  type DocumentedCommand,
  type Flag,
  type Outline,
  outlineCommand,
  type Value,
} from '../../flags/documented-command.ts';
import { TOPICS } from '../../flags/topics.ts';
import type { Io } from '../../io/io.ts';
import { profilesPath, readProfileFile } from '../../profiles/read.ts';
import { PRESET, readSettings, SETTINGS } from '../../settings/defaults.ts';
import { parseStreamUrl } from '../../settings/stream-url.ts';
import { KNOWN_EVENT_TYPES } from '../../simulator/events.ts';
import { SCENARIO_LIST } from '../../simulator/scenarios.ts';

interface Candidate {
  readonly word: string;
  /** May be empty. */
  readonly meaning: string;
}

type Candidates = readonly Candidate[] | 'files';

/** Values that are not in the definitions of flags; read only when needed. */
export interface Sources {
  profiles(): readonly Candidate[];
  scenarios(): readonly Candidate[];
  eventTypes(): readonly Candidate[];
  settings(): readonly Candidate[];
  presets(): readonly Candidate[];
}

/** The keys are placeholders, and long names of flags. */
const KNOWN_VALUES: Readonly<Record<string, 'files' | keyof Sources>> = {
  file: 'files',
  dir: 'files',
  recording: 'files',
  profile: 'profiles',
  '--profile': 'profiles',
  scenario: 'scenarios',
  '--scenario': 'scenarios',
  '--type': 'eventTypes',
  setting: 'settings',
  '--preset': 'presets',
};

/**
 * All candidates, whatever the last word begins with: zsh and fish filter them, `printCompletions` does so for bash.
 *
 * @param words after the program's name; the last one is unfinished and may be empty
 */
export function complete(root: Outline, words: readonly string[], sources: Sources): Candidates {
  const last = words.at(-1) ?? '';
  const { command, given, open, argumentCount, isLiteral } = readWords(root, words.slice(0, -1));
  const isFlag = !isLiteral && last.startsWith('-');
  if (open?.value !== undefined && (open.value.isRequired || !isFlag)) {
    return completeValues(open.long, open.value, sources);
  }
  if (command.name === 'help' && !isFlag) return completeHelp(root, words.slice(1, -1));
  const flags = listFlags(command, root);
  const [, prefix, name = ''] = /^((--[^=]+)=)/.exec(last) ?? [];
  if (isFlag && prefix !== undefined) {
    const value = flags.find(({ long }) => long === name)?.value;
    const candidates = value === undefined ? [] : completeValues(name, value, sources);
    return candidates === 'files'
      ? candidates
      : candidates.map((candidate) => ({ ...candidate, word: prefix + candidate.word }));
  }
  const flagCandidates = flags
    .filter(({ long, isRepeatable }) => isRepeatable || !given.has(long))
    .map(({ long, meaning }) => ({ word: long, meaning }));
  if (isFlag) return flagCandidates;
  if (command.commands.length > 0) return completeCommands(command);
  const argument = command.arguments[argumentCount] ?? command.arguments.findLast((one) => one.isVariadic);
  if (argument !== undefined) return completeValues(argument.placeholder, argument, sources);
  // Only flags can follow, so they are offered before a dash is typed.
  return isLiteral ? [] : flagCandidates;
}

function completeCommands(group: Outline): Candidate[] {
  return group.commands.map(({ name, summary }) => ({ word: name, meaning: summary }));
}

function completeHelp(root: Outline, words: readonly string[]): Candidate[] {
  const topics =
    words.length > 0 ? [] : TOPICS.map(({ name, summary }) => ({ word: name, meaning: summary }));
  return [...completeCommands(readWords(root, words).command), ...topics];
}

/** @param name the long name of the flag, or the placeholder of an argument */
function completeValues(name: string, value: Value, sources: Sources): Candidates {
  if (value.choices.length > 0) return value.choices.map((word) => ({ word, meaning: '' }));
  const known = KNOWN_VALUES[name] ?? KNOWN_VALUES[value.placeholder];
  if (known === undefined) return [];
  return known === 'files' ? 'files' : sources[known]();
}

interface ParsedWords {
  readonly command: Outline;
  /** Long names. */
  readonly given: ReadonlySet<string>;
  /** The flag that still expects a value. The word to complete is this value, or may be if the value is optional. */
  readonly open: Flag | undefined;
  readonly argumentCount: number;
  /** After `--` nothing is a flag. */
  readonly isLiteral: boolean;
}

/** @param words between the program's name and the word to complete */
export function readWords(root: Outline, words: readonly string[]): ParsedWords {
  let reading: ParsedWords = {
    command: root,
    given: new Set(),
    open: undefined,
    argumentCount: 0,
    isLiteral: false,
  };
  for (const word of words) reading = { ...reading, ...readWord(reading, root, word) };
  return reading;
}

function listFlags(command: Outline, root: Outline): readonly Flag[] {
  const own = new Set(command.flags.map(({ long }) => long));
  return [...command.flags, ...root.flags.filter(({ long }) => !own.has(long))];
}

function readWord(reading: ParsedWords, root: Outline, word: string): Partial<ParsedWords> {
  const { command, open, isLiteral } = reading;
  const isFlag = !isLiteral && word.startsWith('-') && word !== '-';
  if (open !== undefined && (open.value?.isRequired === true || !isFlag)) {
    // A list of values continues until the next flag.
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

/** The last flag in a word such as `--limit`, `--limit=5`, `-n5` or `-qn`, and whether the word includes its value. */
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

/** Prints the completions for `atlantis __complete <shell> -- <words>`; see scripts.ts. */
export function printCompletions(words: readonly string[], program: DocumentedCommand, io: Io): void {
  const [shell = '', , ...line] = words;
  const merged = shell === 'bash' ? mergeBroken(line) : line;
  const candidates = complete(outlineCommand(program), merged, createSources(io));
  if (candidates === 'files') {
    io.writeOut(':files\n');
    return;
  }
  const last = merged.at(-1) ?? '';
  const lines = candidates
    .filter(({ word }) => shell !== 'bash' || word.startsWith(last))
    .map((candidate) => `${formatCandidate(shell, candidate, last)}\n`);
  io.writeOut(lines.join(''));
}

function formatCandidate(shell: string, { word, meaning }: Candidate, last: string): string {
  // bash ends a word at `=` and replaces only what follows it.
  if (shell === 'bash') return word.slice(last.lastIndexOf('=') + 1);
  if (shell === 'zsh') return `${word.replaceAll(':', '\\:')}${meaning === '' ? '' : `:${meaning}`}`;
  return meaning === '' ? word : `${word}\t${meaning}`;
}

/** Joins words that bash splits at `=` and `:` (COMP_WORDBREAKS). */
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
    profiles: () => listProfileNames(io),
    scenarios: () =>
      SCENARIO_LIST.map(({ name, summary }) => ({
        word: name.replace('<code>', '1011'),
        meaning: summary,
      })),
    settings: () => [
      ...[...SETTINGS].map(([word, { meaning }]) => ({ word, meaning })),
      ...listPresets(io).map(({ word, meaning }) => ({ word: PRESET + word, meaning })),
    ],
    presets: () => listPresets(io),
    eventTypes: () => KNOWN_EVENT_TYPES.map((word) => ({ word, meaning: '' })),
  };
}

function listPresets(io: Io): Candidate[] {
  try {
    return [...readSettings(io)]
      .filter(([name]) => name.startsWith(PRESET))
      .map(([name, meaning]) => ({ word: name.slice(PRESET.length), meaning }));
  } catch {
    return [];
  }
}

function listProfileNames(io: Io): Candidate[] {
  try {
    const { file } = readProfileFile(profilesPath(io), io);
    return [...file.profiles.values()].map(({ name, url }) => ({
      word: name,
      meaning: describeProfileUrl(url),
    }));
  } catch {
    return [];
  }
}

function describeProfileUrl(url: string): string {
  try {
    return parseStreamUrl(url, 'the store').base;
  } catch {
    return '';
  }
}
