// Runs the steps of a check on one connection.
import { untilAborted, waitFor } from '../../clock.ts';
import type { DialConfig } from '../../connection/config.ts';
import type { Retrying } from '../../connection/lifecycle.ts';
import type { Io } from '../../io/io.ts';
import { keyPrefix } from '../../io/key.ts';
import { limitLookups } from '../../settings/lookup-limit.ts';
import type { ConnectionConfig } from '../../settings/stream-config.ts';
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
import * as say from './messages.ts';
import type { StepLog } from './steps.ts';

interface Probe {
  readonly connection: ConnectionConfig;
  /** Ms for the whole check. */
  readonly deadlineMs: number;
  readonly expected: Expected | undefined;
  readonly counter: ExpectationCounter;
  readonly log: StepLog;
  readonly io: Io;
  readonly signal: AbortSignal;
  readonly warn: (message: string) => void;
}

interface CheckedStream {
  readonly stream: EventStream;
  /** Resolves after the last item. */
  readonly ended: Promise<'ended'>;
}

const PINGS = 3;

/** @throws AtlantisError for invalid settings, which the caller records as the failure of the current step */
export async function runSteps(flags: TargetFlags, probe: Probe): Promise<void> {
  const { log, io, signal, counter } = probe;
  const prepared = await prepareSettings(flags, probe);
  if (prepared === undefined) return;
  const { dial } = prepared.settings;
  const observer = observeAttempt(log, dial, () => io.clock.wallMs());
  const stream = prepared.open(signal, observer);
  let welcome: (item: Connected) => void = () => {};
  const welcomed = new Promise<Connected>((resolve) => {
    welcome = resolve;
  });
  // Items are counted in parallel, since a step may wait for a pong.
  const pumped = pump(stream.items(), (item) => {
    counter.take(item);
    if (item.kind === 'connected') welcome(item);
    if (item.kind === 'retrying') reportWait(item, probe);
    return !signal.aborted;
  });
  const live: CheckedStream = { stream, ended: pumped.then(() => 'ended') };
  try {
    const connected = await Promise.race([welcomed, live.ended]);
    if (connected !== 'ended' && checkIdentity(connected, log)) {
      if (await measureKeepalive(live, dial, probe)) await awaitEvents(live, probe);
    }
  } finally {
    await stream.close();
  }
  const gaveUp = await pumped;
  if (gaveUp !== undefined && !signal.aborted) log.fail(say.fromCause(gaveUp.cause));
}

/** With --wait, reports only the first failure, since later ones are usually the same. */
function reportWait({ cause, attempt }: Retrying, { warn }: Probe): void {
  if (attempt === 2) warn(say.sayWaiting(cause));
}

async function prepareSettings(flags: TargetFlags, probe: Probe): Promise<PreparedStream | undefined> {
  const { connection, log, io, signal } = probe;
  log.begin('settings');
  const target = resolveTarget(flags, io);
  for (const warning of target.warnings) probe.warn(warning);
  const url = requireUrl(target);
  const key = await untilAborted(readKey(target, io, signal), signal);
  if (key === undefined || signal.aborted) {
    // A pending read of stdin would keep the process alive.
    if (target.key?.kind === 'stdin') io.stdin().destroy();
    return undefined;
  }
  limitLookups(io, connection.connectTimeoutMs, probe.deadlineMs);
  const source = { url, key, keyOrigin: findKeyOrigin(target) };
  const preparing = prepareSource(connection, source, io, {}, signal);
  const prepared = await untilAborted(preparing, signal);
  if (prepared === undefined || signal.aborted) return undefined;
  const { proxyUrl } = prepared.settings.dial;
  const proxy = proxyUrl === undefined ? undefined : new URL(proxyUrl).host;
  log.pass(...describeCheckedSettings(target, url.base, keyPrefix(key), proxy));
  return prepared;
}

function describeCheckedSettings(
  { profile, url, key }: Target,
  base: string,
  prefix: string,
  proxy: string | undefined,
): [string, Record<string, unknown>] {
  const parts = [
    ...(profile === undefined ? [] : [say.PASSED.profile(profile.value.name, profile.source)]),
    say.PASSED.url(base, url?.source),
    say.PASSED.key(prefix, key?.source),
    ...(proxy === undefined ? [] : [say.PASSED.proxy(proxy)]),
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
  log.pass(say.PASSED.welcome(accepted), { key_prefix: accepted });
  log.begin('identity');
  if (accepted !== expectedKeyPrefix) {
    log.fail(say.describeForeignKey(host, accepted, expectedKeyPrefix));
    return false;
  }
  log.pass(say.PASSED.identity(accepted), { key_prefix: accepted });
  return true;
}

/** True if the check continues. */
async function measureKeepalive(
  { stream, ended }: CheckedStream,
  { host, keepalive }: DialConfig,
  { log, io, signal, counter }: Probe,
): Promise<boolean> {
  const { pingIntervalMs, pongTimeoutMs } = keepalive;
  if (pingIntervalMs === 0) {
    log.skip('keepalive', say.SKIPPED.pingsOff);
    return true;
  }
  log.begin('keepalive');
  const roundTripsMs: number[] = [];
  while (roundTripsMs.length < PINGS) {
    const messagesBefore = counter.messages;
    const outcome = await waitFor(Promise.race([stream.ping(), ended]), pongTimeoutMs, io.clock, signal);
    if (signal.aborted || outcome === 'ended') return false;
    if (outcome === undefined) {
      log.fail(say.describeMissingPong(host, pongTimeoutMs, counter.messages > messagesBefore));
      return false;
    }
    roundTripsMs.push(Math.round(outcome * 100) / 100);
  }
  log.pass(say.PASSED.keepalive(roundTripsMs), { round_trips_ms: roundTripsMs });
  return true;
}

async function awaitEvents(
  { ended }: CheckedStream,
  { expected, log, io, signal, counter }: Probe,
): Promise<void> {
  if (expected === undefined) {
    log.skip('events', say.SKIPPED.noExpect);
    return;
  }
  log.begin('events');
  // `--within` also covers the pings, so the events may already have arrived, or be overdue.
  const outcome = await waitFor(Promise.race([counter.met, ended]), counter.remainingMs, io.clock, signal);
  if (counter.isMet) {
    log.pass(counter.counts.map(say.PASSED.events).join(', '), say.listReceived(counter));
  } else if (!signal.aborted && outcome !== 'ended') {
    log.fail(say.describeUnmet(expected, counter));
  }
}
