// Events into a JetStream stream, each under a subject made of its type and with an id by which the stream keeps
// one copy of it, however often and from however many relays it comes. A missing stream is created on request.
import {
  DiscardPolicy,
  JetStreamApiCodes,
  JetStreamApiError,
  jetstreamManager,
  RetentionPolicy,
  StorageType,
  type StreamConfig,
  type StreamInfo,
} from '@nats-io/jetstream';
import {
  createInbox,
  headers,
  type Msg,
  type MsgHdrs,
  type NatsConnection,
  nanos,
} from '@nats-io/transport-node';
import type { Clock } from '../../clock.ts';
import type { Cause } from '../../connection/causes.ts';
import { createTypeReader } from '../../events/event-type.ts';
import { coversSubject, createSubjectMaker, widenTemplate } from '../../settings/nats-address.ts';
import type { NatsConfig } from '../../settings/nats-settings.ts';
import {
  describeSinkFault,
  type IdentifyRecord,
  LIFECYCLE_MARK,
  type Sink,
  type SinkFault,
  type Verdict,
} from '../sink.ts';
import type { SpoolRecord } from '../spool/record.ts';
import { Acknowledgements, type ExpectedStream } from './acknowledgements.ts';
import { classifyNatsError, connectNats } from './connect.ts';
import { HEADERS } from './message-headers.ts';

/** The stream as `--create` makes it. */
interface StreamPlan {
  readonly maxAgeMs: number;
  /** -1: without a bound. */
  readonly maxBytes: number;
  readonly replicas: number;
  /** A message whose id came within this time, in ms, is a duplicate. */
  readonly dedupeWindowMs: number;
}

interface WantedStream {
  readonly name: string;
  /** What will be sent, with wildcards for what is not known yet. */
  readonly subjects: readonly string[];
  /** How to make it; undefined: it has to be there. */
  readonly plan: StreamPlan | undefined;
}

/** What there is to say about the stream. */
interface FoundStream {
  readonly isNew: boolean;
  /** The JetStream domain of the server, where it has one. */
  readonly domain: string | undefined;
  readonly maxAgeMs: number;
  readonly maxBytes: number;
  readonly replicas: number;
  readonly dedupeWindowMs: number;
}

const NANOS_PER_MS = 1e6;

/** Looks for the stream, or makes it. Its cause is a value; never throws. */
async function setUpStream(
  connection: NatsConnection,
  wanted: WantedStream,
  host: string,
  timeoutMs: number,
): Promise<FoundStream | Cause> {
  try {
    const manager = await jetstreamManager(connection, { checkAPI: false, timeout: timeoutMs });
    // The domain is missing in the types of the client.
    const read = (): Promise<StreamInfo & { domain?: string }> => manager.streams.info(wanted.name);
    const found = await read().catch((error: unknown) => {
      if (wanted.plan !== undefined && isNotFound(error)) return undefined;
      throw error;
    });
    const isNew = found === undefined && wanted.plan !== undefined;
    if (isNew) {
      // Another relay may make it at the same moment: what counts is what is there afterwards.
      await manager.streams.add(makeConfig(wanted, wanted.plan)).catch(async (error: unknown) => {
        await read().catch(() => Promise.reject(error));
      });
    }
    const { config, domain } = found ?? (await read());
    const missing = wanted.subjects.filter(
      (subject) => !config.subjects.some((pattern) => coversSubject(pattern, subject)),
    );
    if (missing.length > 0) {
      const takes = config.subjects.join(', ') || 'no subjects';
      const detail = `${wanted.name} takes ${takes}, and not ${missing.join(', ')}`;
      return { kind: 'nats-other-stream', host, detail };
    }
    return {
      isNew,
      domain,
      maxAgeMs: config.max_age / NANOS_PER_MS,
      maxBytes: config.max_bytes,
      replicas: config.num_replicas,
      dedupeWindowMs: config.duplicate_window / NANOS_PER_MS,
    };
  } catch (error) {
    const cause = classifyNatsError(error, host);
    return cause.kind === 'nats-no-stream' ? { ...cause, detail: wanted.name } : cause;
  }
}

