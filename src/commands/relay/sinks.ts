// Creates the sinks of a relay; the NATS client is loaded only if one of them needs it.
import { hostname } from 'node:os';
import { createEventDescriber } from '../../delivery/cloud-events.ts';
import { HttpSink, type HttpTarget } from '../../delivery/http/http-sink.ts';
import { parseSigningSecret } from '../../delivery/http/standard-webhooks.ts';
import { saySinkReady } from '../../delivery/messages.ts';
import { createIdentifier, type Sink } from '../../delivery/sink.ts';
import { createTraceFinder } from '../../delivery/trace-context.ts';
import { UsageError } from '../../errors.ts';
import type { Io } from '../../io/io.ts';
import { createRedactor, type Redactor } from '../../io/redact.ts';
import { areTlsChecksOff } from '../../settings/certificates.ts';
import { sayTlsChecksOff } from '../../settings/messages.ts';
import { readNatsSettings } from '../../settings/nats-settings.ts';
import { findProxy } from '../../settings/proxy.ts';
import type { ConnectionConfig } from '../../settings/stream-config.ts';
import type { Reporter } from '../../ui/reporter.ts';
import { VERSION } from '../../version.ts';
import type { RelayConfig } from './config.ts';
import { SIGNING_SECRETS, sayInvalidSigningSecret, sayVariableMissing } from './messages.ts';
import { type RelayTarget, readTextFile, type SecretFile, type SecretVariable } from './targets.ts';

export interface SinkDeps {
  readonly config: RelayConfig;
  readonly connection: ConnectionConfig;
  readonly trustedRoots: readonly string[] | undefined;
  readonly reporter: Reporter;
  readonly io: Io;
}

/** The name of this relay, as consumers see it. */
export function nameRelay({ name }: Pick<RelayConfig, 'name'>): string {
  return name ?? (hostname().replace(/[^A-Za-z0-9_-]/g, '_') || 'relay');
}

/** @throws UsageError for credentials, secrets and proxies that cannot be used */
export function createSinks(deps: SinkDeps): Promise<Sink[]> {
  refuseUncheckedTls(deps);
  return Promise.all(
    deps.config.targets.map((target) =>
      target.kind === 'nats' ? createJetStreamSink(target, deps) : createHttpSink(target, deps),
    ),
  );
}

/** How each event is identified and sent. */
function describeDelivery(config: RelayConfig) {
  const identify = createIdentifier(config.idSteps, nameRelay(config));
  return {
    identify,
    describeEvent:
      config.payload === 'cloudevents' ? createEventDescriber(config.ceSource, identify) : undefined,
    findTrace: config.traceparent ? createTraceFinder() : undefined,
  };
}

/** Contract C7. */
function refuseUncheckedTls({ config, io }: SinkDeps): void {
  const isRemote = config.targets.some((target) => target.kind === 'nats' || !target.target.isLoopback);
  if (!areTlsChecksOff(io.env) || !isRemote) return;
  throw new UsageError(...sayTlsChecksOff('deliver'));
}

async function createJetStreamSink(
  target: Extract<RelayTarget, { kind: 'nats' }>,
  { config, connection, trustedRoots, reporter, io }: SinkDeps,
): Promise<Sink> {
  const { address } = target;
  const { natsCreds, allowPlaintext } = config;
  const relayName = nameRelay(config);
  const clientName = `atlantis-relay ${relayName}`;
  const { nats, origin } = await readNatsSettings(
    { address, natsCreds, allowPlaintext, connection, trustedRoots, clientName },
    io,
  );
  reporter.report({ event: 'setting', level: 'debug', message: origin });
  const { JetStreamSink } = await import('../../delivery/nats/jetstream-sink.ts');
  const sink = new JetStreamSink(
    {
      nats,
      stream: target.stream,
      subject: config.subject,
      lifecycleSubject: config.lifecycleSubject,
      plan: config.retention,
      sendTimeoutMs: config.sendTimeoutMs,
      window: config.window,
      relayName,
      ...describeDelivery(config),
    },
    { clock: io.clock, onStream: (stream) => reporter.report(saySinkReady(sink.name, stream)) },
  );
  return sink;
}

