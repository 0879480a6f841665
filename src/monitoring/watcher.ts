// The interfaces of a monitor and of its parts.
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
  /**
   * Sets the sinks of a relay, which do not exist yet when the monitor is opened; called again when they have changed.
   */
  watch(sinks: readonly SinkMonitor[]): void;
  /** A reload of the configuration has begun, succeeded or failed. */
  noteReload(state: 'begun' | 'done' | 'failed'): void;
  close(): void;
}

/** Part of a monitor. */
export interface Watcher extends Omit<Monitor, 'observers'>, RunObserver {}
