// Other people's software in front of, or in place of, our own: nginx, tinyproxy, microsocks and Python's `websockets`.
//
// Everything runs in the foreground on loopback with its files in a temporary folder, and is killed by pid after
// the test. Skip by name with the `has…` functions (apt packages nginx-light, tinyproxy, microsocks,
// python3-websockets, stunnel4, ncat, socat).
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Identity } from './certificates.ts';
import { type Child, startChild } from './child.ts';
import { makeTempFolder } from './cleanup.ts';
import { findFreePort } from './free-port.ts';
import { findPython } from './python.ts';
import { makeCleanEnvironment } from './run-cli.ts';
import { pauseFor } from './watch.ts';

/** A program that listens; ended after the test, or by `child.kill()`. */
export interface Component {
  readonly child: Child;
  readonly port: number;
  readonly url: string;
  /** What it has logged so far. */
  readLog(): string;
}

export function hasNginx(): boolean {
  return spawnSync('nginx', ['-v'], { stdio: 'ignore' }).status === 0;
}

/** Programs that speak TLS on a port, each with its own answer to a plaintext request. */
const TLS_LISTENERS: Readonly<
  Record<string, (port: number, identity: Identity, folder: string) => string[]>
> = {
  stunnel4: (port, { certFile, keyFile }, folder) => {
    const file = join(folder, 'stunnel.conf');
    const service = `[a]\naccept = 127.0.0.1:${port}\nconnect = 127.0.0.1:9\n`;
    writeFileSync(file, `foreground = yes\npid =\n${service}cert = ${certFile}\nkey = ${keyFile}\n`);
    return [file];
  },
  ncat: (port, { certFile, keyFile }) => [
    '-l',
    '-k',
    '127.0.0.1',
    String(port),
    '--ssl',
    '--ssl-cert',
    certFile,
    '--ssl-key',
    keyFile,
  ],
  socat: (port, { certFile, keyFile }) => {
    const tls = `cert=${certFile},key=${keyFile},verify=0`;
    return [`OPENSSL-LISTEN:${port},bind=127.0.0.1,fork,reuseaddr,${tls}`, '/dev/null'];
  },
};
export const TLS_LISTENER_NAMES = Object.keys(TLS_LISTENERS);

export function hasTlsListener(name: string): boolean {
  return !(spawnSync(name, ['-h'], { stdio: 'ignore' }).error instanceof Error);
}

/** Starts one of `TLS_LISTENER_NAMES`. */
export async function startTlsListener(name: string, identity: Identity): Promise<Component> {
  const port = await findFreePort();
  const args = TLS_LISTENERS[name]?.(port, identity, makeTempFolder()) ?? [];
  const child = startProgram([name, ...args]);
  await untilListening(child, port, () => '');
  return { child, port, url: `ws://127.0.0.1:${port}`, readLog: () => child.stderrText };
}

export function hasTinyproxy(): boolean {
  return spawnSync('tinyproxy', ['-v'], { stdio: 'ignore' }).status === 0;
}

/** The interpreter that has the module `websockets`, or undefined. */
export function findWebSocketsPython(): string | undefined {
  return findPython('websockets');
}

export interface NginxOptions {
  /** The port on 127.0.0.1 that it passes requests on to. */
  readonly targetPort: number;
  /** Terminates TLS with this; without it nginx speaks plain HTTP. */
  readonly identity?: Identity;
  /** Lines for the `location /` block, such as `proxy_read_timeout 1s;`. */
  readonly location?: string;
  /** A command in front, such as `Namespace.prefix`. */
  readonly prefix?: readonly string[];
}

/** nginx as a reverse proxy in front of an API; it passes upgrades on. */
export async function startNginx(options: NginxOptions): Promise<Component> {
  const { targetPort, identity, location = '', prefix = [] } = options;
  const folder = makeTempFolder();
  const port = await findFreePort();
  const tls = identity
    ? `ssl_certificate ${identity.certFile}; ssl_certificate_key ${identity.keyFile};`
    : '';
  const kinds = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'];
  const config = `
daemon off;
master_process off;
pid ${folder}/nginx.pid;
error_log ${folder}/nginx.log info;
events { worker_connections 128; }
http {
  ${kinds.map((kind) => `${kind}_temp_path ${folder}/${kind};`).join(' ')}
  access_log ${folder}/access.log;
  server {
    listen 127.0.0.1:${port}${identity ? ' ssl' : ''};
    ${tls}
    location / {
      proxy_pass http://127.0.0.1:${targetPort};
      proxy_http_version 1.1;
      proxy_set_header Upgrade $http_upgrade;
      proxy_set_header Connection upgrade;
      ${location}
    }
  }
}
`;
  const file = join(folder, 'nginx.conf');
  writeFileSync(file, config);
  const log = join(folder, 'nginx.log');
  const child = startProgram([...prefix, 'nginx', '-p', folder, '-c', file, '-e', log]);
  await untilListening(child, port, () => readIfThere(log));
  const url = identity ? `wss://localhost:${port}` : `ws://127.0.0.1:${port}`;
  return { child, port, url, readLog: () => readIfThere(log) + readIfThere(join(folder, 'access.log')) };
}