async function createHttpSink(
  { target }: Extract<RelayTarget, { kind: 'http' }>,
  { config, trustedRoots, io }: SinkDeps,
): Promise<Sink> {
  const hidden = hideUrl(target, io);
  const isForSink = ({ host }: SecretVariable | SecretFile): boolean =>
    host === undefined || host === target.host;
  const headers = config.headerVariables
    .filter(isForSink)
    .map(({ header, variable }) => [header, readEnvSecret(`--header-env ${header}`, variable, io)]);
  const signingKeys = await readSigningKeys(
    config.signingVariables.filter(isForSink),
    config.signingFiles.filter(isForSink),
    io,
  );
  const relayName = nameRelay(config);
  return new HttpSink(
    {
      target,
      batch: Math.min(config.batch, config.window),
      isBatch: config.batch > 1,
      sendTimeoutMs: config.sendTimeoutMs,
      headers: Object.fromEntries(headers),
      userAgent: `atlantis-cli/${VERSION}`,
      relayName,
      ...describeDelivery(config),
      signingKeys,
      redact: (text) => io.redactor.redact(hidden.redact(text)),
      proxyUrl: chooseSinkProxy(target, io),
      trustedRoots,
      areTlsChecksOff: areTlsChecksOff(io.env),
    },
    io.clock,
  );
}

/** A word of a path that is not a secret has neither. */
const LOOKS_SECRET = /\d|^.{20}/;

/**
 * Registers the parts of a URL that may be secrets, so that they are shown nowhere. The redactor that is returned hides
 * the path as well, for responses that repeat it.
 */
function hideUrl({ href }: HttpTarget, { redactor }: Io): Redactor {
  const { pathname, search, searchParams } = new URL(href);
  const segments = pathname.split('/').filter((one) => one.length >= 8 && LOOKS_SECRET.test(one));
  for (const secret of [...segments, ...searchParams.values()]) redactor.addSecret(secret);
  const own = createRedactor();
  for (const secret of [pathname + search, pathname, search, ...searchParams.keys()]) own.addSecret(secret);
  return own;
}

/** Reads a secret from the environment and adds it to the redactor. @throws UsageError if it is not set */
function readEnvSecret(flag: string, variable: string, { env, redactor }: Io): string {
  const value = env[variable] ?? '';
  if (value === '') throw new UsageError(...sayVariableMissing(flag, variable));
  redactor.addSecret(value);
  // After a scheme such as Bearer, the second word is the secret.
  for (const part of value.split(/\s+/)) if (part.length >= 8) redactor.addSecret(part);
  const [, login] = /^basic\s+(\S+)$/i.exec(value) ?? [];
  if (login !== undefined) redactor.addProxyUrl(`//${Buffer.from(login, 'base64').toString()}@`);
  return value;
}

/** The keys of all secrets in these variables and files, in order. @throws UsageError */
async function readSigningKeys(
  variables: readonly SecretVariable[],
  files: readonly SecretFile[],
  io: Io,
): Promise<Buffer[]> {
  const texts = [
    ...variables.map(({ variable }) => ({
      place: `--sign-with-env ${variable}`,
      text: readEnvSecret('--sign-with-env', variable, io),
    })),
    ...(await Promise.all(
      files.map(async ({ path }) => ({
        place: `--sign-with-file "${path}"`,
        text: await readTextFile('--sign-with-file', path, SIGNING_SECRETS),
      })),
    )),
  ];
  return texts.flatMap(({ place, text }) =>
    text
      .trim()
      .split(/\s+/)
      .map((secret) => {
        const key = parseSigningSecret(secret);
        if (key === undefined) throw new UsageError(...sayInvalidSigningSecret(place));
        io.redactor.addSecret(secret);
        io.redactor.addSecret(secret.replace(/^whsec_/, ''));
        return key;
      }),
  );
}

/** As for the stream: by CONNECT, and never to this machine (contract C5, C6). */
function chooseSinkProxy(
  { href, isSecure, isLoopback }: Extract<RelayTarget, { kind: 'http' }>['target'],
  io: Io,
): string | undefined {
  if (!isSecure || isLoopback) return undefined;
  const proxyUrl = findProxy(href, io.env);
  if (proxyUrl !== undefined) io.redactor.addProxyUrl(proxyUrl);
  return proxyUrl;
}
