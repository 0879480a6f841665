// The steps of a check, one after the other, on one connection: what `tail` would do, looked at closely.
//
// There is no second attempt: a check says what happens now. Returns once a step failed, the signal aborted
// (the step under way stays open then) or all is done; whatever was opened is closed.
import { untilAborted, waitFor } from '../clock.ts';
import type { ConnectionConfig } from '../config/connection-config.ts';
import { hasPrefix, keyPrefix } from '../config/key.ts';
import {
  findKeyOrigin,
  readKey,
  requireUrl,
  resolveTarget,
  type Target,
  type TargetFlags,
} from '../config/target.ts';
import { LiveStream } from '../connection/live-stream.ts';
import type { DialSettings } from '../connection/settings.ts';
import { type OpenSocket, openSocket } from '../connection/socket.ts';
import { recogniseTlsPort } from '../connection/tls-port.ts';
import type { Io } from '../io.ts';
import { prepareSource } from '../stream-source.ts';
import { describeForeignKey, describeMissingPong, describeUnmet, fromCause, listSeen } from './failures.ts';
import type { StepLog } from './step-log.ts';
import { watchAttempt } from './watch-attempt.ts';
import type { Expected, Witness } from './witness.ts';

/** What a check is made of while it goes on. */
export interface Probe {
  readonly connection: ConnectionConfig;
  readonly expected: Expected | undefined;
  readonly witness: Witness;
  readonly log: StepLog;
  readonly io: Io;
  /** Ends the check. */
  readonly signal: AbortSignal;
  readonly warn: (message: string) => void;
}

/** Round trips that are measured. */
const PINGS = 3;

/** Runs every step. @throws AtlantisError for settings that do not do; the step under way is the one that failed */
export async function runSteps(flags: TargetFlags, probe: Probe): Promise<void> {
  const { log, io, signal } = probe;
  const dial = await readSettings(flags, probe);
  if (dial === undefined) return;
  const watch = watchAttempt(log, dial, () => io.clock.wallMs());
  const opened = await openSocket(dial, io.clock, signal, watch.watchPhase);
  watch.end();
  if (opened === undefined) return;
  if (!('webSocket' in opened)) {
    const cause = await recogniseTlsPort(opened, dial.url, io.clock, signal);
    if (!signal.aborted) log.fail(fromCause(cause));
    return;
  }
  passUpgrade(opened, log);
  log.begin('welcome');
  const stream = new LiveStream(opened, dial, io.clock);
  try {
    const problem = await stream.awaitWelcome(signal);
    if (signal.aborted) return;
    if (problem !== undefined) log.fail(fromCause(problem));
    else await useStream(stream, dial, probe);
  } finally {
    await stream.close();
  }
}

async function readSettings(flags: TargetFlags, probe: Probe): Promise<DialSettings | undefined> {
  const { connection, log, io, signal } = probe;
  log.begin('settings');
  const target = resolveTarget(flags, io);
  for (const warning of target.warnings) probe.warn(warning);
  const url = requireUrl(target);
  const key = await untilAborted(readKey(target, io, signal), signal);
  if (key === undefined || signal.aborted) {
    // Who waits for a key on stdin would keep the process alive.
    if (target.key?.kind === 'stdin') io.stdin().destroy();
    return undefined;
  }
  const source = { url, key, keyOrigin: findKeyOrigin(target) };
  const preparing = prepareSource(connection, source, io, {}, signal);
  const prepared = await untilAborted(preparing, signal);
  if (prepared === undefined || signal.aborted) return undefined;
  const { dial } = prepared.settings;
  const proxy = dial.proxyUrl === undefined ? undefined : new URL(dial.proxyUrl).host;
  log.pass(...describeSettings(target, url.base, keyPrefix(key), proxy));
  return dial;
}

function describeSettings(
  { profile, url, key }: Target,
  base: string,
  prefix: string,
  proxy: string | undefined,
): [string, Record<string, unknown>] {
  const parts = [
    ...(profile === undefined ? [] : [`profile ${profile.value.name} (${profile.source})`]),
    `${base} (${url?.source ?? 'nowhere'})`,
    `key ${prefix}… (${key?.source ?? 'nowhere'})`,
    ...(proxy === undefined ? [] : [`proxy ${proxy}`]),
  ];
  const details = {
    profile: profile?.value.name ?? null,
    profile_source: profile?.source ?? null,
    url: base,
    url_source: url?.source ?? null,
    key_prefix: prefix,
    key_source: key?.source ?? null,
    proxy: proxy ?? null,
  };
  return [parts.join(', '), details];
}

