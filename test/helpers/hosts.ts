// Several hosts on one network: a network namespace for each, joined by a bridge. A link can be cut. Skip by name with
// `canUnshare()`.
import { startChild } from './child.ts';
import type { Lifetime } from './cleanup.ts';
import type { Namespace } from './netns.ts';

export interface Host {
  /** Its address on the network. */
  readonly address: string;
  /** The words before a command that run it on this host. */
  readonly prefix: readonly string[];
  /** Cuts its link (false) or joins it again. */
  setLink(isUp: boolean): Promise<void>;
}

/** Makes hosts inside a namespace, which carries the bridge between them. */
export async function startHosts<Name extends string>(
  outer: Namespace,
  names: readonly Name[],
  lifetime: Lifetime = 'test',
): Promise<Record<Name, Host>> {
  await outer.run('ip link add br0 type bridge && ip link set br0 up');
  const hosts = {} as Record<Name, Host>;
  for (const [index, name] of names.entries()) {
    const [program = '', ...args] = [
      ...outer.prefix,
      'unshare',
      '-n',
      'sh',
      '-c',
      'echo "pid $$" && exec cat',
    ];
    const env = { PATH: process.env['PATH'] ?? '' };
    const holder = startChild(program, args, { env, stdin: 'pipe', limitMs: 3_600_000, lifetime });
    const said = await holder.waitForStdout(/pid \d+\n/);
    const pid = /pid (\d+)/.exec(said)?.[1] ?? '';
    const address = `10.77.0.${index + 1}`;
    const link = `to-${name}`;
    await outer.run(
      [
        `ip link add ${link} type veth peer name eth0 netns ${pid}`,
        `ip link set ${link} master br0 up`,
        `nsenter -n -t ${pid} sh -c 'ip link set lo up && ip addr add ${address}/24 dev eth0 && ip link set eth0 up'`,
      ].join(' && '),
    );
    const enter = ['nsenter', '--preserve-credentials', '-U', '-m', '-n', '-t', pid];
    hosts[name] = {
      address,
      prefix: [...enter, 'sh', '-c', 'cd "$0" && exec "$@"', process.cwd()],
      setLink: async (isUp) => void (await outer.run(`ip link set ${link} ${isUp ? 'up' : 'down'}`)),
    };
  }
  return hosts;
}
