// What `stream()` can be told. Every part but `url` and `key` has a default, that of `atlantis stream tail`.
//
// What is exported here is API: a change of it is a breaking change.
import type { Gap, Lost, Retrying } from '../connection/follow.ts';
import type { Connected, Connecting, Discarded } from './items.ts';

/** Asked for the key before each attempt to connect; `signal` aborts when the stream ends meanwhile. */
export type ReadKey = (signal: AbortSignal) => string | Promise<string>;

/**
 * Told what happens to the stream, in order with the events, whoever iterates and in whichever way. The stream
 * waits for a promise that one returns; what one throws ends the stream, and the iteration rejects with it.
 */
export interface StreamCallbacks {
  /** An attempt begins. */
  readonly onConnecting?: ((item: Connecting) => void | Promise<void>) | undefined;
  /** The service has welcomed the key: events come from now on. */
  readonly onConnected?: ((item: Connected) => void | Promise<void>) | undefined;
  /** A live connection ended. */
  readonly onLost?: ((item: Lost) => void | Promise<void>) | undefined;
  /** The next attempt begins after a delay. */
  readonly onRetrying?: ((item: Retrying) => void | Promise<void>) | undefined;
  /** Live again; events sent meanwhile were not delivered, and their number is unknown. */
  readonly onGap?: ((item: Gap) => void | Promise<void>) | undefined;
  /** Messages came that are no events: binary, not JSON, or too large. */
  readonly onDiscarded?: ((item: Discarded) => void | Promise<void>) | undefined;
}

/** Durations are in ms. */
export interface StreamOptions extends StreamCallbacks {
  /** Base or stream URL: `https:` or `wss:`; `http:` and `ws:` for this machine only. */
  readonly url: string;
  /**
   * The API key, or a function that gives it. The function is called before each attempt, so a key that was
   * rotated is used from the next one on; what it throws ends the stream.
   */
  readonly key: string | ReadKey;
  /** Ends the stream: goodbye to the server, then the iteration ends without an error. */
  readonly signal?: AbortSignal | undefined;
  /** Only events whose type matches one of these globs; default every event. */
  readonly type?: string | readonly string[] | undefined;
  /** Only events for which each of these holds, as `amount_usd > 1000000`; default every event. */
  readonly where?: string | readonly string[] | undefined;
  /** Attempts beyond the first one in the whole run; default without bound. */
  readonly maxReconnects?: number | undefined;
  /** Bounds of the backoff; default 1,000 and 30,000. One alone moves the default of the other. */
  readonly retryMinMs?: number | undefined;
  readonly retryMaxMs?: number | undefined;
  /** For a whole attempt from the name lookup to the upgrade, and the same again for the welcome; default 15,000. */
  readonly connectTimeoutMs?: number | undefined;
  /** Between pings; default 20,000, 0 turns keepalive off. */
  readonly pingIntervalMs?: number | undefined;
  /** Without a byte after a ping for this long the connection counts as dead; default 10,000. */
  readonly pongTimeoutMs?: number | undefined;
  /** Roots to trust beside those of Node, in PEM. There is no option that turns certificate checks off. */
  readonly ca?: string | readonly string[] | undefined;
  /** `http://[user:password@]host:port` or `https://…`: reached by CONNECT, never for loopback; default none. */
  readonly proxy?: string | undefined;
  /**
   * Honours HTTPS_PROXY, ALL_PROXY and NO_PROXY where `proxy` is not given, and NODE_EXTRA_CA_CERTS beside
   * `ca`; default false: the environment is not read.
   */
  readonly useEnvironment?: boolean | undefined;
}