function makeConfig(
  { name, subjects }: WantedStream,
  plan: StreamPlan,
): Partial<StreamConfig> & { name: string } {
  return {
    name,
    // JetStream wants no subject that another one of them covers.
    subjects: subjects.filter((one) => !subjects.some((other) => other !== one && coversSubject(other, one))),
    retention: RetentionPolicy.Limits,
    storage: StorageType.File,
    discard: DiscardPolicy.Old,
    max_age: nanos(plan.maxAgeMs),
    max_bytes: plan.maxBytes,
    num_replicas: plan.replicas,
    duplicate_window: nanos(plan.dedupeWindowMs),
  };
}

const isNotFound = (error: unknown): boolean =>
  error instanceof JetStreamApiError && error.code === JetStreamApiCodes.StreamNotFound;

interface JetStreamSinkConfig {
  readonly nats: NatsConfig;
  readonly stream: string;
  /** Template of the subject of an event. */
  readonly subject: string;
  /** Subject of lifecycle records; undefined: they are not sent. */
  readonly lifecycleSubject: string | undefined;
  readonly plan: StreamPlan | undefined;
  /** A message that is not acknowledged within this time, in ms, is sent again over a new connection. */
  readonly sendTimeoutMs: number;
  /** Most messages that wait for their acknowledgement. */
  readonly window: number;
  readonly relayName: string;
  readonly identify: IdentifyRecord;
}

/** What the sink needs besides. */
interface JetStreamSinkDeps {
  readonly clock: Clock;
  /** Called each time the stream was found or made. */
  onStream(stream: FoundStream): void;
}

/** Bytes that the protocol and the headers add to a message at most. */
const OVERHEAD_BYTES = 1_024;

export class JetStreamSink implements Sink {
  readonly name: string;
  readonly unitSize = 1;
  readonly unitsAtOnce: number;
  readonly wantsLifecycle: boolean;
  readonly #settings: JetStreamSinkConfig;
  readonly #deps: JetStreamSinkDeps;
  readonly #host: string;
  readonly #makeSubject: ReturnType<typeof createSubjectMaker>;
  readonly #readType = createTypeReader();
  readonly #eventHeaders: MsgHdrs;
  readonly #lifecycleHeaders: MsgHdrs;
  #connection: NatsConnection | undefined;
  #acknowledgements: Acknowledgements | undefined;
  #replyPrefix = '';
  #knownServers: readonly string[] = [];
  #hasWorked = false;

  constructor(settings: JetStreamSinkConfig, deps: JetStreamSinkDeps) {
    const { nats, stream, subject, lifecycleSubject, window } = settings;
    this.#settings = settings;
    this.#deps = deps;
    this.#host = nats.address.host;
    this.name = `${nats.address.host}/${stream}`;
    this.unitsAtOnce = window;
    this.wantsLifecycle = lifecycleSubject !== undefined;
    this.#makeSubject = createSubjectMaker(subject);
    this.#eventHeaders = this.#createHeaders();
    this.#lifecycleHeaders = this.#createHeaders();
    this.#lifecycleHeaders.set(HEADERS.kind, HEADERS.lifecycle);
  }