export interface TinyproxyOptions {
  /** `user:password` that it asks for. */
  readonly basicAuth?: string;
  /** Another proxy on 127.0.0.1 through which it goes, such as one made of `tunnelTo`. */
  readonly upstreamPort?: number;
  /** More lines for its configuration, such as `ConnectPort 443`. */
  readonly extra?: string;
  /** A command in front, such as `Namespace.prefix`. */
  readonly prefix?: readonly string[];
}

/** tinyproxy as a CONNECT proxy; `url` is what HTTPS_PROXY is set to (without credentials). */
export async function startTinyproxy(options: TinyproxyOptions = {}): Promise<Component> {
  const { basicAuth, upstreamPort, extra = '', prefix = [] } = options;
  const folder = makeTempFolder();
  const port = await findFreePort();
  const log = join(folder, 'tinyproxy.log');
  const lines = [
    `Port ${port}`,
    'Listen 127.0.0.1',
    'Timeout 600',
    `LogFile "${log}"`,
    'LogLevel Info',
    'MaxClients 20',
    ...(basicAuth ? [`BasicAuth ${basicAuth.replace(':', ' ')}`] : []),
    ...(upstreamPort === undefined ? [] : [`Upstream http 127.0.0.1:${upstreamPort}`]),
    extra,
  ];
  const file = join(folder, 'tinyproxy.conf');
  writeFileSync(file, `${lines.join('\n')}\n`);
  const child = startProgram([...prefix, 'tinyproxy', '-d', '-c', file]);
  await untilListening(child, port, () => readIfThere(log));
  return { child, port, url: `http://127.0.0.1:${port}`, readLog: () => readIfThere(log) };
}

export interface PythonServerOptions {
  /** The one key that it accepts. */
  readonly key: string;
  /** Sent to every connection after the welcome; no line breaks. */
  readonly events: readonly string[];
  /** Closes with this code after the last event; default: stays open. */
  readonly closeCode?: number;
}

/** The service spoken by Python's `websockets`, at `{url}/v1/stream`. */
export async function startPythonServer(options: PythonServerOptions): Promise<Component> {
  const python = findWebSocketsPython();
  if (!python) throw new Error('no python3 with the module websockets');
  const events = join(makeTempFolder(), 'events.ndjson');
  writeFileSync(events, options.events.map((event) => `${event}\n`).join(''));
  const script = join(dirname(fileURLToPath(import.meta.url)), 'protocol-server.py');
  const close = options.closeCode === undefined ? [] : [String(options.closeCode)];
  const child = startProgram([python, script, options.key, events, ...close]);
  const { port } = JSON.parse(await child.waitForStdout('\n'));
  return { child, port, url: `ws://127.0.0.1:${port}`, readLog: () => child.stderrText };
}

function startProgram(command: readonly string[]): Child {
  const [program = '', ...args] = command;
  return startChild(program, args, { env: makeCleanEnvironment(), limitMs: 600_000 });
}

export function hasCurl(): boolean {
  return spawnSync('curl', ['-V'], { stdio: 'ignore' }).status === 0;
}

export function hasMicrosocks(): boolean {
  return spawnSync('microsocks', ['-h'], { stdio: 'ignore' }).error === undefined;
}

/** microsocks as a SOCKS 5 proxy; `hosts` are lines of /etc/hosts that only it has (needs unshare). */
export async function startMicrosocks(
  options: { readonly login?: readonly [string, string]; readonly hosts?: string } = {},
): Promise<Component> {
  const port = await findFreePort();
  const login = options.login === undefined ? [] : ['-u', options.login[0], '-P', options.login[1]];
  const command = ['microsocks', '-i', '127.0.0.1', '-p', String(port), ...login];
  const prefix: string[] = [];
  if (options.hosts !== undefined) {
    const file = join(makeTempFolder(), 'hosts');
    writeFileSync(file, options.hosts);
    prefix.push('unshare', '-rm', 'sh', '-c', 'mount --bind "$0" /etc/hosts && exec "$@"', file);
  }
  const child = startProgram([...prefix, ...command]);
  await untilListening(child, port, () => '');
  return { child, port, url: `socks5h://127.0.0.1:${port}`, readLog: () => child.stderrText };
}

/** Resolves when the program listens; asked of the kernel, in whatever network namespace the program is. */
async function untilListening(child: Child, port: number, readLog: () => string): Promise<void> {
  const listening = `:${port.toString(16).toUpperCase().padStart(4, '0')} 00000000:0000 0A`;
  const endMs = performance.now() + 5_000;
  while (!readIfThere(`/proc/${child.pid}/net/tcp`).includes(listening)) {
    if (performance.now() > endMs || child.process.exitCode !== null) {
      throw new Error(`does not listen on ${port}: ${child.stdoutText}${child.stderrText}${readLog()}`);
    }
    await pauseFor(10);
  }
}

function readIfThere(file: string): string {
  return existsSync(file) ? readFileSync(file, 'utf8') : '';
}
