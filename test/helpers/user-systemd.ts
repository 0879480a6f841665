// A real systemd as the manager of one unit: a user instance in namespaces of its own, with nothing writable but one
// folder, and no units but those of the test.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { startChild } from './child.ts';
import { makeTempFolder } from './cleanup.ts';
import { makeCleanEnvironment } from './run-cli.ts';

/** Everything is read-only before systemd starts, so that a unit that is not from the test could do no harm. */
const INSIDE = `set -e
mount --make-rprivate /
mount --bind "$1" /mnt
mount -t tmpfs tmpfs /run
mkdir -p /run/systemd/system
mount -o remount,bind,ro /
if touch "/usr/.$$" 2>/dev/null; then echo 'the system is writable'; exit 1; fi
export XDG_RUNTIME_DIR=/mnt/run HOME=/mnt/home SYSTEMD_UNIT_PATH=/mnt/units PATH=/usr/bin:/bin
/lib/systemd/systemd --user "--unit=$2" --log-target=console --show-status=no > /mnt/log 2>&1 &
while [ ! -e /mnt/run/systemd/private ]; do sleep 0.1; done
echo ready
while read -r line; do eval "$line" 2>&1 || true; echo "end of $line"; done
`;

/** A control group of its own, which systemd manages. */
const OUTSIDE = `groups=
for root in /sys/fs/cgroup /sys/fs/cgroup/systemd /sys/fs/cgroup/unified; do
  [ -w "$root/cgroup.procs" ] || continue
  mkdir -p "$root/$3" && echo $$ > "$root/$3/cgroup.procs" && groups="$groups $root"
done
unshare --pid --mount --ipc --uts --cgroup --fork --kill-child --mount-proc bash -c "$4" inside "$1" "$2"
for root in $groups; do
  echo $$ > "$root/cgroup.procs"
  find "$root/$3" -depth -type d -exec rmdir {} + 2>/dev/null
done
`;

export function canRunSystemd(): boolean {
  if (process.getuid?.() !== 0 || !existsSync('/lib/systemd/systemd')) return false;
  return spawnSync('unshare', ['--pid', '--mount', '--cgroup', '--fork', 'true']).status === 0;
}

/** Starts systemd with this unit. `run` runs a shell command next to it, and returns its output. */
export async function startUserSystemd(name: string, unit: string, files: Readonly<Record<string, string>>) {
  const folder = makeTempFolder();
  for (const each of ['units', 'run', 'home']) mkdirSync(join(folder, each), { mode: 0o700 });
  writeFileSync(join(folder, 'units', name), unit);
  for (const [path, text] of Object.entries(files)) writeFileSync(join(folder, path), text, { mode: 0o400 });
  const group = `atlantis-test-${process.pid}`;
  const child = startChild('bash', ['-c', OUTSIDE, 'outside', folder, name, group, INSIDE], {
    env: makeCleanEnvironment(),
    stdin: 'pipe',
    limitMs: 120_000,
  });
  await child.waitForStdout('ready\n');
  let seen = child.stdoutText.length;
  return {
    run: async (command: string): Promise<string> => {
      const end = `end of ${command}\n`;
      const from = seen;
      child.stdin.write(`${command}\n`);
      const text = await child.waitForStdout((all) => all.slice(from).includes(end));
      seen = text.indexOf(end, from) + end.length;
      return text.slice(from, seen - end.length).trim();
    },
    stop: async (): Promise<void> => {
      child.stdin.end();
      await child.exit;
    },
  };
}
