// Where a session writes events, and the output of `tail` and `replay`: stdout, in the requested format.
import { type Batch, splitBatch } from '../events/batch.ts';
import type { Io } from '../io/io.ts';
import { openStdout, type WriteFailure } from '../io/line-writer.ts';
import { has256Colors } from '../io/terminal.ts';
import { escapeJsonCommands } from '../render/ci-commands.ts';
import { NDJSON_RENDERER } from '../render/ndjson.ts';
import { PLAIN_STYLE } from '../render/paint.ts';
import type { BatchPosition, LifecycleRecord, Renderer } from '../render/renderer.ts';
import type { TailConfig } from '../settings/stream-config.ts';
import type { StatusRecord } from '../ui/reporter.ts';
import type { StreamProgress } from '../ui/stream-progress.ts';
import { sayCut } from './messages.ts';

export interface Output {
  /**
   * Writes the first `count` events of a batch, at least one. Returns a promise if the session must wait before it
   * writes more. The promise also resolves after a failure or a cut, and never rejects.
   */
  writeEvents(batch: Batch, count: number, place: BatchPosition): Promise<void> | undefined;
  /** Does nothing if the format has no lifecycle records (contract G2). */
  writeLifecycle(record: LifecycleRecord): Promise<void> | undefined;
  /** @param line a lifecycle record of a recording, without its line feed */
  writeRecorded?(line: Buffer): Promise<void> | undefined;
  /** Resolves when everything written has left this process, as far as the process can know, or after a failure. */
  flush(): Promise<void>;
  /** Resolves when everything written is delivered, or at once after a failure or cut. */
  drain(): Promise<void>;
  /** Discards what is not delivered within `ms`. */
  cutAfter(ms: number): void;
  /** The first failure; nothing is delivered after it. */
  readonly failure: WriteFailure | undefined;
  /** The message about undelivered output, if there is any. */
  sayCut(): StatusRecord | undefined;
  /** Total ms for which the session had to wait. */
  readonly blockedMs: number;
  /** Since when the session has been waiting (monotonic ms). */
  readonly blockedSinceMs: number | undefined;
  /** Why the sinks cannot deliver now; empty if they can. The texts have no secrets. */
  listProblems?(): readonly string[];
}

/** The output calls `onFailure` at its first failure, and `stop` to end the run with exit 0. */
export type OpenOutput = (onFailure: (failure: WriteFailure) => void, stop: () => void) => Output;

/** Output that is blocked for longer is reported. */
const PAUSE_REPORT_MS = 1_000;
const LINE_FEED = Buffer.from('\n');

interface PrintParts {
  readonly renderer: Renderer;
  readonly status: StreamProgress;
  /** Called when the reader of stdout has blocked the output for PAUSE_REPORT_MS. */
  readonly onPaused?: (() => void) | undefined;
}

export function openPrinter(
  { renderer, status, onPaused }: PrintParts,
  io: Io,
  onFailure: (failure: WriteFailure) => void,
): Output {
  const writer = openStdout(io, onFailure);

  function write(lines: Buffer | string, onWritten?: () => void): Promise<void> | undefined {
    if (io.stdout.isTty) status.clearForOutput?.();
    const blocked = writer.write(lines, onWritten);
    // On a terminal, the user who paused the output would see the message only after resuming it.
    if (blocked === undefined || onPaused === undefined || (io.stdout.isTty && io.stderr.isTty))
      return blocked;
    const cancel = io.clock.setTimer(onPaused, PAUSE_REPORT_MS);
    return blocked.then(cancel);
  }

  return {
    writeEvents: (batch, count, place) => write(renderer.renderEvents(batch, count, place), batch.release),
    writeLifecycle(record) {
      const line = renderer.renderLifecycle?.(record);
      return line === undefined ? undefined : write(line);
    },
    writeRecorded: (line) =>
      renderer.renderLifecycle === undefined
        ? undefined
        : write(escapeJsonCommands(Buffer.concat([line, LINE_FEED]))),
    flush: () => writer.flush(),
    drain: () => writer.drain(),
    cutAfter: (ms) => writer.cutAfter(ms),
    sayCut: () => (writer.bytesCut === 0 ? undefined : sayCut(writer.bytesCut)),
    get failure() {
      return writer.failure;
    },
    get blockedMs() {
      return writer.blockedMs;
    },
    get blockedSinceMs() {
      return writer.blockedSinceMs;
    },
  };
}

/**
 * @param onCut called for each event that an expression of `--highlight` could not search completely
 * @throws UsageError for an invalid `--fields` or `--highlight`
 */
export async function createRenderer(config: TailConfig, io: Io, onCut: () => void): Promise<Renderer> {
  if (config.isEnveloped) {
    const { createEnvelopeRenderer } = await import('../render/envelope.ts');
    return createEnvelopeRenderer();
  }
  const {
    fields: paths,
    format,
    hasBell,
    hasHeader,
    hasLinks,
    highlight: expressions,
    isWide,
    time,
  } = config;
  if (paths === undefined && format === 'ndjson') return NDJSON_RENDERER;
  const { clock, signs, stdout } = io;
  const { isTty, columns } = stdout;
  const style = config.useColor
    ? (await import('../render/style.ts')).createColorStyle(has256Colors(io) ? config.theme : 'terminal')
    : PLAIN_STYLE;
  if (paths !== undefined) {
    const { parseFieldList } = await import('../filter/field-list.ts');
    const fields = await parseFieldList(paths);
    const { createFieldsRenderer } = await import('../render/fields.ts');
    const form = format === 'csv' ? 'csv' : isTty ? 'columns' : 'tabs';
    const isNamed = hasHeader || form === 'csv';
    return createFieldsRenderer({ fields, form, hasHeader: isNamed, style, signs, isWide, columns });
  }
  const highlight = expressions.length === 0 ? undefined : await loadHighlight(expressions, onCut);
  const { createPrettyRenderer } = await import('../render/pretty/pretty.ts');
  const marks = { highlight, hasBell: hasBell && isTty };
  const startMs = clock.wallMs();
  return createPrettyRenderer({ style, signs, time, isWide, hasLinks, ...marks, startMs, columns });
}

/** @throws UsageError for an invalid expression */
async function loadHighlight(
  expressions: readonly string[],
  onCut: () => void,
): Promise<(batch: Batch, count: number) => readonly boolean[]> {
  const { createFilter } = await import('../filter/filter.ts');
  const names = { type: '--type', where: '--highlight' };
  const filters = await Promise.all(
    expressions.map((expression) => createFilter({ types: [], where: [expression] }, names, false)),
  );
  for (const filter of filters) filter.onCut = onCut;
  return (batch, count) => {
    const marks: boolean[] = [];
    // The memory of the batch stays with its owner.
    for (const one of splitBatch({ ...batch, release: undefined }, 0)) {
      if (marks.length === count) break;
      marks.push(filters.some((filter) => filter(one).count > 0));
    }
    return marks;
  };
}
