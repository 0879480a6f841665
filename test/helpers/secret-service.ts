// A real Secret Service: gnome-keyring on a D-Bus of its own (apt packages libsecret-tools, gnome-keyring, dbus).
import { spawnSync } from 'node:child_process';
import { startChild } from './child.ts';
import { makeTempFolder } from './cleanup.ts';
import { makeCleanEnvironment } from './run-cli.ts';

const PROGRAMS = ['secret-tool', 'gnome-keyring-daemon', 'dbus-run-session', 'dbus-send'];

export const hasSecretService = (): boolean =>
  PROGRAMS.every((program) => spawnSync('which', [program], { stdio: 'ignore' }).status === 0);

// gnome-keyring-daemon returns when it can be reached; a call before that would start another one, which is locked.
const SCRIPT = `
printf password | gnome-keyring-daemon --unlock --components=secrets >/dev/null 2>&1
until printf x | secret-tool store --label=probe probe probe 2>/dev/null; do sleep 0.05; done
secret-tool clear probe probe
echo "ready $DBUS_SESSION_BUS_ADDRESS"
read end`;

/** The environment in which programs reach it. */
export interface SecretService {
  readonly env: Readonly<Record<string, string>>;
  /** What `secret-tool` prints, and its status. */
  call(...args: readonly string[]): { stdout: string; status: number | null };
  lock(): void;
}

/** Starts one that is unlocked; it ends with the test. */
export async function startSecretService(): Promise<SecretService> {
  const home = makeTempFolder();
  const clean = { ...makeCleanEnvironment({ env: { HOME: home } }), XDG_RUNTIME_DIR: home };
  const child = startChild('dbus-run-session', ['--', 'sh', '-c', SCRIPT], {
    env: clean,
    stdin: 'pipe',
    group: true,
  });
  const [, address = ''] = /^ready (.*)$/m.exec(await child.waitForStdout(/^ready .*\n/m)) ?? [];
  const env = { DBUS_SESSION_BUS_ADDRESS: address, XDG_RUNTIME_DIR: home };
  const run = (program: string, args: readonly string[]) =>
    spawnSync(program, args, { env: { ...clean, ...env }, encoding: 'utf8', input: '' });
  return {
    env,
    call(...args) {
      const { stdout, status } = run('secret-tool', args);
      return { stdout, status };
    },
    lock() {
      const method = 'org.freedesktop.Secret.Service.Lock';
      const to = ['--session', '--print-reply', '--dest=org.freedesktop.secrets', '/org/freedesktop/secrets'];
      run('dbus-send', [...to, method, 'array:objpath:/org/freedesktop/secrets/collection/login']);
    },
  };
}
