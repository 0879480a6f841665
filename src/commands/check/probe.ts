// The steps of a check, one after the other, on the first connection of a stream: what `tail` would do, step by step.
//
// There is no second attempt: a check reports what happens now. Returns when a step failed, the signal aborted
// (the current step stays open then) or all is done; whatever was opened is closed.
import { untilAborted, waitFor } from '../../clock.ts';
import type { DialConfig } from '../../connection/config.ts';
import type { Io } from '../../io/io.ts';
import { keyPrefix } from '../../io/key.ts';
import type { ConnectionConfig } from '../../settings/connection-config.ts';
import {
  findKeyOrigin,
  readKey,
  requireUrl,
  resolveTarget,
  type Target,
  type TargetFlags,
} from '../../settings/target.ts';
import type { EventStream } from '../../stream/event-stream.ts';
import { type Connected, pump } from '../../stream/items.ts';
import { type PreparedStream, prepareSource } from '../../stream/prepare.ts';
import { observeAttempt } from './attempt.ts';
import type { ExpectationCounter, Expected } from './expectations.ts';
import { describeForeignKey, describeMissingPong, describeUnmet, fromCause, listSeen } from './failures.ts';
import type { StepLog } from './steps.ts';

/** What the steps of a check need. */
export interface Probe {
  readonly connection: ConnectionConfig;
  readonly expected: Expected | undefined;
  readonly counter: ExpectationCounter;
  readonly log: StepLog;
  readonly io: Io;
  /** Ends the check. */
  readonly signal: AbortSignal;
  readonly warn: (message: string) => void;
}

/** A stream whose events are being counted. */
interface Live {
  readonly stream: EventStream;
  /** Resolves when no more items come. */
  readonly ended: Promise<'ended'>;
}

/** Round trips that are measured. */
const PINGS = 3;

/** Runs every step. @throws AtlantisError for settings that cannot be used; the current step is the one that failed */
export async function runSteps(flags: TargetFlags, probe: Probe): Promise<void> {
  const { log, io, signal, counter } = probe;
  const prepared = await readSettings(flags, probe);
  if (prepared === undefined) return;
  const { dial } = prepared.settings;
  const attempt = observeAttempt(log, dial, () => io.clock.wallMs());
  const stream = prepared.open(signal, attempt.observer);
  let welcome: (item: Connected) => void = () => {};
  const welcomed = new Promise<Connected>((resolve) => {
    welcome = resolve;
  });
  // All that arrives is read and counted at once, so that pongs do not wait for it, nor it for them.
  const pumped = pump(stream.items(), (item) => {
    counter.take(item);
    if (item.kind === 'connected') welcome(item);
    return !signal.aborted;
  });
  const live: Live = { stream, ended: pumped.then(() => 'ended') };
  try {
    const connected = await Promise.race([welcomed, live.ended]);
    if (connected !== 'ended' && checkIdentity(connected, log)) {
      if (await measureKeepalive(live, dial, probe)) await awaitEvents(live, probe);
    }
  } finally {
    await stream.close();
    attempt.end();
  }
  const gaveUp = await pumped;
  if (gaveUp !== undefined && !signal.aborted) log.fail(fromCause(gaveUp.cause));
}

async function readSettings(flags: TargetFlags, probe: Probe): Promise<PreparedStream | undefined> {
  const { connection, log, io, signal } = probe;
  log.begin('settings');
  const target = resolveTarget(flags, io);
  for (const warning of target.warnings) probe.warn(warning);
  const url = requireUrl(target);
  const key = await untilAborted(readKey(target, io, signal), signal);
  if (key === undefined || signal.aborted) {
    // A pending read of the key from stdin would keep the process alive.
    if (target.key?.kind === 'stdin') io.stdin().destroy();
    return undefined;
  }
  const source = { url, key, keyOrigin: findKeyOrigin(target) };
  const preparing = prepareSource(connection, source, io, {}, signal);
  const prepared = await untilAborted(preparing, signal);
  if (prepared === undefined || signal.aborted) return undefined;
  const { proxyUrl } = prepared.settings.dial;
  const proxy = proxyUrl === undefined ? undefined : new URL(proxyUrl).host;
  log.pass(...describeSettings(target, url.base, keyPrefix(key), proxy));
  return prepared;
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

/** True if the check continues. */
function checkIdentity({ host, keyPrefix: accepted, expectedKeyPrefix }: Connected, log: StepLog): boolean {
  log.pass(`for the key ${accepted}…`, { key_prefix: accepted });
  log.begin('identity');
  if (accepted !== expectedKeyPrefix) {
    log.fail(describeForeignKey(host, accepted, expectedKeyPrefix));
    return false;
  }
  log.pass(`it is the key in use, ${accepted}…`, { key_prefix: accepted });
  return true;
}

/** True if the check continues. */
async function measureKeepalive(
  { stream, ended }: Live,
  { host, keepalive }: DialConfig,
  { log, io, signal, counter }: Probe,
): Promise<boolean> {
  const { pingIntervalMs, pongTimeoutMs } = keepalive;
  if (pingIntervalMs === 0) {
    log.skip('keepalive', 'turned off by --ping-interval 0');
    return true;
  }
  log.begin('keepalive');
  const roundTripsMs: number[] = [];
  while (roundTripsMs.length < PINGS) {
    const heardBefore = counter.heard;
    const came = await waitFor(Promise.race([stream.ping(), ended]), pongTimeoutMs, io.clock, signal);
    if (signal.aborted || came === 'ended') return false;
    if (came === undefined) {
      log.fail(describeMissingPong(host, pongTimeoutMs, counter.heard > heardBefore));
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

async function awaitEvents({ ended }: Live, { expected, log, io, signal, counter }: Probe): Promise<void> {
  if (expected === undefined) {
    log.skip('events', 'no --expect');
    return;
  }
  log.begin('events');
  // The pings took part of this time, too: what was expected may have come, or be overdue, by now.
  const came = await waitFor(Promise.race([counter.met, ended]), counter.remainingMs, io.clock, signal);
  if (counter.isMet) {
    const parts = counter.counts.map(({ expression, matched }) => `${matched} for ${expression}`);
    log.pass(parts.join(', '), listSeen(counter));
  } else if (!signal.aborted && came !== 'ended') {
    log.fail(describeUnmet(expected, counter));
  }
}
