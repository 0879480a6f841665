// Keeps what happened to each step of a check. The first failure ends it: later steps are skipped by name.
//
// Every text passes `clean` here, once, before anybody else sees it: reports need not think of secrets and of
// what a terminal would obey (contract O2, P4).
import type { Clock } from '../../clock.ts';
import { type Details, type Failure, STEP_NAMES, STEPS, type StepName, type StepResult } from './steps.ts';

export interface StepLog {
  /** Steps that are over, in the order of STEPS. */
  readonly results: readonly StepResult[];
  /** The step under way. */
  readonly current: StepName | undefined;
  readonly failure: (StepResult & { readonly status: 'failed' }) | undefined;
  /** Begins a step, unless it is under way or over. */
  begin(name: StepName): void;
  /** The step under way is ok; nothing if there is none. */
  pass(summary: string, details?: Details): void;
  skip(name: StepName, reason: string): void;
  /** The step under way failed, or the first that is not over; the others are skipped. */
  fail(failure: Failure): void;
}

export interface StepWatcher {
  readonly onBegin: (name: StepName) => void;
  readonly onResult: (result: StepResult) => void;
}

/** @param clean takes out secrets and makes foreign text visible */
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
      for (const later of STEP_NAMES) log.skip(later, `${STEPS[name]} failed`);
    },
  };
  return log;
}

/** Cleans every text in a value; the names of members are ours. */
export function cleanDeep(value: unknown, clean: (text: string) => string): unknown {
  if (typeof value === 'string') return clean(value);
  if (Array.isArray(value)) return value.map((item) => cleanDeep(item, clean));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, cleanDeep(item, clean)]));
}
