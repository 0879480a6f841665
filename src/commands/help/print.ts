// Prints help: of a command, or the front page. Loaded when somebody asks.
import { EXIT, UsageError } from '../../errors.ts';
import type { DocumentedCommand, HelpWanted } from '../../flags/documented-command.ts';
import { findRoot, listWords, outlineCommand } from '../../flags/read-outline.ts';
import { TOPICS } from '../../flags/topics.ts';
import type { Io } from '../../io/io.ts';
import { renderFrontPage, renderHelp, renderTopic } from './render.ts';

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
