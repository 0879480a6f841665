// Messages of --metrics-listen and of the notifications to systemd.
import type { ErrorText } from '../errors.ts';
import { explainListenError } from '../io/messages.ts';
import { formatCount, formatDuration } from '../ui/format.ts';
import type { StatusRecord } from '../ui/reporter.ts';

export const NOT_FOUND_BODY = 'see /metrics, /healthz and /readyz\n';
export const NOT_ALLOWED_BODY = 'only GET and HEAD are allowed\n';

export const sayMetricsCannotListen = (address: string, error: NodeJS.ErrnoException): ErrorText => [
  `--metrics-listen: cannot listen on ${address}: ${explainListenError(error)}`,
  error.code === 'EADDRINUSE'
    ? 'use a different port for each process; port 0 picks a free one'
    : 'use an address of this machine and a port from 1024 up',
];

export function sayListening(address: string, isLoopback: boolean): StatusRecord {
  return {
    event: 'setting',
    level: 'info',
    message: `metrics: http://${address}/metrics, health checks: /healthz and /readyz${isLoopback ? '' : '; other machines can read them'}`,
    fields: { metrics_listen: address },
  };
}

export function sayNotNotified(why: string): StatusRecord {
  return {
    event: 'warning',
    level: 'warn',
    message: `systemd cannot be notified: systemd-notify ${why}`,
    hint: 'install systemd-notify where the service can run it; without it, use Type=exec and no WatchdogSec',
  };
}

export function sayStuck(what: string): StatusRecord {
  return {
    event: 'warning',
    level: 'error',
    message: `no progress: ${what}; the systemd watchdog is no longer notified, and systemd may restart the service`,
  };
}

/** For `systemctl status`. @param pending the number of messages that each sink has not acknowledged */
export function describeLive(events: number, pending: readonly number[]): string {
  const backlog = pending.length === 0 ? '' : `, ${formatCount(Math.max(...pending), 'message')} pending`;
  return `live, ${formatCount(events, 'event')}${backlog}`;
}

export const describeNoProgram = (code: string | undefined): string => `cannot be run (${code})`;
export const describeExitStatus = (status: number): string => `failed with exit status ${status}`;
export const describeKilled = (limitMs: number): string =>
  `was killed or took longer than ${formatDuration(limitMs)}`;
export const describeLongPhase = (phase: string): string => `the phase "${phase}" is taking too long`;
export const describeUnresponsiveSink = (sink: string): string => `${sink} is not responding`;
