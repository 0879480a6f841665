// A TCP proxy on loopback that spoils connections at will: passes, stops, drips, limits, cuts or resets.
//
// Modes can be changed at any time and hold for connections that are open as well as for new ones. Bytes are
// kept in order and none is lost, as TCP would have it; only a cut or a reset loses the bytes after it.
import { type AddressInfo, createConnection, createServer, type Socket } from 'node:net';
import { type Lifetime, registerCleanup } from './cleanup.ts';
import { resetConnection } from './reset.ts';
import { Watch } from './watch.ts';

/** `up` is client to server, `down` is server to client. */
type Direction = 'up' | 'down';

/** How one direction lets bytes through: any number at once, none, or a portion every so often. */
type Mode = 'pass' | 'drop' | { readonly bytes: number; readonly everyMs: number };

interface Cut {
  readonly bytes: number;
  readonly how: 'reset' | 'end';
}

interface Flow {
  mode: Mode;
  cut: Cut | undefined;
  passedBytes: number;
}

/** A proxy. Every method acts at once, and on both directions unless one is given. */
export interface FaultProxy extends AsyncDisposable {
  readonly port: number;
  /** `ws://127.0.0.1:port`. */
  readonly url: string;
  /** Connections accepted so far. */
  countAccepted(): number;
  /** Sockets that are open now, on both sides. */
  countOpen(): number;
  /** Bytes let through so far, over all connections. */
  countPassed(direction: Direction): number;
  /** Everything passes, also what was held back; takes back a cut. */
  pass(direction?: Direction): void;
  /** A black hole: nothing is forwarded any more, not even an end; what was held back follows at `pass`. */
  drop(direction?: Direction): void;
  /** `bytes` at a time, `everyMs` apart (default: one byte each 100 ms). */
  drip(options?: { bytes?: number; everyMs?: number; direction?: Direction }): void;
  /** At most this many bytes a second, in portions of 20 ms. */
  limitRate(bytesPerSecond: number, direction?: Direction): void;
  /** Both sides of a connection are cut after the next `bytes` in this direction (default: reset, down). */
  cutAfter(bytes: number, how?: 'reset' | 'end', direction?: Direction): void;
  /** RST to both sides of every open connection; new ones are treated as before. */
  reset(): void;
  /** New connections are reset as soon as they are accepted, until `refuse(false)`. */
  refuse(on?: boolean): void;
  /** Resolves when `bytes` have passed in a direction since the start. */
  waitForBytes(direction: Direction, bytes: number, limitMs?: number): Promise<void>;
  /** Resolves when the n-th connection was accepted. */
  waitForConnection(n: number, limitMs?: number): Promise<void>;
  close(): Promise<void>;
}

/** Starts a proxy in front of a port on loopback. */
export async function startFaultProxy(
  targetPort: number,
  options: { readonly targetHost?: string; readonly lifetime?: Lifetime } = {},
): Promise<FaultProxy> {
  const watch = new Watch();
  const flows: Record<Direction, Flow> = {
    up: { mode: 'pass', cut: undefined, passedBytes: 0 },
    down: { mode: 'pass', cut: undefined, passedBytes: 0 },
  };
  const open = new Set<Socket>();
  let accepted = 0;
  let refusing = false;

  const track = (socket: Socket): void => {
    open.add(socket);
    socket.setNoDelay(true);
    for (const event of ['connect', 'readable', 'end', 'drain']) socket.on(event, () => watch.notify());
    socket.on('close', () => {
      open.delete(socket);
      watch.notify();
    });
  };
  const server = createServer({ allowHalfOpen: true, pauseOnConnect: true }, (client) => {
    accepted++;
    track(client);
    if (refusing) {
      resetConnection(client);
      return;
    }
    const host = options.targetHost ?? '127.0.0.1';
    const target = createConnection({ port: targetPort, host, allowHalfOpen: true });
    track(target);
    join(client, target, flows, watch);
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, '127.0.0.1', resolve);
  });
  const { port } = server.address() as AddressInfo;

  const change = (direction: Direction | undefined, apply: (flow: Flow) => void): void => {
    for (const name of direction ? [direction] : (['up', 'down'] as const)) apply(flows[name]);
    watch.notify();
  };
  const setMode = (mode: Mode, direction: Direction | undefined): void =>
    change(direction, (flow) => {
      flow.mode = mode;
    });
  const close = (): Promise<void> => {
    forget();
    return new Promise((resolve) => {
      server.close(() => resolve());
      for (const socket of open) socket.destroy();
    });
  };
  const forget = registerCleanup(close, options.lifetime);

  return {
    port,
    url: `ws://127.0.0.1:${port}`,
    countAccepted: () => accepted,
    countOpen: () => open.size,
    countPassed: (direction) => flows[direction].passedBytes,
    pass: (direction) =>
      change(direction, (flow) => {
        flow.mode = 'pass';
        flow.cut = undefined;
      }),
    drop: (direction) => setMode('drop', direction),
    drip: ({ bytes = 1, everyMs = 100, direction } = {}) => setMode({ bytes, everyMs }, direction),
    limitRate: (bytesPerSecond, direction) =>
      setMode({ bytes: Math.max(1, Math.round(bytesPerSecond / 50)), everyMs: 20 }, direction),
    cutAfter: (bytes, how = 'reset', direction = 'down') =>
      change(direction, (flow) => {
        flow.cut = { bytes, how };
      }),
    reset: () => {
      for (const socket of open) resetConnection(socket);
    },
    refuse: (on = true) => {
      refusing = on;
    },
    waitForBytes: async (direction, bytes, limitMs) => {
      const flow = flows[direction];
      const what = (): string => `${bytes} bytes ${direction} (${flow.passedBytes} so far)`;
      await watch.until(() => flow.passedBytes >= bytes || undefined, what, limitMs);
    },
    waitForConnection: async (n, limitMs) => {
      await watch.until(() => accepted >= n || undefined, `connection ${n} of the proxy`, limitMs);
    },
    close,
    [Symbol.asyncDispose]: close,
  };
}

