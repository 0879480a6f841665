// What is wrong with a configuration file.
import type { ErrorText } from '../../../errors.ts';
import { quoteForShell, sayNotRegular, suggestNearest } from '../../../io/messages.ts';

export const sayConfigOfOther = (path: string): ErrorText => [
  `--config ${JSON.stringify(path)} belongs to another user`,
  'use a file that belongs to you or to root',
];

export const sayConfigWritable = (path: string): ErrorText => [
  `--config ${JSON.stringify(path)} can be changed by other users`,
  `check its contents, then run: chmod go-w ${quoteForShell(path)}`,
];

export const sayConfigNotAFile = (path: string): ErrorText => sayNotRegular('--config', path);

/** @param faults each with its line and path */
export const sayConfigInvalid = (path: string, faults: readonly string[]): ErrorText => [
  `--config ${JSON.stringify(path)} has ${faults.length === 1 ? 'one error' : `${faults.length} errors`}`,
  faults.join('\n'),
];

export const CONFIG_FAULTS = {
  mapping: 'must be a mapping',
  list: 'must be a list',
  text: 'must be a single value',
  texts: 'must be a value or a list of values',
  toggle: 'must be true or false',
  unknown: 'unknown setting',
  sinks: 'must have at least one sink',
  noName: 'needs a name for its messages, metrics and spool: add name: <name>',
  name: 'must consist of 1 to 64 letters, digits, - and _',
  nameTwice: 'is also the name of another sink; each sink needs its own',
  address: 'must have exactly one of "to", "to-env" and "to-file"',
  secret: 'must be {env: NAME} or {file: PATH}; a secret does not belong in the configuration file',
  header: 'is not a valid header name',
  httpOnly: 'is for HTTP sinks only',
  aliases: 'has too many aliases',
  hasUnknown: 'has an unknown setting',
  variable: 'must be the name of an environment variable',
} as const;

export function describeUnknown(key: string, known: readonly string[]): string {
  const suggestion = suggestNearest(key, known);
  return `${CONFIG_FAULTS.unknown}${suggestion === undefined ? '' : `; ${suggestion}`}`;
}

/** The YAML parser's own messages repeat the content, which may be a secret. */
export const YAML_FAULTS = {
  ALIAS_PROPS: 'an alias has an anchor or a tag',
  BAD_ALIAS: 'an alias (*) has no name, or there is no anchor (&) with that name before it',
  BAD_COLLECTION_TYPE: 'a tag does not match its value',
  BAD_DIRECTIVE: 'a directive (%) is malformed',
  BAD_DQ_ESCAPE: 'unknown escape in double quotes; use single quotes for text with a backslash',
  BAD_INDENT: 'wrong indentation, or a [ or { that is not closed',
  BAD_PROP_ORDER: 'an anchor or a tag is in the wrong place',
  BAD_SCALAR_START: 'a value starts with a reserved character (@ or `); put it in quotes',
  BLOCK_AS_IMPLICIT_KEY:
    'a mapping begins in the middle of a line; does a value that contains ": " need quotes?',
  BLOCK_IN_FLOW: 'an indented list or mapping is inside [] or {}',
  DUPLICATE_KEY: 'a setting is given twice',
  IMPOSSIBLE: 'it cannot be parsed',
  KEY_OVER_1024_CHARS: 'a key is longer than 1,024 characters',
  MISSING_CHAR: 'a quote, a colon, a comma, a bracket or a space is missing',
  MULTILINE_IMPLICIT_KEY: 'a key is longer than one line; is a colon missing?',
  MULTIPLE_ANCHORS: 'a value has two anchors',
  MULTIPLE_DOCS: 'a second document (---) begins here; only one is allowed',
  MULTIPLE_TAGS: 'a value has two tags',
  NON_STRING_KEY: 'a key is not text',
  RESOURCE_EXHAUSTION: 'it is nested too deeply',
  TAB_AS_INDENT: 'a tab in the indentation; use spaces',
  TAG_RESOLVE_FAILED: 'unknown tag (!); tags are not needed',
  UNEXPECTED_TOKEN: 'unexpected text; is a quote, a bracket or a line break missing before it?',
} as const;

export const describeYamlFault = (what: string): string => `is not valid YAML: ${what}`;

/** @param path empty for the whole file */
export const describeFault = (line: number | undefined, path: string, what: string): string =>
  `${line === undefined ? '' : `line ${line}: `}${path === '' ? 'the file ' : `${path}: `}${what}`;

/** Rewords an error about a flag for the setting of the same name, which is the last part of the path. */
export function describeSettingFault(
  { message, hint }: { message: string; hint?: string | undefined },
  path: string,
): string {
  const setting = path.slice(path.lastIndexOf('.') + 1);
  const more = hint === undefined ? '' : hint.includes('\n') ? `\n${hint}` : ` (${hint})`;
  const text = `${message}${more}`
    .replace(/--(?=[a-z])/g, '')
    .replace(` (from ${setting})`, '')
    // Further lines show an expression with a caret under its mistake.
    .replace(/\n/g, '\n  ');
  const rest = text.slice(setting.length);
  return text.startsWith(setting) && /^:? /.test(rest) ? rest.replace(/^:? /, '') : text;
}
