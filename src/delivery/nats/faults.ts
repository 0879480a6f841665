// From the errors of the NATS client and of JetStream to causes (docs/errors.md).
import { JetStreamApiError } from '@nats-io/jetstream';
import { errors } from '@nats-io/transport-node';
import type { CauseKind } from '../../connection/cause-table.ts';
import type { Cause } from '../../connection/causes.ts';
import { classifyError } from '../../connection/network-errors.ts';

/** What JetStream answers instead of an acknowledgement (server/errors.json of nats-server). */
export interface ApiError {
  readonly code?: number;
  readonly err_code?: number;
  readonly description?: string;
}

const BY_CODE: Readonly<Record<number, CauseKind>> = {
  10059: 'nats-no-stream',
  // Not enabled for the account.
  10039: 'nats-refused',
  // The message went to another stream than the expected one.
  10060: 'nats-other-stream',
  // Subjects that overlap with those of another stream.
  10065: 'nats-other-stream',
};

/** The cause behind an answer of JetStream's that is an error. */
export function classifyApiError(error: ApiError, host: string): Cause {
  const { code = 0, err_code: errCode = 0, description = '' } = error;
  const detail = `${description || 'no reason given'}${errCode === 0 ? '' : `, error ${errCode}`}`;
  const kind = BY_CODE[errCode] ?? (code >= 400 && code < 500 ? 'nats-refused' : 'nats-unavailable');
  return { kind, host, detail };
}

/** The cause behind an error that the client threw, or a connection ended with. */
export function classifyNatsError(error: unknown, host: string): Cause {
  const inner = findInner(error);
  const detail = inner instanceof Error ? inner.message.slice(0, 200) : 'no reason given';
  if (inner instanceof JetStreamApiError) return classifyApiError(inner.apiError(), host);
  if (inner instanceof errors.AuthorizationError || inner instanceof errors.UserAuthenticationExpiredError) {
    return { kind: 'nats-unauthorized', host, detail };
  }
  if (inner instanceof errors.PermissionViolationError) return { kind: 'nats-forbidden', host, detail };
  if (inner instanceof errors.TimeoutError) return { kind: 'timed-out', host, detail: 'waiting for NATS' };
  if (inner instanceof errors.NoRespondersError || isNotEnabled(inner)) {
    return { kind: 'nats-unavailable', host, detail: 'nobody answers for it' };
  }
  if (/unexpected response from server|unable to parse|invalid protocol/i.test(detail)) {
    return { kind: 'not-nats', host, detail };
  }
  if (inner instanceof errors.ConnectionError && inner.message === 'connection refused') {
    return { kind: 'refused', host, detail: 'by every server that was tried' };
  }
  if (/closed connection|disconnected/.test(detail)) return { kind: 'dropped', host, detail };
  return classifyError(inner, host, 'connect');
}

/** The error that says most: the client wraps some in others. */
function findInner(error: unknown): unknown {
  const isWrapper = error instanceof errors.RequestError || error instanceof errors.ConnectionError;
  return isWrapper && error.cause instanceof Error ? findInner(error.cause) : error;
}

/** The client does not hand out this class. */
const isNotEnabled = (error: unknown): boolean =>
  error instanceof Error && error.name === 'JetStreamNotEnabled';
