// Which events are wanted, and in which form: each filter and format is loaded only where it is asked for.
import type { Batch } from '../events/batch.ts';
import type { Io } from '../io/io.ts';
import { NDJSON_RENDERER } from '../render/ndjson.ts';
import { PLAIN_STYLE, type Style } from '../render/paint.ts';
import type { Renderer } from '../render/renderer.ts';
import type { TailConfig } from '../settings/stream-config.ts';

/** What leaves the wanted events of a batch; undefined where all are wanted. */
export type Select = ((batch: Batch) => Batch) | undefined;

/** @throws UsageError for a filter that cannot be read */
export async function createSelect({ filter }: TailConfig): Promise<Select> {
  if (filter === undefined) return undefined;
  const { createFilter } = await import('../filter/filter.ts');
  return createFilter(filter);
}

/** The format that was asked for. @throws UsageError for fields that cannot be read */
export async function createRenderer(config: TailConfig, io: Io): Promise<Renderer> {
  if (config.isEnveloped) {
    const { createEnvelopeRenderer } = await import('../render/envelope.ts');
    return createEnvelopeRenderer();
  }
  if (config.fields !== undefined) return createFields(config.fields, config, io);
  if (config.format === 'ndjson') return NDJSON_RENDERER;
  const { createPrettyRenderer } = await import('../render/pretty/pretty.ts');
  const { time, isWide } = config;
  const { signs, stdout } = io;
  return createPrettyRenderer({
    style: await loadStyle(config),
    signs,
    time,
    isWide,
    columns: stdout.columns,
  });
}

async function createFields(text: string, config: TailConfig, io: Io): Promise<Renderer> {
  const { parseFieldList } = await import('../filter/field-list.ts');
  const fields = await parseFieldList(text);
  const { createFieldsRenderer } = await import('../render/fields.ts');
  const { isTty, columns } = io.stdout;
  return createFieldsRenderer({
    fields,
    isTty,
    style: await loadStyle(config),
    signs: io.signs,
    isWide: config.isWide,
    columns,
  });
}

async function loadStyle({ useColor }: TailConfig): Promise<Style> {
  if (!useColor) return PLAIN_STYLE;
  const { createColorStyle } = await import('../render/style.ts');
  return createColorStyle();
}
