// A sink as the delivery loop sees it, the id of a message, and a failed connection as the fault of a sink.
// Faults are values.
import { createHash } from 'node:crypto';
import { CAUSES } from '../connection/cause-table.ts';
import { type Cause, describeCause } from '../connection/causes.ts';
import { RULES } from '../connection/rules.ts';
import type { ExitCode } from '../errors.ts';
import type { PathStep } from '../events/path.ts';
import { createScalarReader } from '../events/seek-path.ts';
import type { SpoolRecord } from './spool/record.ts';

/**
 * The fault in the words of the cause. It ends the run where the policy says that trying again is pointless, but
 * only as long as the sink has never worked in this run: later somebody may repair it, and nothing is lost.
 */
export function describeSinkFault(cause: Cause, hasWorked: boolean): SinkFault {
  const rule = RULES[CAUSES[cause.kind].rule];
  const { happened, remedy } = describeCause(cause);
  const isFinal = rule.beforeFirstWelcome === 'never' && !hasWorked;
  return {
    words: happened,
    hint: remedy,
    retryAfterMs: cause.retryAfterMs,
    exitCode: isFinal ? rule.exitCode : undefined,
    exitCodeInTheEnd: rule.exitCode,
  };
}

/** The id of a record. */
export type IdentifyRecord = (record: SpoolRecord) => string;

/** Longer ones are replaced by their hash: every message carries its id. */
const MAX_ID_LENGTH = 200;
/** What a header can carry as it is. */
const PLAIN = /^[\x21-\x7e]+$/;

/**
 * Ids of records: of an event the value of the path, else the SHA-256 of its text; of a lifecycle record always
 * that, with the name of the relay, since each relay has its own.
 *
 * @param idSteps the path of the id; undefined where events have none
 */
export function createIdentifier(
  idSteps: readonly PathStep[] | undefined,
  relayName: string,
): IdentifyRecord {
  const readId = idSteps === undefined ? undefined : createScalarReader(idSteps);
  return ({ mark, text }) => {
    if (mark === LIFECYCLE_MARK) return hash(relayName, text);
    const id = readId?.(text);
    if (id === undefined) return hash(text);
    return id.length <= MAX_ID_LENGTH && PLAIN.test(id) ? id : hash(id);
  };
}

/** SHA-256 over the parts, in hexadecimal. */
export function hash(...parts: readonly (string | Buffer)[]): string {
  const sum = createHash('sha256');
  for (const part of parts) sum.update(part);
  return sum.digest('hex');
}

/** Mark of a lifecycle record in the spool; smaller ones are the MESSAGE bits of an event. */
export const LIFECYCLE_MARK = 255;

/** Why nothing can be delivered at the moment, or for good. */
export interface SinkFault {
  /** What happened, as a sentence without its end. */
  readonly words: string;
  /** What the user can do about it. */
  readonly hint?: string | undefined;
  /** The sink asks for so long a wait, in ms. */
  readonly retryAfterMs?: number | undefined;
  /** Set where trying again would only fail again: the run ends with this code. */
  readonly exitCode?: ExitCode | undefined;
  /** The code of a run that gives up over it. */
  readonly exitCodeInTheEnd?: ExitCode | undefined;
}

/** What became of a unit. */
export type Verdict =
  /** All of it is kept; so many records the sink had already. */
  | { readonly kind: 'accepted'; readonly duplicates: number }
  /** Nothing is known, or it was not taken: to be sent again. */
  | { readonly kind: 'failed'; readonly fault: SinkFault }
  /** It will never be taken as it is. */
  | { readonly kind: 'refused'; readonly why: string; readonly isTooLarge: boolean };

export interface Sink {
  /** The place as messages name it; without secrets. */
  readonly name: string;
  /** Most records in one unit. */
  readonly unitSize: number;
  /** Most units that are under way at once. */
  readonly unitsAtOnce: number;
  readonly wantsLifecycle: boolean;
  /** Gets ready to send, ends at once on abort. Undefined when it is ready. */
  open(signal: AbortSignal): Promise<SinkFault | undefined>;
  /** Sends records that follow each other. Never rejects. */
  send(unit: readonly SpoolRecord[]): Promise<Verdict>;
  /** Ends what `open` began; units under way fail. Can be opened again. */
  close(): Promise<void>;
}
