// Makes sure that the stream is there and takes what will be sent to it; makes it where that was asked for.
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
import { type NatsConnection, nanos } from '@nats-io/transport-node';
import type { Cause } from '../../connection/causes.ts';
import { coversSubject } from '../../settings/nats-subject.ts';
import { classifyNatsError } from './faults.ts';

/** The stream as `--create` makes it. */
export interface StreamPlan {
  readonly maxAgeMs: number;
  /** -1: without a bound. */
  readonly maxBytes: number;
  readonly replicas: number;
  /** A message whose id came within this time, in ms, is a duplicate. */
  readonly dedupeWindowMs: number;
}

export interface WantedStream {
  readonly name: string;
  /** What will be sent, with wildcards for what is not known yet. */
  readonly subjects: readonly string[];
  /** How to make it; undefined: it has to be there. */
  readonly plan: StreamPlan | undefined;
}

/** What there is to say about the stream. */
export interface FoundStream {
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
export async function setUpStream(
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
