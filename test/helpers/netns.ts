// A private network namespace: a loopback of its own, on which packets can be made to vanish or to crawl.
//
// The command runs inside; the raw server's script stays in the test's process and only its listening socket
// is made inside and handed out, so that tests look the same as elsewhere. Skip by name with `canUnshare()`.
import { spawn, spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import type { Server } from 'node:net';
import { join } from 'node:path';
import { type Child, type Exit, startChild } from './child.ts';
import { type Lifetime, makeTempFolder, registerCleanup } from './cleanup.ts';
import { type CliOptions, makeCleanEnvironment, startCli } from './run-cli.ts';
import {
  type Script,
  type ScriptedServer,
  type ScriptedServerOptions,
  startScriptedServer,
} from './scripted-server.ts';

/** One namespace; gone with its last process. */
export interface Namespace {
  /** The words before a command that run it inside, for `CliOptions.prefix`. */
  readonly prefix: readonly string[];
  /** A raw server that is reached at 127.0.0.1 inside, and nowhere else. */
  startScriptedServer(
    script: Script,
    options?: Omit<ScriptedServerOptions, 'listener'>,
  ): Promise<ScriptedServer>;
  /** Starts the command inside. */
  startCli(args: readonly string[], options?: Omit<CliOptions, 'prefix'>): Child;
  /** Runs a shell script inside, as root of the namespace; rejects unless it exits with 0. */
  run(script: string): Promise<Exit>;
  /** From now on every packet vanishes (true), or passes again. What was sent meanwhile is retransmitted. */
  blackHole(on: boolean): Promise<void>;
  /** Limit in kilobits a second; undefined removes it. */
  limitRate(kilobitsPerSecond: number | undefined): Promise<void>;
  /** From now on the name server swallows every question: lookups hang. */
  blackHoleNames(): Promise<void>;
}

/** True where an unprivileged namespace with traffic control can be made (unshare, ip and tc needed). */
export function canUnshare(): boolean {
  const script = 'ip link set lo up && tc qdisc add dev lo root pfifo limit 0';
  return spawnSync('unshare', ['-rmn', 'sh', '-c', script], { stdio: 'ignore' }).status === 0;
}

/** Makes a namespace that lasts to the end of the test (default). */
export async function startInNamespace(lifetime: Lifetime = 'test'): Promise<Namespace> {
  // `cat` ends with its stdin, so the namespace cannot outlive the tests however they end. An MTU as on
  // Ethernet: with loopback's own of 64 KiB a slow link could not pass a single full packet.
  const setUp = 'ip link set lo mtu 1500 up && echo ready && exec cat';
  const env = { PATH: process.env['PATH'] ?? '' };
  const holder = startChild('unshare', ['-rmn', 'sh', '-c', setUp], {
    env,
    stdin: 'pipe',
    limitMs: 3_600_000,
    lifetime,
  });
  await holder.waitForStdout('ready');
  // The shell puts the working directory back, which entering a mount namespace loses.
  const enter = ['nsenter', '--preserve-credentials', '-U', '-m', '-n', '-t', String(holder.pid)];
  const prefix = [...enter, 'sh', '-c', 'cd "$0" && exec "$@"', process.cwd()];

  const start = (command: readonly string[]): Child => {
    const [program = '', ...args] = [...prefix, ...command];
    return startChild(program, args, { env, lifetime });
  };
  const run = async (script: string): Promise<Exit> => {
    const exit = await start(['sh', '-c', script]).exit;
    if (exit.code !== 0) throw new Error(`in the namespace: ${script}: ${exit.code} ${exit.stderr}`);
    return exit;
  };

  return {
    prefix,
    run,
    startScriptedServer: async (script, options = {}) => {
      const listener = await listenInside(prefix, options.host ?? '127.0.0.1', options.port ?? 0);
      return startScriptedServer(script, { ...options, listener });
    },
    startCli: (args, options = {}) => {
      const cwd = options.cwd ?? process.cwd();
      return startCli(args, { ...options, prefix: [...prefix.slice(0, -1), cwd] });
    },
    blackHole: async (on) => {
      await run(on ? 'tc qdisc replace dev lo root pfifo limit 0' : 'tc qdisc del dev lo root');
    },
    limitRate: async (kilobitsPerSecond) => {
      const limit = `tbf rate ${kilobitsPerSecond}kbit burst 3000 latency 1s`;
      await run(
        kilobitsPerSecond === undefined
          ? 'tc qdisc del dev lo root'
          : `tc qdisc replace dev lo root ${limit}`,
      );
    },
    blackHoleNames: async () => {
      const configuration = join(makeTempFolder(lifetime), 'resolv.conf');
      writeFileSync(configuration, 'nameserver 127.0.0.1\n');
      await run(`mount --bind '${configuration}' /etc/resolv.conf`);
      const listen =
        "require('dgram').createSocket('udp4').bind(53, '127.0.0.1', () => console.log('silent'))";
      await start([process.execPath, '-e', listen]).waitForStdout('silent');
    },
  };
}

/** A listening socket made inside and handed to this process: a socket stays in the namespace that made it. */
export function listenInside(prefix: readonly string[], host: string, port: number): Promise<Server> {
  const handOver = "process.send('listening', server, () => { server.close(); process.disconnect(); })";
  const script = `const server = require('net').createServer();
    server.listen(${port}, '${host}', () => ${handOver});`;
  const [program = '', ...args] = [...prefix, process.execPath, '-e', script];
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, {
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
      env: makeCleanEnvironment({ env: { HOME: '/' } }),
    });
    registerCleanup(() => void child.kill('SIGKILL'));
    child.once('error', reject);
    const received = new Promise<Server>((done) =>
      child.once('message', (_, handle) => done(handle as Server)),
    );
    // Resolve after the process that made it has exited: until then that process accepts connections too.
    child.once('exit', (code) => {
      if (code === 0) void received.then(resolve);
      else reject(new Error(`no listening socket from the namespace (${code})`));
    });
  });
}
