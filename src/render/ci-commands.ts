// Escapes untrusted text that a CI system would obey as a command. Runners obey commands in the output of every step.
//
// GitHub Actions, Gitea and Forgejo obey `::…` at the beginning of a line, after any white space, and `##[…]`
// anywhere in a line. Azure Pipelines obeys `##vso[…]` and `##[…]` anywhere, TeamCity `##teamcity[…]`. Buildkite
// starts a group at a line that begins with `---`, `+++`, `~~~` or `^^^`. The commands of GitLab, Travis and Jenkins
// need an ESC or CR, which no event can bring into the output.
//
// Escaping does not depend on the environment, because a container in a CI job often does not have the variables of the
// job. One character of a command becomes `\uXXXX`, as control characters do, so JSON keeps its value.

const MAYBE_COMMAND = /##|::|---|\+\+\+|~~~|\^\^\^/;
const BRACKET_COMMAND = /#(?=#\w*\[)/g;
/** A command at the beginning of a line, after white space and colors. */
const LINE_COMMAND = /^((?:[^\S\n]|\x1b\[[\d;]*m)*)([:+~^-])(?=(?<=:):|(?<=[+~^-])\2\2(?:\s|$))/gm;

/** A fast test: false only if there is no CI command in the text. */
export function mayHaveCommand(text: string): boolean {
  return MAYBE_COMMAND.test(text);
}

export function escapeCommands(text: string): string {
  if (!mayHaveCommand(text)) return text;
  const safe = text.replace(BRACKET_COMMAND, '\\u0023');
  return safe.replace(
    LINE_COMMAND,
    (_all, indent: string, sign: string) => `${indent}\\u00${sign.charCodeAt(0).toString(16)}`,
  );
}

/** For lines of JSON, which cannot begin with a command. Returns `lines` itself if there is no command. */
export function escapeJsonCommands(lines: Buffer): Buffer {
  if (!lines.includes('##')) return lines;
  // latin1 keeps every byte.
  return Buffer.from(lines.toString('latin1').replace(BRACKET_COMMAND, '\\u0023'), 'latin1');
}
