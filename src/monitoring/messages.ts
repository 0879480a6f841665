// What --metrics-listen and systemd's notifications report and answer.
import { UsageError } from '../errors.ts';
import type { StatusRecord } from '../ui/reporter.ts';

export const NOT_FOUND = 'see /metrics, /healthz and /readyz\n';
export const READ_ONLY = 'only GET and HEAD are allowed\n';

export function refuseAddress(why: string, code: string): UsageError {
  const hint =
    code === 'EADDRINUSE'
      ? 'use another port for each process; port 0 picks a free one'
      : 'use an address of this machine and a port from 1024 up';
  return new UsageError(`--metrics-listen: cannot listen on ${why}`, hint);
}

export function sayListening(address: string, isLoopback: boolean): StatusRecord {
  return {
    event: 'setting',
    level: 'info',
    message: `metrics: http://${address}/metrics, health checks: /healthz and /readyz${isLoopback ? '' : '; other machines can read them'}`,
    figures: { metrics_listen: address },
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
    message: `no progress: ${what}; the watchdog of systemd is not notified any more`,
  };
}