  async open(signal: AbortSignal): Promise<SinkFault | undefined> {
    const { nats, stream, subject, lifecycleSubject, plan, sendTimeoutMs } = this.#settings;
    const connection = await connectNats(nats, this.#knownServers, signal);
    if (connection === undefined) return undefined;
    if ('kind' in connection) return this.#describe(connection);
    this.#connection = connection;
    this.#knownServers = connection.info?.connect_urls ?? this.#knownServers;
    const subjects = [widenTemplate(subject), ...(lifecycleSubject === undefined ? [] : [lifecycleSubject])];
    const found = await setUpStream(connection, { name: stream, subjects, plan }, this.#host, sendTimeoutMs);
    if ('kind' in found) return this.#describe(found);
    this.#hasWorked = true;
    try {
      this.#listen(connection, { name: stream, domain: found.domain });
    } catch (error) {
      // It was lost meanwhile.
      return this.#describe(classifyNatsError(error, this.#host));
    }
    this.#deps.onStream(found);
    return undefined;
  }

  async send([record]: readonly SpoolRecord[]): Promise<Verdict> {
    const { lifecycleSubject = '', identify } = this.#settings;
    const connection = this.#connection;
    const acknowledgements = this.#acknowledgements;
    if (record === undefined || connection === undefined || acknowledgements === undefined) {
      return this.#fail({ kind: 'dropped', host: this.#host, detail: 'closed from this side' });
    }
    const { mark, text } = record;
    const limit = connection.info?.max_payload ?? Number.POSITIVE_INFINITY;
    if (text.length + OVERHEAD_BYTES > limit) {
      const why = `${text.length} bytes, and the server takes no message of more than ${limit} with its headers`;
      return { kind: 'refused', why, isTooLarge: true };
    }
    const isLifecycle = mark === LIFECYCLE_MARK;
    const subject = isLifecycle ? lifecycleSubject : this.#makeSubject(this.#readType(text));
    const messageHeaders = isLifecycle ? this.#lifecycleHeaders : this.#eventHeaders;
    messageHeaders.set(HEADERS.id, identify(record));
    const { token, word } = acknowledgements.expect();
    try {
      connection.publish(subject, text, { reply: this.#replyPrefix + token, headers: messageHeaders });
    } catch (error) {
      acknowledgements.failAll(classifyNatsError(error, this.#host));
    }
    const answer = await word;
    if (answer.kind === 'kept') return { kind: 'accepted', duplicates: answer.isDuplicate ? 1 : 0 };
    if (answer.kind === 'too-large') return { kind: 'refused', why: answer.why, isTooLarge: true };
    return this.#fail(answer.cause);
  }

  async close(): Promise<void> {
    const connection = this.#connection;
    this.#connection = undefined;
    const detail = 'closed from this side';
    this.#acknowledgements?.failAll({ kind: 'dropped', host: this.#host, detail });
    this.#acknowledgements = undefined;
    await connection?.close().catch(() => {});
  }

  /** Acknowledgements, and whatever says that there will be none. */
  #listen(connection: NatsConnection, expected: ExpectedStream): void {
    const host = this.#host;
    const { sendTimeoutMs } = this.#settings;
    const acknowledgements = new Acknowledgements(host, this.#deps.clock, sendTimeoutMs, expected);
    this.#acknowledgements = acknowledgements;
    this.#replyPrefix = `${createInbox()}.`;
    const { length } = this.#replyPrefix;
    connection.subscribe(`${this.#replyPrefix}*`, {
      callback(error, message: Msg) {
        if (error) acknowledgements.failAll(classifyNatsError(error, host));
        else acknowledgements.take(message.subject.slice(length), message);
      },
    });
    void (async () => {
      for await (const status of connection.status()) {
        if (status.type === 'error') acknowledgements.failAll(classifyNatsError(status.error, host));
      }
    })();
    void connection.closed().then((error) => {
      const dropped: Cause = { kind: 'dropped', host, detail: 'the server ended it' };
      acknowledgements.failAll(error instanceof Error ? classifyNatsError(error, host) : dropped);
      if (this.#connection === connection) this.#connection = undefined;
    });
  }

  #createHeaders(): MsgHdrs {
    const { stream, relayName } = this.#settings;
    const created = headers();
    created.set(HEADERS.expectedStream, stream);
    created.set(HEADERS.relay, relayName);
    return created;
  }

  #describe(cause: Cause): SinkFault {
    return describeSinkFault(cause, this.#hasWorked);
  }

  #fail(cause: Cause): Verdict {
    return { kind: 'failed', fault: this.#describe(cause) };
  }
}
