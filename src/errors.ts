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
  timeout: 124,
} as const;

export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

/** What happened, and what the user can do next: the arguments of an error. They come from the messages.ts of a folder. */
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

  constructor(message: string, exitCode: ExitCode, hint?: string, options?: ErrorOptions) {
    super(message, options);
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

/** The profile store is unreadable, damaged, unsafe or locked (exit 10). */
export class StoreError extends AtlantisError {
  constructor(message: string, hint?: string) {
    super(message, EXIT.store, hint);
  }
}

/** True for every error of this file, from any bundle. */
export function isAtlantisError(error: unknown): error is AtlantisError {
  return typeof error === 'object' && error !== null && BRAND in error;
}
