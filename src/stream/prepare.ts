// A checked configuration → what the connect loop needs: the proxy chosen, roots collected, filters compiled.
import type { Clock } from '../clock.ts';
import type { DialConfig } from '../connection/config.ts';
import type { KeyOrigin } from '../connection/lifecycle.ts';
import type { PolicyConfig } from '../connection/retry-policy.ts';
import { UsageError } from '../errors.ts';
import type { Batch } from '../events/batch.ts';
import { createFrameBuffer } from '../events/frame-buffer.ts';
import { classifyText } from '../events/scanner.ts';
import { areTlsChecksOff, TLS_CHECKS_OFF } from '../settings/certificates.ts';
import { VERSION } from '../version.ts';
import type { StreamConfig } from './options.ts';

/** Leaves the wanted events of a batch. */
type Select = (batch: Batch) => Batch;

type Environment = Readonly<Record<string, string | undefined>>;

/** What a stream is surrounded by. */
export interface StreamDeps {
  readonly clock: Clock;
  /** Uniform in [0, 1). */
  random(): number;
  /** Asked for only where the request says so. */
  readEnvironment(): Environment;
  /** Monotonic time in ms at which the run will be over anyway; a server that asks for a longer wait ends it now. */
  readonly deadlineMs?: number | undefined;
  /** Hints speak of flags; in other words where there are none. */
  phraseHint?(hint: string): string;
  /** A filter that is compiled already, instead of that of the config. */
  readonly select?: Select | undefined;
  /** Where the key came from, as messages about it say; default the options. */
  readonly keyOrigin?: KeyOrigin | undefined;
}

const OPTION_NAMES = { type: 'option type', where: 'option where' };

export interface ConnectLoopConfig {
  readonly dial: DialConfig;
  readonly policy: PolicyConfig;
  /** Leaves the wanted events of a batch; undefined where all are. */
  readonly select: Select | undefined;
}

/** @throws UsageError for filters, or where the environment turns certificate checks off or names no proxy */
export async function prepareStream(config: StreamConfig, deps: StreamDeps): Promise<ConnectLoopConfig> {
  const { url, key, ca, useEnvironment } = config;
  const env = useEnvironment ? deps.readEnvironment() : {};
  // Contract C7.
  const isUnchecked = areTlsChecksOff(env);
  if (isUnchecked && !url.isLoopback) {
    throw new UsageError(
      `${TLS_CHECKS_OFF}: the key could go to anybody`,
      'unset it; a private root is trusted with --ca-cert <file>, or the option ca',
    );
  }
  return {
    dial: {
      url: url.stream,
      host: url.host,
      key: typeof key === 'string' ? key : '',
      keyOrigin: deps.keyOrigin ?? { kind: 'option', source: 'the options' },
      userAgent: `atlantis-cli/${VERSION}`,
      proxyUrl: await chooseProxy(config, env),
      trustedRoots: ca.length === 0 ? undefined : await collectRoots(ca, env),
      mustCheckCertificates: !isUnchecked,
      connectTimeoutMs: config.connectTimeoutMs,
      keepalive: { pingIntervalMs: config.pingIntervalMs, pongTimeoutMs: config.pongTimeoutMs },
      classify: classifyText,
      createFrameBuffer,
    },
    policy: {
      maxReconnects: config.maxReconnects,
      retryMinMs: config.retryMinMs,
      retryMaxMs: config.retryMaxMs,
      deadlineMs: deps.deadlineMs,
    },
    select: deps.select ?? (await createSelect(config)),
  };
}

async function collectRoots(ca: readonly string[], env: Environment): Promise<readonly string[]> {
  const { listTrustedRoots } = await import('../settings/trusted-roots.ts');
  return listTrustedRoots(ca, env['NODE_EXTRA_CA_CERTS']);
}

/** Undefined where all events are wanted; what filters need is loaded only where there are some. */
async function createSelect({ types, where }: StreamConfig): Promise<Select | undefined> {
  if (types.length === 0 && where.length === 0) return undefined;
  const { createFilter } = await import('../filter/filter.ts');
  return createFilter({ types, where }, OPTION_NAMES);
}

/** Loopback never goes through a proxy (contract C5), and http is loopback only. */
async function chooseProxy({ url, proxyUrl }: StreamConfig, env: Environment): Promise<string | undefined> {
  if (url.isLoopback) return undefined;
  if (proxyUrl !== undefined) return proxyUrl;
  const names = ['https_proxy', 'HTTPS_PROXY', 'all_proxy', 'ALL_PROXY'];
  if (names.every((name) => (env[name] ?? '') === '')) return undefined;
  const { findProxy } = await import('../settings/proxy.ts');
  return findProxy(url.base, env);
}