/** Forwards both ways; a fault or the sudden end of one side resets the other. */
function join(client: Socket, target: Socket, flows: Record<Direction, Flow>, watch: Watch): void {
  for (const [one, other] of [
    [client, target],
    [target, client],
  ] as const) {
    one.on('error', () => resetConnection(other));
    one.on('close', () => one.readableEnded || resetConnection(other));
  }
  void forward(client, target, flows.up, watch);
  void forward(target, client, flows.down, watch);
}

/** Moves the bytes of one direction, as its flow lets them, until the source ends or one side is gone. */
async function forward(source: Socket, sink: Socket, flow: Flow, watch: Watch): Promise<void> {
  const isGone = (): boolean => sink.destroyed || (source.destroyed && !source.readableEnded);
  const until = <T>(probe: () => T | undefined): Promise<T> =>
    watch.until(probe, 'ever', Number.POSITIVE_INFINITY);
  const untilOpen = (): Promise<boolean> => until(() => flow.mode !== 'drop' || isGone() || undefined);
  let cut: Cut | undefined;
  let cutLeft = 0;

  for (;;) {
    await untilOpen();
    let rest: Buffer | null = await until(() =>
      isGone() || source.readableEnded ? null : (source.read() ?? undefined),
    );
    while (rest && rest.length > 0) {
      await untilOpen();
      if (isGone()) return;
      const { mode } = flow;
      if (cut !== flow.cut) [cut, cutLeft] = [flow.cut, flow.cut?.bytes ?? 0];
      const portion = typeof mode === 'object' ? mode.bytes : rest.length;
      const size: number = Math.min(rest.length, portion, cut ? cutLeft : portion);
      await writeOut(sink, rest.subarray(0, size));
      flow.passedBytes += size;
      cutLeft -= size;
      watch.notify();
      if (cut && cutLeft === 0) {
        for (const socket of [source, sink]) cut.how === 'reset' ? resetConnection(socket) : socket.end();
        if (cut.how === 'end') sink.destroySoon();
        return;
      }
      rest = rest.subarray(size);
      if (typeof mode === 'object')
        await untilTimeOr(mode.everyMs, watch, () => flow.mode !== mode || isGone());
    }
    if (!rest) break;
  }
  if (isGone()) return;
  await untilOpen();
  sink.end();
}

/** Resolves when the kernel has taken the bytes, or the socket is gone. */
function writeOut(sink: Socket, bytes: Uint8Array): Promise<void> {
  return new Promise((resolve) => sink.write(bytes, () => resolve()));
}

/** Resolves after `ms`, or earlier once `probe` holds. */
async function untilTimeOr(ms: number, watch: Watch, probe: () => boolean): Promise<void> {
  let isOver = false;
  const timer = setTimeout(() => {
    isOver = true;
    watch.notify();
  }, ms);
  await watch.until(() => isOver || probe() || undefined, 'ever', Number.POSITIVE_INFINITY);
  clearTimeout(timer);
}
