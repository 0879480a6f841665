// What a monitor is, and a part of it.
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
  /** The sinks of a relay, which are connected after the address is in use; again when they have changed. */
  watch(sinks: readonly SinkMonitor[]): void;
  /** The configuration is being read again, was, or could not be. */
  noteReload(state: 'begun' | 'done' | 'failed'): void;
  close(): void;
}

/** Part of a monitor. */
export interface Watcher extends Omit<Monitor, 'observers'>, RunObserver {}
