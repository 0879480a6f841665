// Reports mistakes in filters and `--fields` that would otherwise stay silent (row 140). Loaded only with one of them.
import type { Clock } from '../clock.ts';
import { findNearest, suggestNearest } from '../errors.ts';
import type { Batch } from '../events/batch.ts';
import { listComparisons, parseExpression } from '../filter/expression.ts';
import { parseFieldList } from '../filter/field-list.ts';
import type { TailConfig } from '../settings/stream-config.ts';
import { type Filtered, formatFiltered } from '../ui/format.ts';
import type { Reporter, StatusRecord } from '../ui/reporter.ts';
import { type Compared, EventSample } from './event-sample.ts';

/** A filter that matches nothing for this long is probably wrong. */
const REPORT_MS = 10_000;
/** In a message. */
const SHOWN_TYPES = 8;
const SHOWN_PATHS = 30;

export interface EventWatch {
  /** Call with each batch, before anything of it is released. */
  note(received: Batch, wanted: Batch): void;
  /** Reports at the end of a run what has not been reported; missing fields only if these were all events of a file. */
  finish(isWhole: boolean): void;
  /** Reports nothing more. */
  end(): void;
}

export type WatchConfig = Pick<TailConfig, 'filter'> & Partial<Pick<TailConfig, 'fields'>>;

/** @param config whose filter and fields are valid */
export async function createEventWatch(
  { filter, fields }: WatchConfig,
  clock: Clock,
  { report }: Reporter,
): Promise<EventWatch> {
  const { types = [], where = [] } = filter ?? {};
  const comparisons = where.flatMap((text) => listComparisons(parseExpression(text)));
  const sample = new EventSample(comparisons, fields === undefined ? [] : await parseFieldList(fields));
  const reported = new Set<Compared>();
  let seen: Filtered = { received: 0, matched: 0 };
  let cancel: (() => void) | undefined;
  let isDone = false;

  const reportMisfits = (min?: number): void => {
    for (const one of sample.listMisfits(min)) {
      if (!reported.has(one)) report(sayMisfit(one, sample.paths));
      reported.add(one);
    }
  };
  const reportAll = (knowsFields = true): void => {
    if (isDone) return;
    isDone = true;
    reportMisfits(1);
    if (filter !== undefined && seen.matched === 0) report(sayUnmatched(seen, sample, types));
    if (knowsFields && seen.matched > 0) {
      const missing = sample.fields.filter(({ isPresent }) => !isPresent).map(({ text }) => text);
      if (missing.length > 0) report(sayMissingFields(missing, sample.paths));
    }
  };
  return {
    note(received, wanted) {
      if (received.count === 0) return;
      cancel ??= clock.setTimer(() => reportAll(), REPORT_MS);
      seen = { received: seen.received + received.count, matched: seen.matched + wanted.count };
      sample.look(received);
      if (!isDone) sample.lookForFields(wanted);
      reportMisfits();
    },
    finish(isWhole) {
      if (seen.received > 0) reportAll(isWhole);
    },
    end() {
      isDone = true;
      cancel?.();
    },
  };
}

/** What is probably wrong with expressions that too few events match, one line for each. */
export function listMistakes(sample: EventSample): string[] {
  const misfits = sample.listMisfits(1).map((one) => sayMisfit(one, sample.paths).message);
  return [...misfits, ...suggestNames(sample)];
}

/** @param paths seen in events */
function sayMisfit({ comparison, misfit, text }: Compared, paths: readonly string[]): StatusRecord {
  const { operator, isNegated, wanted } = comparison;
  const { kind, source } = misfit ?? { kind: 'null', source: 'null' };
  const [first] = wanted;
  const wantedKind =
    operator === '~' ? 'regular expression' : first?.kind === 'text' ? 'string' : first?.kind;
  const values = wanted.map(({ raw }) => raw).join(', ');
  const isContainer = kind === 'object' || kind === 'array';
  const found = kind === 'true or false' ? kind : `${/^[aeiou]/.test(kind) ? 'an' : 'a'} ${kind}`;
  const shown = isContainer ? found : `${found}, such as ${source}`;
  const outcome = isNegated ? 'which is true for every event' : 'which never matches';
  return {
    event: 'warning',
    level: 'warn',
    message: `the filter compares ${text} with the ${wantedKind ?? 'value'} ${values}, ${outcome}: ${text} is ${shown}`,
    hint: isContainer ? suggestMembers(text, paths) : suggestValue(wantedKind, kind),
  };
}

function suggestMembers(path: string, paths: readonly string[]): string {
  const members = paths.filter((one) => one.startsWith(path) && /^[.[]/.test(one.slice(path.length)));
  return members.length === 0
    ? `name a value in it, such as ${path}.name or ${path}[0]`
    : `name a value in it: ${listShown(members, SHOWN_PATHS)}`;
}

function suggestValue(wanted: string | undefined, kind: string): string {
  if (kind === 'number') return 'write a plain number, without quotes: 1000, 1_000, 1.5M';
  if (kind === 'true or false') return 'write true or false, without quotes';
  return `to compare strings, put the ${wanted ?? 'value'} in quotes: "…"`;
}

/** @param globs of `--type` */
function sayUnmatched(seen: Filtered, sample: EventSample, globs: readonly string[]): StatusRecord {
  const { paths } = sample;
  const types = sample.types.list();
  const lines = globs.flatMap((glob) => {
    const nearest = findNearest(
      glob,
      types.map(({ type }) => type),
    );
    return nearest === undefined || nearest === glob
      ? []
      : `no event of type ${glob}: did you mean ${nearest}?`;
  });
  lines.push(...suggestNames(sample));
  lines.push(
    `types seen: ${listShown(
      types.map(({ type, count }) => `${type} ${count}`),
      SHOWN_TYPES,
    )}`,
  );
  if (sample.compared.some(({ isPresent }) => !isPresent))
    lines.push(`fields seen: ${listShown(paths, SHOWN_PATHS)}`);
  return {
    event: 'warning',
    level: 'info',
    message: `no event has matched the filters so far: ${formatFiltered(seen)}`,
    hint: lines.join('\n'),
    figures: { ...seen, types: Object.fromEntries(types.map(({ type, count }) => [type, count])) },
  };
}

/** Paths that no event has, and values that are like those that arrived. */
function suggestNames({ compared, paths }: EventSample): string[] {
  const lines = compared.filter(({ isPresent }) => !isPresent).map(({ text }) => sayMissing(text, paths));
  for (const { comparison, texts } of compared) {
    const { operator, wanted, path } = comparison;
    for (const one of operator === '=' ? wanted : []) {
      const nearest =
        one.kind === 'text' && !texts.has(one.text) ? suggestNearest(one.text, texts) : undefined;
      if (nearest !== undefined) lines.push(`${path} = ${one.raw}: ${nearest}`);
    }
  }
  return lines;
}

function sayMissingFields(missing: readonly string[], paths: readonly string[]): StatusRecord {
  return {
    event: 'warning',
    level: 'warn',
    message: `--fields: no event so far has ${missing.join(', ')}`,
    hint: [
      ...missing.map((path) => sayMissing(path, paths)),
      `fields seen: ${listShown(paths, SHOWN_PATHS)}`,
    ].join('\n'),
  };
}

function sayMissing(path: string, paths: readonly string[]): string {
  const nearest = suggestNearest(path, paths);
  return `no event has ${path}${nearest === undefined ? '' : `: ${nearest}`}`;
}

function listShown(all: readonly string[], max: number): string {
  const more = all.length - max;
  return [...all.slice(0, max), ...(more > 0 ? [`${more} more`] : [])].join(', ');
}
