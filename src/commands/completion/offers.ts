// What could stand at the end of an unfinished command line: a pure function of its words and the outline.
import type { Outline, Value } from '../../flags/documented-command.ts';
import { TOPICS } from '../../flags/topics.ts';
import { listFlags, readWords } from './read-words.ts';

export interface Offer {
  readonly word: string;
  /** In a few words; may be empty. */
  readonly meaning: string;
}

/** Words to choose from, or the files that the shell itself knows best. */
export type Offers = readonly Offer[] | 'files';

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
