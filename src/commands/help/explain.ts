// What to say about words that do not fit: commander's own words, the nearest thing there is, and where help is.
import type { CommanderError } from 'commander';
import { UsageError } from '../../errors.ts';
import type { DocumentedCommand } from '../../flags/documented-command.ts';
import { listCommands } from '../../flags/outline.ts';
import { findRoot, listWords, outlineCommand } from '../../flags/read-outline.ts';

/** The error for a user; its hint ends with the help of the command that the words were meant for. */
export function explainMisuse(error: CommanderError, command: DocumentedCommand): UsageError {
  const [message = '', ...rest] = error.message.replace(/^error: /, '').split('\n');
  const suggestion = rest
    .join(' ')
    .trim()
    .replace(/^\((.*)\)$/, '$1');
  const hints = [
    suggestion === '' ? lookElsewhere(error, command) : suggestion,
    `see \`${listWords(command).join(' ')} --help\``,
  ];
  return new UsageError(message, hints.filter((hint) => hint !== undefined).join('\n'));
}

/** A command or flag of exactly that name, where it belongs. */
function lookElsewhere(error: CommanderError, command: DocumentedCommand): string | undefined {
  const [, word] = /'([^'=]*)/.exec(error.message) ?? [];
  const all = listCommands(outlineCommand(findRoot(command)));
  if (error.code === 'commander.unknownCommand') {
    const [found] = all.filter(({ name }) => name === word);
    return found && `Did you mean \`${found.path}\`?`;
  }
  if (error.code !== 'commander.unknownOption') return undefined;
  const owners = all.filter(({ flags }) => flags.some(({ long, short }) => long === word || short === word));
  return owners.length === 0
    ? undefined
    : `${word} is a flag of ${owners
        .slice(0, 3)
        .map(({ path }) => `\`${path}\``)
        .join(', ')}`;
}
