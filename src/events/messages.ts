// Mistakes in a path. A message shows them after the name of the flag, such as `invalid --where:`.

/** Also used for the values of `--where`. */
export const INVALID_STRING = 'not a valid JSON string; write a backslash as \\\\';

export const PATH_FAULTS = {
  dotFirst: 'a path begins with a name, not with a dot',
  noName: 'expected a field name',
  quoteOpen: 'this quote is not closed',
  brackets: 'expected [number], [*] or ["name"]',
  tooLong: (steps: number) => `the path has more than ${steps} steps`,
} as const;
