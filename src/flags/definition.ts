// The definition of a flag. Help, the man page, docs/reference.md, the tables of both READMEs, completion and the
// checked configuration are made from it.
import { parseChoice } from './values.ts';

/**
 * One flag. commander parses it to `Text` (a string, true, or a list); the program uses `Value`.
 */
export interface FlagDefinition<Value = unknown, Text = never, Term extends string = string> {
  /** As help shows it: `-n, --limit <n>`. */
  readonly term: Term;
  /** One line of help, without the default. Begins with a verb or a noun that users search for. */
  readonly meaning: string;
  /** The default as help shows it; undefined if there is none. */
  readonly fallback?: string | undefined;
  /** The accepted values; undefined if any value may be given. */
  readonly choices?: readonly string[] | undefined;
  /** May be given several times. */
  readonly isRepeatable?: boolean;
  /** The heading in help. */
  readonly group?: string;
  /** `given` is undefined if the flag is not given. @throws UsageError */
  parse(given: Text | undefined): Value;
}

/** The flags of a command, by the name of their value in the checked configuration. */
export type FlagTable = Readonly<Record<string, FlagDefinition>>;

/** Parses the text of a value; errors name the flag. @throws UsageError */
type Parse<Value> = (flag: string, text: string) => Value;

/** `--json`: true when given. */
export function toggle<const Term extends string>(
  term: Term,
  meaning: string,
): FlagDefinition<boolean, boolean, Term> {
  return { term, meaning, parse: (given) => given === true };
}

/** `--no-reconnect`: true when given. */
export function negation<const Term extends string>(
  term: Term,
  meaning: string,
): FlagDefinition<boolean, string | boolean, Term> {
  return { term, meaning, parse: (given) => given === false };
}

/** Any text; `fallback` describes the default. */
export function text<const Term extends string>(
  term: Term,
  meaning: string,
  fallback?: string,
): FlagDefinition<string | undefined, string, Term> {
  const isText = (given: unknown): given is string => typeof given === 'string';
  // commander gives false for `--id <path>` after `--no-id`.
  return { term, meaning, fallback, parse: (given) => (isText(given) ? given : undefined) };
}

/** A value that is undefined without the flag; `fallback` describes the default. */
export function optional<Value, const Term extends string>(
  term: Term,
  meaning: string,
  parse: Parse<Value>,
  fallback?: string,
): FlagDefinition<Value | undefined, string, Term> {
  const long = longName(term);
  return {
    term,
    meaning,
    fallback,
    parse: (given) => (given === undefined ? undefined : parse(long, given)),
  };
}

/** A value with a default, written as on the command line. */
export function withDefault<Value, const Term extends string>(
  term: Term,
  meaning: string,
  parse: Parse<Value>,
  fallback: string,
): FlagDefinition<Value, string, Term> {
  return { term, meaning, fallback, parse: (given) => parse(longName(term), given ?? fallback) };
}

/** One of a list. */
export function choice<Choice extends string, const Term extends string>(
  term: Term,
  meaning: string,
  choices: readonly Choice[],
  fallback: NoInfer<Choice>,
): FlagDefinition<Choice, string, Term> {
  const all = `${meaning}: ${choices.join(', ')}`;
  const parse = (flag: string, given: string): Choice => parseChoice(flag, given, choices);
  return { ...withDefault(term, all, parse, fallback), choices };
}

/** `--simulate [scenario]`: the text, `implied` without one, undefined without the flag. */
export function optionalText<const Term extends string>(
  term: Term,
  meaning: string,
  implied: string,
): FlagDefinition<string | undefined, string | true, Term> {
  return { term, meaning, parse: (given) => (given === true ? implied : given) };
}

/** May be given several times; empty without the flag. */
export function list<const Term extends string>(
  term: Term,
  meaning: string,
  fallback?: string,
): FlagDefinition<readonly string[], readonly string[], Term> {
  return { term, meaning, fallback, isRepeatable: true, parse: (given) => given ?? [] };
}

/** Several words, up to the next flag; undefined without the flag. */
export function words<const Term extends string>(
  term: Term,
  meaning: string,
): FlagDefinition<readonly string[] | undefined, readonly string[], Term> {
  return { term, meaning, parse: (given) => given };
}

/** Puts the flags of a table under a heading in help. */
export function group<Table extends FlagTable>(title: string, table: Table): Table {
  return Object.fromEntries(
    Object.entries(table).map(([name, flag]) => [name, { ...flag, group: title }]),
  ) as unknown as Table;
}

/** Some flags of a table, in their order there. */
export function pick<Table extends FlagTable, Name extends keyof Table>(
  table: Table,
  ...names: readonly Name[]
): Pick<Table, Name> {
  return Object.fromEntries(
    Object.entries(table).filter(([name]) => names.includes(name as Name)),
  ) as unknown as Pick<Table, Name>;
}

/** `--limit` of `-n, --limit <n>`. */
export function longName(term: string): string {
  return /--[^\s]+/.exec(term)?.[0] ?? term;
}

type Long<Term> = Term extends `${string}--${infer Long} ${string}`
  ? Long
  : Term extends `${string}--${infer Long}`
    ? Long
    : never;
type Positive<Long> = Long extends `no-${infer Rest}` ? Rest : Long;
type Camel<Name> = Name extends `${infer First}-${infer Rest}` ? `${First}${Capitalize<Camel<Rest>>}` : Name;
type TextOf<Flag> = Flag extends { parse(given: infer Text): unknown } ? Text : never;

/** The result of commander: the text of each flag by its long name in camel case. */
export type Flags<Table> = {
  readonly [Name in keyof Table as Table[Name] extends { readonly term: infer Term }
    ? Camel<Positive<Long<Term>>> & string
    : never]?: TextOf<Table[Name]>;
};

/** The values of a table, by the names in it. */
export type FlagValues<Table> = {
  readonly [Name in keyof Table]: Table[Name] extends { parse(given: never): infer Value } ? Value : never;
};

/** Parses every flag of a table; other flags are ignored. @throws UsageError for the first invalid value */
export function parseFlags<Table extends FlagTable>(table: Table, flags: Flags<Table>): FlagValues<Table> {
  const given = flags as Readonly<Record<string, never>>;
  return Object.fromEntries(
    Object.entries(table).map(([name, flag]) => [name, flag.parse(given[attributeName(flag.term)])]),
  ) as FlagValues<Table>;
}

/** The long names of the flags of a table that are given. */
export function listGiven<Table extends FlagTable>(table: Table, flags: Flags<Table>): string[] {
  const given = flags as Readonly<Record<string, unknown>>;
  return Object.values(table)
    .filter(({ term }) => given[attributeName(term)] !== undefined)
    .map(({ term }) => longName(term));
}

/** The name that commander uses: `maxSilence` for `--max-silence <dur>`, `reconnect` for `--no-reconnect`. */
function attributeName(term: string): string {
  return longName(term)
    .replace(/^--(?:no-)?/, '')
    .replace(/-(\w)/g, (_all, letter: string) => letter.toUpperCase());
}
