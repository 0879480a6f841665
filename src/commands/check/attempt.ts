// Reports one connection attempt as steps: name lookup, TCP, proxy CONNECT, TLS, upgrade.
import { isIP, type Socket } from 'node:net';
import { TLSSocket } from 'node:tls';
import type { AttemptObserver, DialConfig } from '../../connection/config.ts';
import { dropBrackets } from '../../connection/dial/address.ts';
import { PASSED, SKIPPED, UNKNOWN_ISSUER, UNKNOWN_VERSION } from './messages.ts';
import type { StepLog } from './steps.ts';

/** @param nowMs wall clock, for the days until a certificate expires */
export function observeAttempt(log: StepLog, dial: DialConfig, nowMs: () => number): AttemptObserver {
  return {
    onPhase:
      dial.proxyUrl === undefined
        ? observeDirect(log, dial, nowMs)
        : observeProxied(log, new URL(dial.proxyUrl), nowMs),
    onUpgraded(response) {
      passUpgrade(log, response);
      log.begin('welcome');
    },
  };
}

function observeDirect(log: StepLog, dial: DialConfig, nowMs: () => number): AttemptObserver['onPhase'] {
  const url = new URL(dial.url);
  return (phase, socket) => {
    if (phase === 'lookup' && socket === undefined) beginLookup(log, url.hostname);
    else if (phase === 'lookup' && socket !== undefined) {
      watchSocket(log, socket, url.hostname, () => {
        log.skip('proxy', SKIPPED.noProxy);
        if (url.protocol === 'ws:') log.skip('tls', SKIPPED.noTls);
        else log.begin('tls');
      });
    } else if (phase === 'upgrade') {
      passTls(log, socket, nowMs());
      log.begin('upgrade');
    }
  };
}

/** The steps `lookup` and `connect` are for the proxy. The host of the URL is looked up in the step `proxy`. */
function observeProxied(log: StepLog, proxy: URL, nowMs: () => number): AttemptObserver['onPhase'] {
  return (phase, socket) => {
    if (phase === 'proxy' && socket !== undefined) {
      beginLookup(log, proxy.hostname);
      watchSocket(log, socket, proxy.hostname, () => log.begin('proxy'));
    } else if (phase === 'tls') {
      if (log.current === 'proxy') log.pass(PASSED.tunnel(proxy.host), { proxy: proxy.host, status: 200 });
      log.begin('tls');
    } else if (phase === 'upgrade') {
      passTls(log, socket, nowMs());
      log.begin('upgrade');
    }
  };
}

function beginLookup(log: StepLog, hostname: string): void {
  if (isIP(dropBrackets(hostname)) === 0) {
    log.begin('lookup');
    return;
  }
  log.skip('lookup', SKIPPED.address(hostname));
  log.begin('connect');
}

function watchSocket(log: StepLog, socket: Socket, hostname: string, onConnect: () => void): void {
  const addresses: string[] = [];
  socket.on('lookup', (error, address) => {
    if (error !== null) return;
    addresses.push(address);
    if (addresses.length > 1) return;
    // All addresses are emitted in one turn, before the first connect.
    queueMicrotask(() => {
      if (log.current !== 'lookup') return;
      log.pass(PASSED.lookup(hostname, addresses), { host: hostname, addresses });
      log.begin('connect');
    });
  });
  socket.once('connect', () => {
    // With --wait, an earlier attempt may have passed this step.
    if (log.current !== 'connect') return;
    const { remoteAddress = '', remotePort = 0 } = socket;
    log.pass(PASSED.connect(remoteAddress, remotePort), { address: remoteAddress, port: remotePort });
    onConnect();
  });
}

function passTls(log: StepLog, socket: Socket | undefined, nowMs: number): void {
  if (log.current !== 'tls' || !(socket instanceof TLSSocket)) return;
  const version = socket.getProtocol() ?? UNKNOWN_VERSION;
  const { issuer, valid_to: validTo = '' } = socket.getPeerCertificate();
  const names = [issuer?.O, issuer?.CN].flat().filter((name) => typeof name === 'string' && name !== '');
  const issuedBy = names.join(', ') || UNKNOWN_ISSUER;
  const expiresMs = Date.parse(validTo);
  const daysLeft = Math.floor((expiresMs - nowMs) / 86_400_000);
  log.pass(PASSED.tls(version, issuedBy, daysLeft), {
    version,
    issuer: issuedBy,
    ...(Number.isNaN(expiresMs)
      ? {}
      : { expires_at: new Date(expiresMs).toISOString(), days_left: daysLeft }),
  });
}

function passUpgrade(
  log: StepLog,
  { headers, requestId }: Parameters<AttemptObserver['onUpgraded']>[0],
): void {
  if (log.current !== 'upgrade') return;
  const cost = readCount(headers['x-credit-cost']);
  const remaining = readCount(headers['x-credit-remaining']);
  log.pass(PASSED.upgrade(requestId, cost, remaining), {
    status: 101,
    request_id: requestId,
    ...(cost === undefined ? {} : { credit_cost: cost }),
    ...(remaining === undefined ? {} : { credit_remaining: remaining }),
  });
}

function readCount(header: string | string[] | undefined): number | undefined {
  return typeof header === 'string' && /^-?\d{1,15}$/.test(header) ? Number(header) : undefined;
}
