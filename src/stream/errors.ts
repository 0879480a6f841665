// How a stream ends that did not end because somebody wanted it to.
import type { Cause } from '../connection/causes.ts';
import type { EndReason } from '../connection/policy.ts';
import { AtlantisError, type ExitCode, isAtlantisError } from '../errors.ts';

/** The stream was refused, or lost and given up: what an iteration over it rejects with. */
export class StreamEndedError extends AtlantisError {
  /** Bundles are minified, names that people see are not. @internal */
  static override readonly name: string = 'StreamEndedError';
  /** What ended the last attempt or connection. Unlike the message, its texts are the other side's own. */
  override readonly cause: Cause;
  /** Why it was not, or not again, tried. */
  readonly why: EndReason;

  /** @internal */
  constructor(message: string, hint: string, end: { cause: Cause; exitCode: ExitCode; why: EndReason }) {
    super(message, end.exitCode, hint);
    this.cause = end.cause;
    this.why = end.why;
  }
}

/** Whether it is a StreamEndedError, also of another bundle. */
export function isStreamEnded(error: unknown): error is StreamEndedError {
  return isAtlantisError(error) && 'why' in error;
}

const OPTIONS: readonly (readonly [flag: string, option: string])[] = [
  ['--ca-cert <file>', 'the option ca'],
  ['--connect-timeout', 'the option connectTimeoutMs'],
  ['--ping-interval', 'the options pingIntervalMs'],
  ['--pong-timeout', 'pongTimeoutMs'],
  ['--url', 'the option url'],
];

/** A hint about flags of the command in terms of the options of `stream()`. */
export function speakOfOptions(hint: string): string {
  return OPTIONS.reduce((text, [flag, option]) => text.replaceAll(flag, option), hint);
}
