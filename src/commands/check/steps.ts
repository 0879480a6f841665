// The steps of a check, in order, and what is known of each: the only vocabulary of runner and reports.

/** Name for programs → words for people. The order is that of a check. */
export const STEPS = {
  settings: 'settings',
  lookup: 'name lookup',
  connect: 'TCP',
  proxy: 'proxy CONNECT',
  tls: 'TLS',
  upgrade: 'upgrade',
  welcome: 'welcome',
  identity: 'identity',
  keepalive: 'keepalive',
  events: 'events',
} as const;
export type StepName = keyof typeof STEPS;
export const STEP_NAMES = Object.keys(STEPS) as readonly StepName[];

/** Figures of a step for programs; names in snake_case with their unit. */
export type Details = Readonly<Record<string, unknown>>;

/** Why a step failed. */
export interface Failure {
  /** A cause of `connection/causes.ts`, or one of check's own, in kebab-case. */
  readonly cause: string;
  /** One clause for people. */
  readonly message: string;
  /** What the user can do, or undefined. */
  readonly hint: string | undefined;
  /** Contract § 2; null where a signal ended the check. */
  readonly exitCode: number | null;
  readonly details?: Details;
}

interface ResultBase {
  readonly name: StepName;
  /** Ms from the step's beginning to its end; 0 for a skipped one. */
  readonly durationMs: number;
  /** One clause for people: what was found, what went wrong, or why it was skipped. */
  readonly summary: string;
  readonly details: Details;
}

/** How a step went. All texts are redacted and visible. */
export type StepResult =
  | (ResultBase & { readonly status: 'ok' | 'skipped' })
  | (ResultBase & { readonly status: 'failed'; readonly failure: Failure });
