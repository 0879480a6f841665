// The steps of a check, in order, and the log of their results. After a failure the remaining steps are skipped.
//
// The log removes secrets from every result, and makes control characters visible (contract O2, P4).
import type { Clock } from '../../clock.ts';
import { type Failure, SKIPPED } from './messages.ts';

/** In order; every report has these names. */
export const STEP_NAMES = [
  'settings',
  'lookup',
  'connect',
  'proxy',
  'tls',
  'upgrade',
  'welcome',
  'identity',
  'keepalive',
  'events',
] as const;
export type StepName = (typeof STEP_NAMES)[number];

/** For programs; names in snake_case with their unit. */
export type Details = Readonly<Record<string, unknown>>;

interface ResultBase {
  readonly name: StepName;
  /** 0 for a skipped step. */
  readonly durationMs: number;
  /** The result, the error, or the reason why the step was skipped. */
  readonly summary: string;
  readonly details: Details;
}

export type StepResult =
  | (ResultBase & { readonly status: 'ok' | 'skipped' })
  | (ResultBase & { readonly status: 'failed'; readonly failure: Failure });

export interface StepLog {
  /** Finished steps, in the order of STEP_NAMES. */
  readonly results: readonly StepResult[];
  readonly current: StepName | undefined;
  readonly failure: (StepResult & { readonly status: 'failed' }) | undefined;
  /** Begins a step, unless it has already begun or a step has failed. */
  begin(name: StepName): void;
  /** Does nothing without a current step. */
  pass(summary: string, details?: Details): void;
  skip(name: StepName, reason: string): void;
  /** Also skips the other steps. Without a current step, the first unfinished one fails. */
  fail(failure: Failure): void;
}

interface StepWatcher {
  readonly onBegin: (name: StepName) => void;
  readonly onResult: (result: StepResult) => void;
}

/** @param clean removes secrets and makes control characters visible */
export function createStepLog(clock: Clock, clean: (text: string) => string, watcher: StepWatcher): StepLog {
  const results = new Map<StepName, StepResult>();
  let current: StepName | undefined;
  let beganAtMs = 0;

  const add = (result: StepResult): void => {
    const cleaned = cleanDeep(result, clean) as StepResult;
    results.set(result.name, cleaned);
    if (current === result.name) current = undefined;
    watcher.onResult(cleaned);
  };
  const elapsedMs = (): number => Math.round((clock.monotonicMs() - beganAtMs) * 10) / 10;
  const log: StepLog = {
    get results() {
      return STEP_NAMES.flatMap((name) => results.get(name) ?? []);
    },
    get current() {
      return current;
    },
    get failure() {
      return [...results.values()].find((result) => result.status === 'failed');
    },
    begin(name) {
      if (current === name || results.has(name) || log.failure !== undefined) return;
      current = name;
      beganAtMs = clock.monotonicMs();
      watcher.onBegin(name);
    },
    pass(summary, details = {}) {
      if (current === undefined) return;
      add({ name: current, status: 'ok', durationMs: elapsedMs(), summary, details });
    },
    skip(name, reason) {
      if (results.has(name)) return;
      add({ name, status: 'skipped', durationMs: 0, summary: reason, details: {} });
    },
    fail(failure) {
      if (log.failure !== undefined) return;
      const open = STEP_NAMES.find((one) => !results.has(one));
      if (current === undefined && open !== undefined) log.begin(open);
      const name = current;
      if (name === undefined) return;
      const { message, details = {} } = failure;
      add({ name, status: 'failed', durationMs: elapsedMs(), summary: message, details, failure });
      for (const later of STEP_NAMES) log.skip(later, SKIPPED.failed(name));
    },
  };
  return log;
}

/** Cleans every string in a value, except names of members. */
export function cleanDeep(value: unknown, clean: (text: string) => string): unknown {
  if (typeof value === 'string') return clean(value);
  if (Array.isArray(value)) return value.map((item) => cleanDeep(item, clean));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, cleanDeep(item, clean)]));
}
