// The definition of a flag. Help, the man page, docs/reference.md, the tables in both READMEs, completion and the
// configuration come from it.
import { parseChoice } from './values.ts';

/** `Text` is the type from the command line (a string, true, or a list), `Value` the parsed type. */
export interface FlagDefinition<Value = unknown, Text = never, Term extends string = string> {
  /** As in help: `-n, --limit <n>`. */
  readonly term: Term;
  /** Starts with a verb or a noun. Help adds the default. */
  readonly meaning: string;
  /** The default as shown in help. */
  readonly fallback?: string | undefined;
  readonly choices?: readonly string[] | undefined;
  readonly isRepeatable?: boolean;
  /** `atlantis config` can store its default, as the text that the flag takes. */
  readonly isSetting?: boolean;
  /** Title in help. */
  readonly group?: string;
  /**
   * @param given undefined without the flag
   * @param name the name of the value in errors; default: the flag
   * @throws UsageError
   */
  parse(given: Text | undefined, name?: string): Value;
}

/** The flags of a command, by their name in the configuration. */
export type FlagTable = Readonly<Record<string, FlagDefinition>>;

/** @param flag for errors. @throws UsageError */
type Parse<Value> = (flag: string, text: string) => Value;

/** Refuses `--no-…`: commander would read it as a negation, and the toggle would be true without the flag. */
type NotNegated<Term> = Term extends `${string}--no-${string}` ? never : unknown;

/** `--json`: true when given. */
export function toggle<const Term extends string>(
  term: Term & NotNegated<Term>,
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

export function text<const Term extends string>(
  term: Term,
  meaning: string,
  fallback?: string,
): FlagDefinition<string | undefined, string, Term> {
  const isText = (given: unknown): given is string => typeof given === 'string';
  // commander passes false for `--id <path>` after `--no-id`.
  return { term, meaning, fallback, parse: (given) => (isText(given) ? given : undefined) };
}

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
    parse: (given, name = long) => (given === undefined ? undefined : parse(name, given)),
  };
}

/** @param fallback the default in command-line form */
export function withDefault<Value, const Term extends string>(
  term: Term,
  meaning: string,
  parse: Parse<Value>,
  fallback: string,
): FlagDefinition<Value, string, Term> {
  const long = longName(term);
  return { term, meaning, fallback, parse: (given, name = long) => parse(name, given ?? fallback) };
}

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

/** `--simulate [scenario]`: the text, `implied` if omitted, undefined without the flag. */
export function optionalText<const Term extends string>(
  term: Term,
  meaning: string,
  implied: string,
): FlagDefinition<string | undefined, string | true, Term> {
  return { term, meaning, parse: (given) => (given === true ? implied : given) };
}

/** Repeatable; empty without the flag. */
export function list<const Term extends string>(
  term: Term,
  meaning: string,
  fallback?: string,
): FlagDefinition<readonly string[], readonly string[], Term> {
  return { term, meaning, fallback, isRepeatable: true, parse: (given) => given ?? [] };
}

/** All arguments up to the next flag; undefined without the flag. */
export function words<const Term extends string>(
  term: Term,
  meaning: string,
): FlagDefinition<readonly string[] | undefined, readonly string[], Term> {
  return { term, meaning, parse: (given) => given };
}

export function setting<Flag extends FlagDefinition<unknown, string>>(flag: Flag): Flag {
  return { ...flag, isSetting: true };
}

export function group<Table extends FlagTable>(title: string, table: Table): Table {
  return Object.fromEntries(
    Object.entries(table).map(([name, flag]) => [name, { ...flag, group: title }]),
  ) as unknown as Table;
}

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

/** The command line as parsed by commander: the text of each flag by its long name in camel case. */
export type Flags<Table> = {
  readonly [Name in keyof Table as Table[Name] extends { readonly term: infer Term }
    ? Camel<Positive<Long<Term>>> & string
    : never]?: TextOf<Table[Name]>;
};

export type FlagValues<Table> = {
  readonly [Name in keyof Table]: Table[Name] extends { parse(given: never): infer Value } ? Value : never;
};

/** Ignores flags that are not in the table. @throws UsageError for the first invalid flag */
export function parseFlags<Table extends FlagTable>(table: Table, flags: Flags<Table>): FlagValues<Table> {
  const given = flags as Readonly<Record<string, never>>;
  return Object.fromEntries(
    Object.entries(table).map(([name, flag]) => [name, flag.parse(given[attributeName(flag.term)])]),
  ) as FlagValues<Table>;
}

export function listGiven<Table extends FlagTable>(table: Table, flags: Flags<Table>): string[] {
  const given = flags as Readonly<Record<string, unknown>>;
  return Object.values(table)
    .filter(({ term }) => isGiven(term, given[attributeName(term)]))
    .map(({ term }) => longName(term));
}

/** commander sets a negation to true by default, and passes false for `--id <path>` after `--no-id`. */
function isGiven(term: string, value: unknown): boolean {
  return longName(term).startsWith('--no-') ? value === false : value !== undefined && value !== false;
}

/** The name that commander uses: `maxSilence` for `--max-silence <dur>`, `reconnect` for `--no-reconnect`. */
export function attributeName(term: string): string {
  return longName(term)
    .replace(/^--(?:no-)?/, '')
    .replace(/-(\w)/g, (_all, letter: string) => letter.toUpperCase());
}
