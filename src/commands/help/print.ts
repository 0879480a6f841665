// Prints help: of a command, or the front page. Loaded when somebody asks.
import type { CommanderError } from 'commander';
import { EXIT, UsageError } from '../../errors.ts';
import { type DocumentedCommand, type HelpWanted, listCommands } from '../../flags/documented-command.ts';
import { findRoot, listWords, outlineCommand } from '../../flags/read-outline.ts';
import { TOPICS } from '../../flags/topics.ts';
import type { Io } from '../../io/io.ts';
import { renderFrontPage, renderHelp, renderTopic } from './render.ts';

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

/** Where no terminal tells its width. */
const DEFAULT_COLUMNS = 100;

/**
 * Answers a wish for help. `atlantis` alone is one; a group without its command is a mistake.
 * @throws UsageError for the latter
 */
export function answerHelp({ command, isError }: HelpWanted, io: Io): void {
  const isFrontPage = isError && command.parent === null && io.argv.length === 0;
  if (isError && !isFrontPage) throw refuseIncomplete(command);
  const root = outlineCommand(findRoot(command));
  const columns = io.stdout.columns() ?? DEFAULT_COLUMNS;
  io.writeOut(
    isFrontPage
      ? renderFrontPage(root, columns)
      : renderHelp(command.parent === null ? root : outlineCommand(command), root.flags, columns),
  );
  io.setExitCode(EXIT.ok);
}

/** Prints a topic that is no command, such as `exit-codes`; false if there is none of that name. */
export function answerTopic(name: string | undefined, io: Io): boolean {
  const topic = TOPICS.find((one) => one.name === name);
  if (topic !== undefined) io.writeOut(renderTopic(topic, io.stdout.columns() ?? DEFAULT_COLUMNS));
  return topic !== undefined;
}

function refuseIncomplete(command: DocumentedCommand): UsageError {
  const words = listWords(command).join(' ');
  const names = outlineCommand(command).commands.map(({ name }) => name);
  return new UsageError(
    'no command given',
    `after \`${words}\`: ${names.join(', ')}\nsee \`${words} --help\``,
  );
}