function passUpgrade({ headers, requestId }: OpenSocket, log: StepLog): void {
  const cost = readCount(headers['x-credit-cost']);
  const remaining = readCount(headers['x-credit-remaining']);
  const parts = ['101', `request id ${requestId}`];
  if (cost !== undefined) parts.push(`credit cost ${cost}`);
  if (remaining !== undefined) parts.push(`credit remaining ${remaining}`);
  log.pass(parts.join(', '), {
    status: 101,
    request_id: requestId,
    ...(cost === undefined ? {} : { credit_cost: cost }),
    ...(remaining === undefined ? {} : { credit_remaining: remaining }),
  });
}

function readCount(header: string | string[] | undefined): number | undefined {
  return typeof header === 'string' && /^-?\d{1,15}$/.test(header) ? Number(header) : undefined;
}

/** Everything behind the welcome. */
async function useStream(stream: LiveStream, dial: DialSettings, probe: Probe): Promise<void> {
  const { log, io } = probe;
  const welcomedAtMs = io.clock.monotonicMs();
  const isOurs = hasPrefix(dial.key, stream.acceptedKeyPrefix);
  const expected = keyPrefix(dial.key);
  // The service's 16 characters may be all of a short key: then fewer are shown.
  const accepted = isOurs ? expected : stream.acceptedKeyPrefix;
  log.pass(`for the key ${accepted}…`, { key_prefix: accepted });
  log.begin('identity');
  if (!isOurs) {
    log.fail(describeForeignKey(dial.host, accepted, expected));
    return;
  }
  log.pass(`it is the key in use, ${expected}…`, { key_prefix: expected });
  // From here on whatever arrives is read and counted, so that pongs do not wait behind it, nor it for them.
  const untilMs = welcomedAtMs + (probe.expected?.withinMs ?? 0);
  const ended = readOn(stream, probe.witness, () => io.clock.monotonicMs() <= untilMs);
  if (await measureKeepalive(stream, ended, dial, probe)) await awaitEvents(stream, ended, untilMs, probe);
}

async function readOn(stream: LiveStream, witness: Witness, isInTime: () => boolean): Promise<'ended'> {
  for (let batch = await stream.take(); batch !== undefined; batch = await stream.take()) {
    witness.note(batch, isInTime());
  }
  return 'ended';
}

/** True if the check goes on. */
async function measureKeepalive(
  stream: LiveStream,
  ended: Promise<'ended'>,
  dial: DialSettings,
  { log, io, signal, witness }: Probe,
): Promise<boolean> {
  const { pingIntervalMs, pongTimeoutMs } = dial.keepalive;
  if (pingIntervalMs === 0) {
    log.skip('keepalive', 'turned off by --ping-interval 0');
    return true;
  }
  log.begin('keepalive');
  const roundTripsMs: number[] = [];
  while (roundTripsMs.length < PINGS) {
    const heardBefore = witness.heard;
    const came = await waitFor(Promise.race([stream.ping(), ended]), pongTimeoutMs, io.clock, signal);
    if (signal.aborted) return false;
    if (typeof came !== 'number') {
      const hasHeard = witness.heard > heardBefore;
      const silent = describeMissingPong(dial.host, pongTimeoutMs, hasHeard);
      log.fail(came === 'ended' ? fromCause(stream.endedBy) : silent);
      return false;
    }
    roundTripsMs.push(Math.round(came * 100) / 100);
  }
  const shown = roundTripsMs.map((ms) => ms.toFixed(1)).join(', ');
  log.pass(`${PINGS} of ${PINGS} pings answered, round trips ${shown} ms`, {
    round_trips_ms: roundTripsMs,
  });
  return true;
}

async function awaitEvents(
  stream: LiveStream,
  ended: Promise<'ended'>,
  untilMs: number,
  { expected, log, io, signal, witness }: Probe,
): Promise<void> {
  if (expected === undefined) {
    log.skip('events', 'no --expect');
    return;
  }
  log.begin('events');
  // The pings took of this time, too: what was expected may have come, or be overdue, by now.
  const leftMs = untilMs - io.clock.monotonicMs();
  const came = await waitFor(Promise.race([witness.met, ended]), leftMs, io.clock, signal);
  if (witness.isMet) {
    const parts = witness.counts.map(({ expression, matched }) => `${matched} for ${expression}`);
    log.pass(parts.join(', '), listSeen(witness));
  } else if (!signal.aborted) {
    log.fail(came === 'ended' ? fromCause(stream.endedBy) : describeUnmet(expected, witness));
  }
}
