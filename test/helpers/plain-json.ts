// A second reader of JSON, for tests of the fast ones: it shares no code with them, splits the text into tokens
// with one regular expression, and keeps each value as it was sent.

export interface PlainValue {
  /** The first token: `{`, `[`, or the whole scalar as sent. */
  readonly token: string;
  /** Members of an object, with decoded names and duplicates; items of an array under ''. */
  readonly entries: readonly (readonly [name: string, value: PlainValue])[];
  /** The value as sent, white space included. */
  readonly source: string;
}

/** A bracket, a comma, a colon, or a scalar as it was sent. */
export const TOKEN = /"(?:[^"\\]|\\.)*"|[{}[\],:]|[^\s{}[\],:"]+/g;

/** The value of a valid JSON text. */
export function readPlainJson(text: string): PlainValue {
  const tokens = [...text.matchAll(TOKEN)].map(({ 0: token, index }) => ({ token, index }));
  let at = 0;
  const take = (): { token: string; index: number } => tokens[at++] ?? { token: '', index: text.length };
  const read = (): PlainValue => {
    const { token, index } = take();
    const entries: [string, PlainValue][] = [];
    const close = token === '{' ? '}' : ']';
    if (token === '{' || token === '[') {
      while (tokens[at]?.token !== close) {
        if (tokens[at]?.token === ',') take();
        const name = token === '{' ? readPlainString(take().token) : '';
        if (token === '{') take(); // the colon
        entries.push([name, read()]);
      }
      take();
    }
    const last = tokens[at - 1];
    const end = (last?.index ?? 0) + (last?.token.length ?? 0);
    return { token, entries, source: text.slice(index, end) };
  };
  return read();
}

/** The value of a string token. */
export function readPlainString(token: string): string {
  return JSON.parse(token) as string;
}

/** Whether a value is an array or object. */
export const isContainer = ({ token }: PlainValue): boolean => token === '{' || token === '[';

/** The member of that name, or the item of that number; of equal names the last one counts. */
export function findPlain({ token, entries }: PlainValue, step: string | number): PlainValue | undefined {
  if (typeof step === 'number') return token === '[' ? entries[step]?.[1] : undefined;
  return token === '{' ? entries.findLast(([name]) => name === step)?.[1] : undefined;
}
