// Limits the time of name lookups (contract C1). A lookup in progress cannot be canceled, and the process cannot exit
// before it ends.
import type { Io } from '../io/io.ts';

/** The resolver's default: two attempts of five seconds for each name server (resolv.conf(5)). */
const DEFAULT_MS = 10_000;
const ATTEMPTS = 2;

/** The RES_OPTIONS that end a lookup within `ms`, but not below 1 s; undefined if the defaults do so. */
export function chooseResolverOptions(ms: number): string | undefined {
  if (ms >= DEFAULT_MS) return undefined;
  const seconds = Math.max(1, Math.floor(ms / 1_000));
  const attempts = Math.min(ATTEMPTS, seconds);
  return `timeout:${Math.floor(seconds / attempts)} attempts:${attempts}`;
}

/** Makes lookups end within the shortest of `limitsMs`. */
export function limitLookups(io: Io, ...limitsMs: readonly (number | undefined)[]): void {
  const options = chooseResolverOptions(Math.min(...limitsMs.map((ms) => ms ?? Number.POSITIVE_INFINITY)));
  if (options !== undefined) io.setResolverOptions(options);
}
