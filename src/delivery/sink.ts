// The interface between a worker and its sink, the ids of records, and faults of a sink as values.
import { CAUSES } from '../connection/cause-table.ts';
import { type Cause, describeCause } from '../connection/lifecycle.ts';
import { RULES } from '../connection/retry-policy.ts';
import type { ExitCode } from '../errors.ts';
import { createEventIdentifier, sha256 } from '../events/event-id.ts';
import type { PathStep } from '../events/path.ts';
import type { SpoolRecord } from './spool/record.ts';

export interface Sink {
  /** Used in messages; without secrets. */
  readonly name: string;
  /** Maximum number of records in a unit. Each `send` takes one unit. */
  readonly unitSize: number;
  /** Maximum number of units in flight. */
  readonly maxInFlight: number;
  readonly wantsLifecycle: boolean;
  /** For an acknowledgement, or an HTTP request with its response. `send` takes longer if it repeats a request. */
  readonly sendTimeoutMs: number;
  /** Resolves with undefined when the sink is ready, or as soon as the signal aborts. */
  open(signal: AbortSignal): Promise<SinkFault | undefined>;
  /** Sends consecutive records. Never rejects. */
  send(unit: readonly SpoolRecord[]): Promise<SendResult>;
  /** Disconnects; units in flight fail. The sink can be opened again. */
  close(): Promise<void>;
}

export type SendResult =
  /** `duplicates` is the number of records that the sink already had. */
  | { readonly kind: 'accepted'; readonly duplicates: number }
  /** The unit has to be sent again. Perhaps it was delivered nevertheless. */
  | { readonly kind: 'failed'; readonly fault: SinkFault }
  /**
   * The sink will never accept the unit unchanged. `doubt` is set if the endpoint or its credentials may be the reason.
   * The unit is then retried for a while before it counts as refused.
   */
  | { readonly kind: 'refused'; readonly why: string; readonly doubt?: SinkFault | undefined };

export interface SinkFault {
  readonly message: string;
  readonly hint?: string | undefined;
  readonly retryAfterMs?: number | undefined;
  /**
   * Set if a retry cannot help and the sink has not worked in this run. A sink without a spool then stops with this
   * code, unless a reload opened it.
   */
  readonly exitCode?: ExitCode | undefined;
  readonly exitCodeOnGiveUp?: ExitCode | undefined;
  /** Someone has to fix it: credentials, an address, a certificate. */
  readonly isLasting?: boolean | undefined;
  /** The sink stops, even if it has a spool. */
  readonly isEnd?: boolean | undefined;
}

/**
 * - closed: the sink accepts events, or failed fewer than OPEN_AFTER times in a row
 * - open: it failed at least that often, and nothing is sent until the delay is over
 * - half-open: one unit is sent to see whether the sink works again
 */
export type Circuit = 'closed' | 'open' | 'half-open';

export interface Retry {
  readonly delayMs: number;
  /** Failures in a row. */
  readonly attempt: number;
  /** The delay that the sink asked for, if it is longer than the maximum. */
  readonly askedMs: number | undefined;
}

export type WorkerEvent =
  | ({ readonly kind: 'failed'; readonly fault: SinkFault; readonly circuit: Circuit } & Retry)
  /** Something was acknowledged after a failure. */
  | { readonly kind: 'recovered' }
  /** The sink gets no more events in this run. */
  | { readonly kind: 'stopped'; readonly fault: SinkFault }
  /** The sink has stopped, and for the first time there is no room to keep an event for it. */
  | { readonly kind: 'dropping' }
  | { readonly kind: 'damaged'; readonly records: number };

export interface SinkFigures {
  delivered: number;
  duplicates: number;
  refused: number;
  deadLettered: number;
  lost: number;
}

/**
 * A cause that the policy never retries stops the sink only if the sink has not worked in this run. Otherwise the cause
 * may be fixed later, and nothing is lost while the relay waits.
 */
export function describeSinkFault(cause: Cause, hasWorked: boolean): SinkFault {
  const rule = RULES[CAUSES[cause.kind].rule];
  const { happened, remedy } = describeCause(cause);
  const isLasting = rule.beforeFirstWelcome === 'never';
  return {
    message: happened,
    hint: remedy,
    retryAfterMs: cause.retryAfterMs,
    exitCode: isLasting && !hasWorked ? rule.exitCode : undefined,
    exitCodeOnGiveUp: rule.exitCode,
    isLasting,
  };
}

/** The mark of a lifecycle record; smaller marks are the MESSAGE bits of an event. */
export const LIFECYCLE_MARK = 255;

export type IdentifyRecord = (record: SpoolRecord) => string;

/**
 * The SHA-256 of a lifecycle record includes the name of the relay, because each relay has its own lifecycle.
 *
 * @param idSteps the path of the id; undefined: always the SHA-256 of the text
 */
export function createIdentifier(
  idSteps: readonly PathStep[] | undefined,
  relayName: string,
): IdentifyRecord {
  const identify = createEventIdentifier(idSteps);
  return ({ mark, text }) => (mark === LIFECYCLE_MARK ? sha256(relayName, text) : identify(text));
}
