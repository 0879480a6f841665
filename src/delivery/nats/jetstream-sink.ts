// The JetStream sink: publishes each event to a subject made from its type, with an id by which the stream recognizes
// duplicates from retries and other relays. A missing stream is created on request.
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
  millis,
  type NatsConnection,
  nanos,
} from '@nats-io/transport-node';
import type { Clock } from '../../clock.ts';
import type { Cause } from '../../connection/lifecycle.ts';
import { ENDINGS } from '../../connection/messages.ts';
import { createTypeReader } from '../../events/event-type.ts';
import { coversSubject, createSubjectMaker, widenTemplate } from '../../settings/nats-address.ts';
import type { NatsConfig, StreamLimits } from '../../settings/nats-settings.ts';
import { type DescribeEvent, makeEventHeaders } from '../cloud-events.ts';
import { SEND_TIMED_OUT_HINT } from '../messages.ts';
import {
  describeSinkFault,
  type IdentifyRecord,
  LIFECYCLE_MARK,
  type SendResult,
  type Sink,
  type SinkFault,
} from '../sink.ts';
import type { SpoolRecord } from '../spool/record.ts';
import { type FindTrace, makeTraceparent } from '../trace-context.ts';
import { Acknowledgements, type ExpectedStream } from './acknowledgements.ts';
import { classifyNatsError, createConnector, HEADERS, untilClosed } from './client.ts';
import { ACK_DETAILS, STREAM_DETAILS } from './messages.ts';

interface FoundStream extends StreamLimits {
  readonly isNew: boolean;
  readonly domain: string | undefined;
}

async function setUpStream(
  connection: NatsConnection,
  { nats, stream: name, subject, lifecycleSubject, plan, sendTimeoutMs }: JetStreamSinkConfig,
): Promise<FoundStream | Cause> {
  const { host } = nats.address;
  const subjects = [widenTemplate(subject), ...(lifecycleSubject === undefined ? [] : [lifecycleSubject])];
  try {
    const manager = await jetstreamManager(connection, { checkAPI: false, timeout: sendTimeoutMs });
    // The types of the client lack the domain.
    const read = (): Promise<StreamInfo & { domain?: string }> => manager.streams.info(name);
    const found = await read().catch((error: unknown) => {
      if (plan !== undefined && isNotFound(error)) return undefined;
      throw error;
    });
    const isNew = found === undefined && plan !== undefined;
    if (isNew) {
      // Another relay may have created it at the same moment.
      await manager.streams.add(makeConfig(name, subjects, plan)).catch(async (error: unknown) => {
        await read().catch(() => Promise.reject(error));
      });
    }
    const { config, domain } = found ?? (await read());
    const missing = subjects.filter(
      (subject) => !config.subjects.some((pattern) => coversSubject(pattern, subject)),
    );
    if (missing.length > 0) {
      const detail = STREAM_DETAILS.otherSubjects(name, config.subjects, missing);
      return { kind: 'nats-other-stream', host, detail };
    }
    return {
      isNew,
      domain,
      maxAgeMs: millis(config.max_age),
      maxBytes: config.max_bytes,
      replicas: config.num_replicas,
      dedupeWindowMs: millis(config.duplicate_window),
    };
  } catch (error) {
    const cause = classifyNatsError(error, host);
    return cause.kind === 'nats-no-stream' ? { ...cause, detail: name } : cause;
  }
}

