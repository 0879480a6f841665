// The HTTP request for a unit, and the meaning of its response. The same events always make the same request.
import { findTlsFault } from '../../connection/dial/refusal.ts';
import { EXIT } from '../../errors.ts';
import { sha256 } from '../../events/event-id.ts';
import { makeSafeLine } from '../../render/ndjson.ts';
import { type DescribeEvent, toTransmittedJson, wrapEvent } from '../cloud-events.ts';
import { describeSinkFault, type IdentifyRecord, type SendResult } from '../sink.ts';
import type { SpoolRecord } from '../spool/record.ts';
import type { FindTrace, TraceContext } from '../trace-context.ts';
import { describeStatus, sayAnswered, sayEndpointRefuses, sayNotAccepted } from './messages.ts';

export interface RequestConfig {
  /** Whether a request has the format of a batch, even for one event. */
  readonly isBatch: boolean;
  readonly identify: IdentifyRecord;
  /** Undefined: events are sent as received, not as CloudEvents. */
  readonly describeEvent: DescribeEvent | undefined;
  /** Undefined: no `traceparent`. */
  readonly findTrace: FindTrace | undefined;
}

export interface UnitRequest {
  /** The same for every attempt and from every relay. */
  readonly key: string;
  readonly trace: TraceContext | undefined;
  readonly body: Buffer;
  readonly headers: Readonly<Record<string, string>>;
}

const LINE_FEED = Buffer.from('\n');

export function makeRequest(
  unit: readonly SpoolRecord[],
  { isBatch, identify, describeEvent, findTrace }: RequestConfig,
): UnitRequest {
  const ids = unit.map(identify);
  const { contentType, parts } = makeBody(unit, isBatch, describeEvent);
  const [only] = parts;
  const body = only !== undefined && parts.length === 1 ? only : Buffer.concat(parts);
  const key = isBatch ? sha256(...ids.map((id) => `${id}\n`)) : (ids[0] ?? '');
  return {
    key,
    trace: findTrace?.(key, isBatch ? undefined : unit[0]),
    body,
    headers: {
      'Content-Type': contentType,
      'Content-Length': String(body.length),
      'Idempotency-Key': key,
    },
  };
}

function makeBody(
  unit: readonly SpoolRecord[],
  isBatch: boolean,
  describeEvent: DescribeEvent | undefined,
): { readonly contentType: string; readonly parts: readonly Buffer[] } {
  if (describeEvent === undefined) {
    return isBatch
      ? {
          contentType: 'application/x-ndjson',
          parts: unit.flatMap(({ mark, text }) => [makeSafeLine(text, mark), LINE_FEED]),
        }
      : { contentType: 'application/json', parts: unit.map(toTransmittedJson) };
  }
  const events = unit.map((record) => wrapEvent(record, describeEvent));
  if (!isBatch) return { contentType: 'application/cloudevents+json', parts: events };
  const items = events.flatMap((event, at) => [Buffer.from(at === 0 ? '[' : ','), event]);
  return { contentType: 'application/cloudevents-batch+json', parts: [...items, Buffer.from(']')] };
}

export interface HttpResponse {
  readonly status: number;
  /** From `Retry-After`, in ms. */
  readonly retryAfterMs: number | undefined;
  /** The beginning of its body. */
  readonly body: string;
}

/** The same request may be accepted later (RFC 9110 § 15.5.9, RFC 6585 § 4). */
const RETRYABLE = new Set([408, 425, 429]);

/** The endpoint or its credentials may be the reason instead of the event. */
const ABOUT_ENDPOINT = new Set([401, 402, 403, 404, 405, 407, 410, 421]);

/**
 * Redirects are not followed, so that events go only where the user sent them. A server may report a TLS fault with a
 * 400. A 1xx is not a final response.
 *
 * @param hasWorked whether the endpoint has accepted or refused anything in this run
 */
export function judgeResponse(
  { status, retryAfterMs, body }: HttpResponse,
  host: string,
  hasWorked: boolean,
  redact: (text: string) => string,
): SendResult {
  if (status >= 200 && status < 300) return { kind: 'accepted', duplicates: 0 };
  const why = describeStatus(status, makeExcerpt(body, redact));
  if (status >= 500 || RETRYABLE.has(status)) {
    const fault = { message: sayAnswered(host, why), retryAfterMs, exitCodeOnGiveUp: EXIT.unreachable };
    return { kind: 'failed', fault };
  }
  const tlsFault = status === 400 ? findTlsFault(body) : undefined;
  if (tlsFault !== undefined) {
    return { kind: 'failed', fault: describeSinkFault({ kind: tlsFault, host, detail: why }, hasWorked) };
  }
  const ending = {
    exitCode: hasWorked ? undefined : EXIT.refused,
    exitCodeOnGiveUp: EXIT.refused,
    isLasting: true,
  };
  if (status >= 400) {
    const [message, hint] = sayEndpointRefuses(host, why);
    const doubt = ABOUT_ENDPOINT.has(status) ? { message, hint, retryAfterMs, ...ending } : undefined;
    return { kind: 'refused', why, doubt };
  }
  const [message, hint] = sayNotAccepted(host, why, status >= 300);
  return { kind: 'failed', fault: { message, hint, ...ending } };
}

const EXCERPT_LENGTH = 200;
/** More of a body is redacted than is shown, because half a secret at the end of an excerpt would not be recognized. */
const EXCERPT_SOURCE = 16 * 1024;

function makeExcerpt(body: string, redact: (text: string) => string): string {
  return redact(body.slice(0, EXCERPT_SOURCE)).replace(/\s+/g, ' ').trim().slice(0, EXCERPT_LENGTH);
}
