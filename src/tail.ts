// `stream tail`, from parsed flags to the end: settings, the source, the session.

import { buildFollowSettings } from './config/connection-config.ts';
import {
  describeSimulatorSource,
  parseTailFlags,
  resolveSource,
  type TailFlags,
} from './config/tail-config.ts';
import { createRenderer, createSelect } from './event-form.ts';
import type { Io, Outcome } from './io.ts';
import { runSession } from './session.ts';
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
