// Creates the sinks of a relay; the NATS client is loaded only if a sink needs it.
import { hostname } from 'node:os';
import { createEventDescriber } from '../../delivery/cloud-events.ts';
import { HttpSink, type HttpTarget } from '../../delivery/http/http-sink.ts';
import { saySinkReady } from '../../delivery/messages.ts';
import { createIdentifier, type Sink } from '../../delivery/sink.ts';
import { createTraceFinder } from '../../delivery/trace-context.ts';
import { UsageError } from '../../errors.ts';
import { sha256 } from '../../events/event-id.ts';
import type { Io } from '../../io/io.ts';
import { readNamedFile } from '../../io/read-file.ts';
import { createRedactor, type Redactor } from '../../io/redact.ts';
import { areTlsChecksOff, listAddedRoots } from '../../settings/certificates.ts';
import { sayTlsChecksOff } from '../../settings/messages.ts';
import { findCredentialsFile, readNatsSettings } from '../../settings/nats-settings.ts';
import { findProxy } from '../../settings/proxy.ts';
import type { ConnectionConfig } from '../../settings/stream-config.ts';
import type { Reporter } from '../../ui/reporter.ts';
import { VERSION } from '../../version.ts';
import type { RelayConfig, SinkConfig } from './config.ts';
import type { RelayTarget } from './targets.ts';

export interface SinkDeps {
  readonly config: Pick<RelayConfig, 'name' | 'idSteps'>;
  readonly connection: ConnectionConfig;
  readonly trustedRoots: readonly string[] | undefined;
  readonly reporter: Reporter;
  readonly io: Io;
}

type NatsTarget = Extract<RelayTarget, { kind: 'nats' }>;

export async function fingerprintSink(config: SinkConfig, { env }: Io): Promise<string> {
  const path = config.target.kind === 'nats' ? findCredentialsFile(config.natsCreds, env) : undefined;
  const content = path === undefined ? '' : await readNamedFile(path).catch(() => '');
  return sha256(JSON.stringify(config), content.toString());
}

export function nameRelay({ name }: Pick<RelayConfig, 'name'>): string {
  return name ?? (hostname().replace(/[^A-Za-z0-9_-]/g, '_') || 'relay');
}

/** @throws UsageError for credentials and proxies that cannot be used */
export async function createSink(sink: SinkConfig, deps: SinkDeps): Promise<Sink> {
  const { target, addedRoots } = sink;
  const { env } = deps.io;
  // Contract C7.
  if (areTlsChecksOff(env) && (target.kind === 'nats' || !target.target.isLoopback)) {
    throw new UsageError(...sayTlsChecksOff('deliver'));
  }
  const trustedRoots =
    addedRoots === undefined
      ? deps.trustedRoots
      : deps.trustedRoots === undefined
        ? await listAddedRoots([addedRoots], env)
        : [...deps.trustedRoots, addedRoots];
  const own = { ...deps, trustedRoots };
  return target.kind === 'nats' ? createJetStreamSink(target, sink, own) : createHttpSink(target, sink, own);
}

function describeDelivery({ payload, ceSource, traceparent }: SinkConfig, run: SinkDeps['config']) {
  const identify = createIdentifier(run.idSteps, nameRelay(run));
  return {
    identify,
    describeEvent: payload === 'cloudevents' ? createEventDescriber(ceSource, identify) : undefined,
    findTrace: traceparent ? createTraceFinder() : undefined,
  };
}

async function createJetStreamSink(
  { address, stream }: NatsTarget,
  config: SinkConfig,
  { config: run, connection, trustedRoots, reporter, io }: SinkDeps,
): Promise<Sink> {
  const { natsCreds, allowPlaintext } = config;
  const relayName = nameRelay(run);
  const clientName = `atlantis-relay ${relayName}`;
  const { nats, origin } = await readNatsSettings(
    {
      address,
      natsCreds,
      allowPlaintext,
      connection: config.addedRoots === undefined ? connection : { ...connection, caCert: config.addedRoots },
      trustedRoots,
      clientName,
    },
    io,
  );
  reporter.report({ event: 'setting', level: 'debug', message: origin });
  const { JetStreamSink } = await import('../../delivery/nats/jetstream-sink.ts');
  const sink = new JetStreamSink(
    {
      name: config.name,
      nats,
      stream,
      subject: config.subject,
      lifecycleSubject: config.lifecycleSubject,
      plan: config.streamLimits,
      sendTimeoutMs: config.sendTimeoutMs,
      window: config.window,
      relayName,
      ...describeDelivery(config, run),
    },
    { clock: io.clock, onStream: (stream) => reporter.report(saySinkReady(sink.name, stream)) },
  );
  return sink;
}

function createHttpSink(
  { target }: Extract<RelayTarget, { kind: 'http' }>,
  config: SinkConfig,
  { config: run, trustedRoots, io }: SinkDeps,
): Sink {
  const hidden = hideUrl(target, io);
  const relayName = nameRelay(run);
  return new HttpSink(
    {
      name: config.name,
      target,
      batch: Math.min(config.batch, config.window),
      isBatch: config.batch > 1,
      sendTimeoutMs: config.sendTimeoutMs,
      headers: config.headers,
      userAgent: `atlantis-cli/${VERSION}`,
      relayName,
      ...describeDelivery(config, run),
      signingKeys: config.signingKeys,
      redact: (text) => io.redactor.redact(hidden.redact(text)),
      proxyUrl: chooseSinkProxy(target, io),
      trustedRoots,
      areTlsChecksOff: areTlsChecksOff(io.env),
    },
    io.clock,
  );
}

/** A part of a path with a digit, or with at least 20 characters, may be a secret. */
const LOOKS_SECRET = /\d|^.{20}/;

/** Registers the parts of a URL that may be secrets. @returns a redactor for responses, which may repeat the path */
function hideUrl({ href }: HttpTarget, { redactor }: Io): Redactor {
  const { pathname, search, searchParams } = new URL(href);
  const segments = pathname.split('/').filter((one) => one.length >= 8 && LOOKS_SECRET.test(one));
  for (const secret of [...segments, ...searchParams.values()]) redactor.addSecret(secret);
  const own = createRedactor();
  for (const secret of [pathname + search, pathname, search, ...searchParams.keys()]) own.addSecret(secret);
  return own;
}

/** Undefined without TLS and for this machine, as for the stream (contract C5, C6). */
function chooseSinkProxy({ href, isSecure, isLoopback }: HttpTarget, io: Io): string | undefined {
  if (!isSecure || isLoopback) return undefined;
  const proxyUrl = findProxy(href, io.env);
  if (proxyUrl !== undefined) io.redactor.addProxyUrl(proxyUrl);
  return proxyUrl;
}
