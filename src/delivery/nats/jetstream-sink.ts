// Events into a JetStream stream, each under a subject made of its type and with an id by which the stream keeps
// one copy of it, however often and from however many relays it comes.
import { createInbox, headers, type Msg, type MsgHdrs, type NatsConnection } from '@nats-io/transport-node';
import type { Clock } from '../../clock.ts';
import type { Cause } from '../../connection/causes.ts';
import { createTypeReader } from '../../events/label.ts';
import type { NatsSettings } from '../../settings/nats-settings.ts';
import { createSubjectMaker, widenTemplate } from '../../settings/nats-subject.ts';
import { describeSinkFault } from '../from-cause.ts';
import type { IdentifyRecord } from '../message-id.ts';
import { LIFECYCLE_MARK, type Sink, type SinkFault, type Verdict } from '../sink.ts';
import type { SpoolRecord } from '../spool/record-form.ts';
import { Acknowledgements, type ExpectedStream } from './acknowledgements.ts';
import { connectNats } from './connect.ts';
import { classifyNatsError } from './faults.ts';
import { HEADERS } from './message-headers.ts';
import { type FoundStream, type StreamPlan, setUpStream } from './stream-setup.ts';

export interface JetStreamSinkSettings {
  readonly nats: NatsSettings;
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
export interface JetStreamSinkWorld {
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
  readonly #settings: JetStreamSinkSettings;
  readonly #world: JetStreamSinkWorld;
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

  constructor(settings: JetStreamSinkSettings, world: JetStreamSinkWorld) {
    const { nats, stream, subject, lifecycleSubject, window } = settings;
    this.#settings = settings;
    this.#world = world;
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
    this.#world.onStream(found);
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
    const acknowledgements = new Acknowledgements(host, this.#world.clock, sendTimeoutMs, expected);
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
