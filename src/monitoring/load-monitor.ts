// Loads the monitor of a run if --metrics-listen or systemd asks for one.
import type { Io } from '../io/io.ts';
import type { Reporter } from '../ui/reporter.ts';
import type { Monitor, MonitorConfig } from './watcher.ts';

const NONE: Monitor = { observers: [], watch() {}, noteReload() {}, close() {} };

/** @throws UsageError if it cannot listen on the address */
export async function loadMonitor(config: MonitorConfig, reporter: Reporter, io: Io): Promise<Monitor> {
  if (config.metricsListen === undefined && (io.env['NOTIFY_SOCKET'] ?? '') === '') return NONE;
  const { openMonitor } = await import('./monitor.ts');
  return openMonitor(config, reporter, io);
}
