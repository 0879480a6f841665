// Escapes foreign text that a CI system would obey: runners read commands from the output of every step.
//
// GitHub Actions, Gitea and Forgejo obey `::…` at the beginning of a line, after any white space, and `##[…]`
// anywhere in a line. Azure Pipelines obeys `##vso[…]` and `##[…]` anywhere, TeamCity `##teamcity[…]`. Buildkite
// starts a group at a line that begins with `---`, `+++`, `~~~` or `^^^`. The commands of GitLab, Travis and Jenkins
// need an ESC or CR, which is never printed.
//
// Escaping does not depend on the environment, because a container in a CI job often does not have the variables of the
// job. One character becomes `\uXXXX`, so JSON keeps its value, and text shows it in the same way as control characters.

/** Every command has one of these. */
const MAYBE_COMMAND = /##|::|---|\+\+\+|~~~|\^\^\^/;
const BRACKET_COMMAND = /#(?=#\w*\[)/g;
/** After white space and colors. */
const LINE_COMMAND = /^((?:[^\S\n]|\x1b\[[\d;]*m)*)([:+~^-])(?=(?<=:):|(?<=[+~^-])\2\2(?:\s|$))/gm;

/** A fast test: false only if there is no CI command in the text. */
export function mayHaveCommand(text: string): boolean {
  return MAYBE_COMMAND.test(text);
}

/** Lines of text, with every CI command in them escaped. */
export function escapeCommands(text: string): string {
  if (!mayHaveCommand(text)) return text;
  const safe = text.replace(BRACKET_COMMAND, '\\u0023');
  return safe.replace(
    LINE_COMMAND,
    (_all, indent: string, sign: string) => `${indent}\\u00${sign.charCodeAt(0).toString(16)}`,
  );
}

/** The same for lines of JSON, which cannot begin with a command. The same buffer if there is none in it. */
export function escapeJsonCommands(lines: Buffer): Buffer {
  if (!lines.includes('##')) return lines;
  // latin1 keeps every byte.
  return Buffer.from(lines.toString('latin1').replace(BRACKET_COMMAND, '\\u0023'), 'latin1');
}
