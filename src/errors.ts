// Exit codes, and one error class for each kind of failure that a user can fix.
//
// Errors cross bundle borders, where `instanceof` does not work, so a shared symbol identifies them.

/** Exit codes of the command; changing one is a breaking change (contract § 2). */
export const EXIT = {
  ok: 0,
  bug: 1,
  usage: 2,
  credential: 3,
  credit: 4,
  refused: 5,
  rateLimited: 6,
  unreachable: 7,
  protocol: 8,
  output: 9,
  store: 10,
  tls: 11,
  gap: 12,
  silence: 13,
  undelivered: 14,
  timeout: 124,
} as const;

export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

/** The arguments of an error, which come from the messages.ts of a directory. */
export type ErrorText = readonly [message: string, hint?: string | undefined];

const BRAND = Symbol.for('atlantis.error');

/** An error with an exit code. Its message is for users, and safe to print after redaction. */
export class AtlantisError extends Error {
  /** Kept when bundles are minified. @internal */
  static override readonly name: string = 'AtlantisError';
  readonly [BRAND] = true;
  readonly exitCode: ExitCode;
  /** What the user can do about it. */
  readonly hint: string | undefined;

  constructor(message: string, exitCode: ExitCode, hint: string | undefined) {
    super(message);
    this.name = new.target.name;
    this.exitCode = exitCode;
    this.hint = hint;
  }
}

/** An invalid flag, value, expression or URL (exit 2). */
export class UsageError extends AtlantisError {
  /** @internal */
  static override readonly name: string = 'UsageError';
  constructor(message: string, hint?: string) {
    super(message, EXIT.usage, hint);
  }
}

/** No usable key (exit 3). */
export class CredentialError extends AtlantisError {
  /** @internal */
  static override readonly name: string = 'CredentialError';
  constructor(message: string, hint?: string) {
    super(message, EXIT.credential, hint);
  }
}

/** stdout or a file could not be written (exit 9). */
export class OutputError extends AtlantisError {
  constructor(message: string, hint?: string) {
    super(message, EXIT.output, hint);
  }
}

/** A sink has failed for good; the exit code says why. */
export class SinkError extends AtlantisError {}

/** The profile store cannot be read or changed, is damaged, unsafe or locked (exit 10). */
export class StoreError extends AtlantisError {
  constructor(message: string, hint?: string) {
    super(message, EXIT.store, hint);
  }
}

/** True for every error of this file, from any bundle. */
export function isAtlantisError(error: unknown): error is AtlantisError {
  return typeof error === 'object' && error !== null && BRAND in error;
}

/** Longer words are not compared. */
const MAX_COMPARED = 64;

/** The candidate with the fewest typos, or else one that begins or ends with the word. */
export function findNearest(word: string, candidates: Iterable<string>): string | undefined {
  const wanted = word.toLowerCase();
  if (wanted === '' || wanted.length > MAX_COMPARED) return undefined;
  let nearest: string | undefined;
  let fewest = Math.min(3, Math.ceil(wanted.length / 2) - 1) + 1;
  let part: string | undefined;
  for (const candidate of candidates) {
    if (candidate.length > MAX_COMPARED) continue;
    const known = candidate.toLowerCase();
    const errors = countErrors(wanted, known);
    if (errors < fewest) [fewest, nearest] = [errors, candidate];
    const isPart = known.startsWith(wanted) || known.endsWith(wanted);
    if (wanted.length >= 3 && isPart) part ??= candidate;
  }
  return nearest ?? part;
}

/** Counts missing, additional, wrong and swapped characters (optimal string alignment). */
function countErrors(one: string, other: string): number {
  let before: number[] = [];
  let last = Array.from({ length: other.length + 1 }, (_unused, n) => n);
  for (let i = 1; i <= one.length; i += 1) {
    const row = [i];
    for (let j = 1; j <= other.length; j += 1) {
      const isSame = one[i - 1] === other[j - 1];
      const isSwapped = j > 1 && one[i - 1] === other[j - 2] && one[i - 2] === other[j - 1];
      row[j] = Math.min(
        (last[j] as number) + 1,
        (row[j - 1] as number) + 1,
        (last[j - 1] as number) + (isSame ? 0 : 1),
        isSwapped ? (before[j - 2] as number) + 1 : Number.POSITIVE_INFINITY,
      );
    }
    [before, last] = [last, row];
  }
  return last[other.length] as number;
}
