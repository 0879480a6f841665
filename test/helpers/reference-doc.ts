// Renders docs/reference.md from the definitions of the commands: every command, every flag, every default.
import {
  type Flag,
  formatArgument,
  formatUsage,
  groupFlags,
  listCommands,
  type Outline,
} from '../../src/flags/documented-command.ts';
import { TOPICS, type Topic } from '../../src/flags/topics.ts';
import { renderTable, toAnchor } from './markdown.ts';

/** The whole page. */
export function renderReference(root: Outline): string {
  const leaves = listCommands(root).filter(({ commands }) => commands.length === 0);
  return `# Reference

<!-- Written by \`UPDATE_DOCS=1 npm test -- docs/reference\` from the definitions in src/commands and src/flags. -->

Every command and every flag, as in \`--help\` and \`man atlantis\`. A duration is written \`500ms\`, \`20s\`, \`5m\`,
\`1h30m\` or \`7d\`. An invalid value is a usage error (exit 2), and the message says what is accepted.

${renderTable(['command', 'purpose'], leaves.map(linkCommand))}

## Global flags

${renderFlags(root.flags)}

${leaves.map(renderCommand).join('\n')}
${TOPICS.map(renderTopic).join('\n')}`;
}

function linkCommand({ path, summary }: Outline): string[] {
  return [`[\`${path}\`](#${toAnchor(path)})`, summary];
}

function renderCommand(command: Outline): string {
  const { path, description, notes, examples, flags } = command;
  const taken = command.arguments.map((one) => [`\`${formatArgument(one)}\``, one.meaning]);
  const parts = [
    `## ${path}`,
    description,
    `\`\`\`\n${formatUsage(command)}\n\`\`\``,
    ...(taken.length === 0 ? [] : [renderTable(['argument', 'meaning'], taken)]),
    ...(flags.length === 0 ? [] : [renderFlags([...groupFlags(flags).values()].flat())]),
    ...notes.flatMap(({ title, text, terms }) => [
      `${title}: ${text}`,
      ...(terms.length === 0 ? [] : [terms.map(([term, meaning]) => `- \`${term}\`: ${meaning}`).join('\n')]),
    ]),
    `\`\`\`\n${examples.map(({ command: line, what }) => (what === undefined ? line : `# ${what}\n${line}`)).join('\n')}\n\`\`\``,
  ];
  return `${parts.join('\n\n')}\n`;
}

function renderFlags(flags: readonly Flag[]): string {
  return renderTable(
    ['flag', 'meaning', 'default'],
    flags.map(({ term, meaning, fallback = '' }) => [`\`${term}\``, meaning, fallback]),
  );
}

function renderTopic({ title, column, rows, remark }: Topic): string {
  return `## ${title}\n\n${renderTable(
    [column, 'meaning'],
    rows.map(([term, meaning]) => [`\`${term}\``, meaning]),
  )}\n\n${remark}\n`;
}
