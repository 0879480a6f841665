// What the connect loop yields, as other parts and programs see it: no code, and no types of packages, since these are
// part of the public types of the library.
import type { ExitCode } from '../errors.ts';
import type { Cause } from './causes.ts';
import type { EndReason } from './policy.ts';

/** An attempt begins. */
export interface Connecting {
  readonly kind: 'connecting';
  /** 1 for the first attempt of the run. */
  readonly attempt: number;
}

/** A live connection ended. */
export interface Lost {
  readonly kind: 'lost';
  readonly cause: Cause;
  /** When the last byte came; of bytes that waited to be read, the earliest that this may have been. */
  readonly lastByteAtMs: number;
  /** How long the connection was up after its welcome. */
  readonly upMs: number;
}

/** The next attempt begins in `delayMs`. */
export interface Retrying {
  readonly kind: 'retrying';
  /** What ended the last attempt or connection. */
  readonly cause: Cause;
  /** Whether that had been live; the loss was told already then. */
  readonly wasLive: boolean;
  readonly delayMs: number;
  /** Number of the attempt that is to come. */
  readonly attempt: number;
}

/** Live again: what was sent between the two moments was not delivered, and its number is unknown (contract G1). */
export interface Gap {
  readonly kind: 'gap';
  readonly fromMs: number;
  readonly toMs: number;
  readonly cause: Cause;
}

/** The stream is over and will not be tried again. */
export interface GaveUp {
  readonly kind: 'gave-up';
  readonly cause: Cause;
  readonly exitCode: ExitCode;
  readonly why: EndReason;
}
