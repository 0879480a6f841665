// Repeatable flags.

/** Adds a value to those given before. */
export function collect(value: string, earlier: readonly string[] = []): readonly string[] {
  return [...earlier, value];
}
