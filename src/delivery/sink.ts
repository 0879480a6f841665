// What a place that events are relayed to looks like to the delivery loop. What goes wrong is a value.
import type { ExitCode } from '../errors.ts';
import type { SpoolRecord } from './spool/record-form.ts';

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
