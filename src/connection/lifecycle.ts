// What happens to a stream: the cause of a failure and its two messages, and the items of the connect loop.
//
// Part of the public types of the library, so nothing here may import types of packages.
import type { ExitCode } from '../errors.ts';
import { CAUSES, type CauseKind } from './cause-table.ts';
import * as say from './messages.ts';

/** What ended an attempt or a connection. Texts of the other side are not sanitized yet. */
export interface Cause {
  readonly kind: CauseKind;
  /** Host and port as in the URL. */
  readonly host: string;
  /** Details for the message, such as times, an error code or the other side's own message. */
  readonly detail: string;
  /** Host and port of the proxy in use, never its credentials. */
  readonly proxy?: string;
  readonly httpStatus?: number;
  /** `error.code` of the API's error envelope. */
  readonly errorCode?: string;
  readonly requestId?: string;
  /** The delay that `Retry-After` asked for, in ms. */
  readonly retryAfterMs?: number;
  readonly closeCode?: number;
  /** How long nothing had been received when a live connection ended, in ms. */
  readonly silentMs?: number;
  /** Where the key came from, in causes that are about the key. */
  readonly keyOrigin?: KeyOrigin;
}

/** Where a key came from, so that the message about a rejected key can name it. */
export interface KeyOrigin {
  readonly kind: keyof typeof say.RENEWALS;
  /** As messages name it: `ATLANTIS_API_KEY`, `profile "main"`. */
  readonly source: string;
  /** Name of the profile, if one is involved. */
  readonly profile?: string;
}

export function addKeyOrigin(cause: Cause, keyOrigin: KeyOrigin | undefined): Cause {
  const isAboutKey = CAUSES[cause.kind].happened.includes('{key}');
  return keyOrigin === undefined || !isAboutKey ? cause : { ...cause, keyOrigin };
}

export function describeCause(cause: Cause): { happened: string; remedy: string } {
  const row = CAUSES[cause.kind];
  const { keyOrigin } = cause;
  const renewal = keyOrigin === undefined ? say.RENEWAL : say.RENEWALS[keyOrigin.kind];
  // If TLS with the proxy failed, the host of the cause is the proxy.
  const isAboutProxy = cause.host === cause.proxy;
  const values: Readonly<Record<string, string>> = {
    host: isAboutProxy ? say.nameProxy(cause.host) : cause.host,
    url: isAboutProxy ? say.THE_URL_OF_THE_PROXY : say.THE_URL,
    proxy: cause.proxy ?? say.PROXY_IN_USE,
    detail: cause.detail,
    key: say.nameKey(keyOrigin?.source),
    profile: keyOrigin?.profile ?? '',
  };
  const fill = (text: string): string => text.replace(/\{(\w+)\}/g, (all, name) => values[name] ?? all);
  // The renewal goes in first, since it has a placeholder of its own.
  return { happened: fill(row.happened), remedy: fill(row.remedy.replace('{renew}', () => renewal)) };
}

/** An attempt begins. */
export interface Connecting {
  readonly kind: 'connecting';
  /** 1 for the first attempt of the run, and for the first one of each additional connection. */
  readonly attempt: number;
  /** Numbers of the connections that are still live; absent if none is. */
  readonly others?: readonly number[];
}

/** A live connection ended. */
export interface Lost {
  readonly kind: 'lost';
  /** Number of the connection; absent if no other connection is live. */
  readonly connection?: number;
  /** Numbers of the connections that are still live; absent if none is. */
  readonly others?: readonly number[];
  /** There was a time that neither this connection nor the others covered: a gap follows. */
  readonly hasGap?: boolean;
  readonly cause: Cause;
  /** When the last byte arrived, by the wall clock; if it waited to be read, the earliest possible time. */
  readonly lastByteAtMs: number;
  /** How long the connection was up after its welcome, in ms. */
  readonly upMs: number;
}

/** The next attempt begins in `delayMs`. */
export interface Retrying {
  readonly kind: 'retrying';
  /** What ended the last attempt or connection. */
  readonly cause: Cause;
  /** True after a live connection, whose loss is already reported. */
  readonly wasLive: boolean;
  readonly delayMs: number;
  /** Number of the next attempt. */
  readonly attempt: number;
  /** Numbers of the connections that are still live; absent if none is. */
  readonly others?: readonly number[];
}

/**
 * An unknown number of events sent between the two times was missed (contract G1). The stream is live again; with
 * several connections it may have seemed live in between.
 */
export interface Gap {
  readonly kind: 'gap';
  readonly fromMs: number;
  readonly toMs: number;
  /** Longer than `toMs - fromMs` if the wall clock was set back during the gap. */
  readonly durationMs: number;
  readonly cause: Cause;
  /** Number of events that the lost connection had delivered and the remaining one did not. */
  readonly missed?: number;
}

/** What happens to the connections of a stream, other than a loss or a gap. */
export type Notice =
  | {
      readonly kind: 'notice';
      /** The service closed or refused an additional connection, which is not retried. */
      readonly what: 'fewer-connections';
      readonly cause: Cause;
      /** The number of connections that are left. */
      readonly left: number;
    }
  | {
      readonly kind: 'notice';
      /** A connection does not deliver the same events as the others; reported once. */
      readonly what: 'differing';
      readonly connection: number;
      readonly missed: number;
      /** Events of the stream since that connection went live. */
      readonly events: number;
      readonly windowMs: number;
    }
  | {
      readonly kind: 'notice';
      /** There are too many events in the window to remember them all; reported once. */
      readonly what: 'window-full';
      readonly maxBytes: number;
    }
  | {
      readonly kind: 'notice';
      /** A connection that did not answer was replaced by a new one. */
      readonly what: 'handover';
      readonly from: number;
      readonly to: number;
    };

/** The stream has ended and is not retried. */
export interface GaveUp {
  readonly kind: 'gave-up';
  readonly cause: Cause;
  readonly exitCode: ExitCode;
  readonly why: EndReason;
}

/** Why a run ends instead of retrying. */
export type EndReason =
  | 'not-retryable'
  | 'no-reconnect'
  | 'first-budget'
  | 'too-often'
  | 'wait-too-long'
  | 'beyond-deadline';
