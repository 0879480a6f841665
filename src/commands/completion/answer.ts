// The conversation with the script of a shell: its words in, one offer a line out.
//
// `:files` alone means that the shell shall complete files. Profile names are read as `stream tail` reads them;
// a store that is missing or damaged has none, and nothing is said about it in the middle of a line.
import type { DocumentedCommand, Outline } from '../../flags/documented-command.ts';
import { outlineCommand } from '../../flags/read-outline.ts';
import type { Io } from '../../io/io.ts';
import { readProfileFile } from '../../profiles/profile-file.ts';
import { profilesPath } from '../../profiles/store-place.ts';
import { parseStreamUrl } from '../../settings/stream-url.ts';
import { KNOWN_EVENT_TYPES } from '../../simulator/events.ts';
import { SCENARIO_LIST } from '../../simulator/scenarios.ts';
import { complete, type Offer, type Sources } from './offers.ts';

/** The first word that makes `runProgram` come here; no command, for nobody types it. */
export function printOffers(words: readonly string[], program: DocumentedCommand, io: Io): void {
  const [shell = '', , ...line] = words;
  io.writeOut(answerShell(shell, line, outlineCommand(program), io));
}

/** What the script asked, answered in its form; see `src/commands/completion/scripts.ts`. */
export function answerShell(shell: string, words: readonly string[], root: Outline, io: Io): string {
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
    const { file } = readProfileFile(profilesPath(io.env, io.platform, io.homeDirectory()), io);
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
