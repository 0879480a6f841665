// Tells a loopback port that wants TLS from one that just hangs up.
//
// Servers end a plaintext request to a TLS port without a word, which looks like any other hang-up. Asking
// costs one connection that carries no key, made once in a run and at the distance of an attempt.
import { type Clock, sleep } from '../../clock.ts';
import type { Cause } from '../causes.ts';
import { MIN_SPACING_MS } from '../limiter.ts';

/** How long the port may take to answer the TLS handshake. */
const PROBE_MS = 1_000;

/** The cause, or `plaintext-to-tls` where a `ws:` port that hung up speaks TLS. */
export async function recogniseTlsPort(
  cause: Cause,
  streamUrl: string,
  clock: Clock,
  signal: AbortSignal,
): Promise<Cause> {
  const url = new URL(streamUrl);
  if (url.protocol !== 'ws:' || cause.kind !== 'reset' || !/hang up/.test(cause.detail)) return cause;
  await sleep(clock, MIN_SPACING_MS + 50, signal);
  if (signal.aborted) return cause;
  const { connect } = await import('node:tls');
  const speaksTls = await new Promise<boolean>((resolve) => {
    const host = url.hostname.replace(/^\[|\]$/g, '');
    const probe = connect({ host, port: Number(url.port || 80), rejectUnauthorized: false });
    const finish = (verdict: boolean): void => {
      cancel();
      signal.removeEventListener('abort', giveUp);
      probe.destroy();
      resolve(verdict);
    };
    const giveUp = (): void => finish(false);
    const cancel = clock.setTimer(giveUp, PROBE_MS);
    signal.addEventListener('abort', giveUp);
    probe.once('secureConnect', () => finish(true));
    // An alert is TLS too: of a server that wants another version, or a certificate of ours.
    probe.on('error', (error: NodeJS.ErrnoException) => finish(/ALERT/.test(error.code ?? '')));
  });
  return speaksTls ? { ...cause, kind: 'plaintext-to-tls', detail: 'it answers a TLS handshake' } : cause;
}
