// `stream tail`, from parsed flags to the end: settings, the source, the session.

import { buildFollowSettings } from './config/connection-config.ts';
import {
  describeSimulatorSource,
  parseTailFlags,
  resolveSource,
  type TailConfig,
  type TailFlags,
} from './config/tail-config.ts';
import type { Io, Outcome } from './io.ts';
import { NDJSON_RENDERER } from './render/ndjson-lines.ts';
import type { Renderer } from './render/renderer.ts';
import { runSession, type SessionParts } from './session.ts';
import { createReporter } from './ui/reporter.ts';
import { createStatusLine } from './ui/status-line.ts';

/** Runs the command. @throws UsageError, CredentialError, StoreError before anything is opened */
export async function runTail(flags: TailFlags, io: Io): Promise<Outcome> {
  const config = parseTailFlags(flags, io);
  const select = await createSelect(config);
  const simulator = config.simulate === undefined ? undefined : await startBuiltIn(config.simulate);
  try {
    const source =
      simulator === undefined
        ? await resolveSource(flags, io)
        : describeSimulatorSource(simulator.url, simulator.exampleKey);
    const deadlineMs = config.timeoutMs === undefined ? undefined : io.clock.monotonicMs() + config.timeoutMs;
    const settings = await buildFollowSettings(config.connection, source, io, deadlineMs);
    const statusLine = createStatusLine(io, config.log);
    const reporter = createReporter(io, config.log, statusLine);
    for (const warning of source.warnings) {
      reporter.report({ event: 'warning', level: 'warn', message: warning });
    }
    for (const origin of source.origins)
      reporter.report({ event: 'setting', level: 'debug', message: origin });
    const renderer = await createRenderer(config, io);
    return await runSession({ config, source, settings, select, renderer, reporter, statusLine }, io);
  } finally {
    await simulator?.close();
  }
}

async function startBuiltIn(
  scenario: string,
): Promise<{ url: string; exampleKey: string; close(): Promise<void> }> {
  const { startSimulator } = await import('./simulator/server.ts');
  return startSimulator({ scenario });
}

async function createSelect({ filter }: TailConfig): Promise<SessionParts['select']> {
  if (filter === undefined) return undefined;
  const { createFilter } = await import('./protocol/filter.ts');
  return createFilter(filter);
}

/** The format that was asked for; only that one is loaded. */
async function createRenderer(config: TailConfig, io: Io): Promise<Renderer> {
  if (config.isEnveloped) {
    const { createEnvelopeRenderer } = await import('./render/envelope.ts');
    return createEnvelopeRenderer();
  }
  if (config.format === 'ndjson') return NDJSON_RENDERER;
  const { createPrettyRenderer } = await import('./render/pretty.ts');
  return createPrettyRenderer({
    useColor: config.useColor,
    time: config.time,
    columns: () => io.stdout.columns(),
  });
}
