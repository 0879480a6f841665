// The interfaces of a monitor and of its parts, the watchers.
import type { SinkMonitor } from '../delivery/sink-status.ts';
import type { ListenAddress } from '../flags/values.ts';
import type { RunObserver } from '../session/run-status.ts';
import type { ConnectionConfig } from '../settings/stream-config.ts';

export interface MonitorConfig {
  readonly metricsListen: ListenAddress | undefined;
  readonly connection: Pick<ConnectionConfig, 'connectTimeoutMs'>;
}

export interface Monitor {
  readonly observers: readonly RunObserver[];
  /** Sets the sinks of a relay, once they exist and after each change. */
  watch(sinks: readonly SinkMonitor[]): void;
  noteReload(state: 'begun' | 'done' | 'failed'): void;
  close(): void;
}

export interface Watcher extends Omit<Monitor, 'observers'>, RunObserver {}