function makeConfig(
  name: string,
  subjects: readonly string[],
  plan: StreamLimits,
): Partial<StreamConfig> & { name: string } {
  return {
    name,
    // JetStream refuses subjects that overlap.
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
  /** Default: `host/stream`. */
  readonly name?: string | undefined;
  readonly nats: NatsConfig;
  readonly stream: string;
  /** The subject template for events. */
  readonly subject: string;
  /** Undefined: lifecycle records are not sent. */
  readonly lifecycleSubject: string | undefined;
  /** How to create the stream; undefined: it has to exist. */
  readonly plan: StreamLimits | undefined;
  /** A message without an acknowledgement after this time in ms is sent again over a new connection. */
  readonly sendTimeoutMs: number;
  readonly window: number;
  readonly relayName: string;
  readonly identify: IdentifyRecord;
  /** Adds the headers of CloudEvents; undefined: none. */
  readonly describeEvent: DescribeEvent | undefined;
  /** Undefined: no `traceparent`. */
  readonly findTrace: FindTrace | undefined;
}

interface JetStreamSinkDeps {
  readonly clock: Clock;
  /** Called each time the stream was found or created. */
  onStream(stream: FoundStream): void;
}

/** Upper bound for the protocol and the fixed headers of a message; other headers are counted separately. */
const OVERHEAD_BYTES = 1_024;

export class JetStreamSink implements Sink {
  readonly name: string;
  readonly unitSize = 1;
  readonly maxInFlight: number;
  readonly wantsLifecycle: boolean;
  readonly sendTimeoutMs: number;
  readonly #config: JetStreamSinkConfig;
  readonly #deps: JetStreamSinkDeps;
  readonly #host: string;
  readonly #connect: ReturnType<typeof createConnector>;
  readonly #makeSubject: ReturnType<typeof createSubjectMaker>;
  readonly #readType = createTypeReader();
  readonly #eventHeaders: MsgHdrs;
  readonly #lifecycleHeaders: MsgHdrs;
  #connection: NatsConnection | undefined;
  #acknowledgements: Acknowledgements | undefined;
  #replyPrefix = '';
  #hasWorked = false;

  constructor(config: JetStreamSinkConfig, deps: JetStreamSinkDeps) {
    const { nats, stream, subject, lifecycleSubject, window } = config;
    this.#config = config;
    this.#connect = createConnector(nats);
    this.#deps = deps;
    this.#host = nats.address.host;
    this.name = config.name ?? `${nats.address.host}/${stream}`;
    this.sendTimeoutMs = config.sendTimeoutMs;
    this.maxInFlight = window;
    this.wantsLifecycle = lifecycleSubject !== undefined;
    this.#makeSubject = createSubjectMaker(subject, lifecycleSubject);
    this.#eventHeaders = this.#createHeaders();
    this.#lifecycleHeaders = this.#createHeaders();
    this.#lifecycleHeaders.set(HEADERS.kind, HEADERS.lifecycle);
  }

  async open(signal: AbortSignal): Promise<SinkFault | undefined> {
    const connection = await this.#connect(signal);
    if (connection === undefined) return undefined;
    if ('kind' in connection) return describeSinkFault(connection, this.#hasWorked);
    this.#connection = connection;
    const found = await setUpStream(connection, this.#config);
    if ('kind' in found) return this.#describe(found);
    this.#hasWorked = true;
    try {
      this.#listen(connection, { name: this.#config.stream, domain: found.domain });
    } catch (error) {
      // The connection was lost in the meantime.
      return this.#describe(classifyNatsError(error, this.#host));
    }
    this.#deps.onStream(found);
    return undefined;
  }

  async send([record]: readonly SpoolRecord[]): Promise<SendResult> {
    const { lifecycleSubject = '', identify, describeEvent, findTrace } = this.#config;
    const connection = this.#connection;
    const acknowledgements = this.#acknowledgements;
    if (record === undefined || connection === undefined || acknowledgements === undefined) {
      return { kind: 'failed', fault: this.#describe(this.#closed) };
    }
    const { mark, text } = record;
    const id = identify(record);
    const added = describeEvent === undefined ? [] : makeEventHeaders(describeEvent(record));
    if (findTrace !== undefined) added.push(['traceparent', makeTraceparent(findTrace(id, record))]);
    const addedBytes = added.reduce((sum, [name, value]) => sum + name.length + value.length + 4, 0);
    const limit = connection.info?.max_payload ?? Number.POSITIVE_INFINITY;
    if (text.length + OVERHEAD_BYTES + addedBytes > limit) {
      return { kind: 'refused', why: ACK_DETAILS.tooLarge(text.length, limit) };
    }
    const isLifecycle = mark === LIFECYCLE_MARK;
    const subject = isLifecycle ? lifecycleSubject : this.#makeSubject(this.#readType(text));
    const messageHeaders = isLifecycle ? this.#lifecycleHeaders : this.#eventHeaders;
    messageHeaders.set(HEADERS.id, id);
    // The headers may have the time of an earlier message.
    if (describeEvent !== undefined) messageHeaders.delete('ce-time');
    for (const [name, value] of added) messageHeaders.set(name, value);
    const { token, result } = acknowledgements.expect();
    try {
      connection.publish(subject, text, { reply: this.#replyPrefix + token, headers: messageHeaders });
    } catch (error) {
      acknowledgements.failAll(classifyNatsError(error, this.#host));
    }
    return result;
  }

  async close(): Promise<void> {
    const connection = this.#connection;
    this.#connection = undefined;
    this.#acknowledgements?.failAll(this.#closed);
    this.#acknowledgements = undefined;
    await connection?.close().catch(() => {});
  }

  #listen(connection: NatsConnection, expected: ExpectedStream): void {
    const host = this.#host;
    const acknowledgements = new Acknowledgements({
      host,
      clock: this.#deps.clock,
      timeoutMs: this.#config.sendTimeoutMs,
      expected,
      describe: (cause) => this.#describe(cause),
    });
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
    void untilClosed(connection, host).then((cause) => {
      acknowledgements.failAll(cause);
      if (this.#connection === connection) this.#connection = undefined;
    });
  }

  #createHeaders(): MsgHdrs {
    const { stream, relayName } = this.#config;
    const created = headers();
    created.set(HEADERS.expectedStream, stream);
    created.set(HEADERS.relay, relayName);
    return created;
  }

  get #closed(): Cause {
    return { kind: 'dropped', host: this.#host, detail: ENDINGS.byClient };
  }

  #describe(cause: Cause): SinkFault {
    const fault = describeSinkFault(cause, this.#hasWorked);
    return cause.kind === 'timed-out' ? { ...fault, hint: SEND_TIMED_OUT_HINT } : fault;
  }
}
