// The unit of docs/examples/relay under a real systemd: started when the stream is live, watched, reloaded, restarted,
// stopped.
import { chmodSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { CANARY_KEY, findKeyIn } from '../helpers/canary.ts';
import { makeTempFolder } from '../helpers/cleanup.ts';
import { startHttpEndpoint } from '../helpers/http-endpoint.ts';
import { until } from '../helpers/monitoring.ts';
import { COMMAND, ROOT } from '../helpers/run-cli.ts';
import { type Peer, startScriptedServer, streamHandler } from '../helpers/scripted-server.ts';
import { startTail } from '../helpers/tail.ts';
import { canRunSystemd, startUserSystemd } from '../helpers/user-systemd.ts';

/** Settings that a user instance of systemd does not support. */
const OF_THE_SYSTEM =
  /^(?:DynamicUser|StateDirectory|CapabilityBoundingSet|Protect\w+|Private\w+|Restrict(?!Prevent)\w+|NoNew\w+|SystemCall\w+|LockPersonality|UMask|WantedBy|After|Wants)=.*\n/gm;

(canRunSystemd() ? test : test.skip)(
  'M8: a real systemd sees the relay start, reload, hang and stop (SKIPPED without root and systemd)',
  async () => {
    const peers: Peer[] = [];
    const server = await startScriptedServer(
      streamHandler({
        events: ['{"id":"a"}'],
        finish: (peer) => {
          peers.push(peer);
        },
      }),
    );
    const sink = await startHttpEndpoint();
    const unit = readFileSync(join(ROOT, 'docs/examples/relay/atlantis-relay.service'), 'utf8')
      .replace(/\\\n\s*/g, '')
      .replace(OF_THE_SYSTEM, '')
      .replace('[Service]', 'DefaultDependencies=no\n[Service]')
      .replace('/usr/bin/atlantis', `${process.execPath} ${COMMAND}`)
      .replace('https://api.atlantis.example', server.url.replace('ws:', 'http:'))
      .replace(/--to \S+ --nats-creds \S+/, `--to ${sink.url}`)
      .replace('%S/atlantis', '/mnt')
      .replace('127.0.0.1:9464', '127.0.0.1:0')
      // A user instance does not pass credentials on.
      .replace(/^LoadCredential=.*\n/gm, '')
      .replace('%d', '/mnt')
      .replace('WatchdogSec=60', 'WatchdogSec=3\nStandardError=append:/mnt/stderr');
    const systemd = await startUserSystemd('relay.service', unit, { 'api-key': CANARY_KEY });
    const show = async (): Promise<Record<string, string>> => {
      const names = 'ActiveState,SubState,StatusText,MainPID,NRestarts,Result,StateChangeTimestampMonotonic';
      const text = await systemd.run(`systemctl --user show relay.service -p ${names}`);
      return Object.fromEntries(text.split('\n').map((line) => line.split('=', 2)));
    };
    const isLive = (unit: Record<string, string>): boolean =>
      unit['ActiveState'] === 'active' && /^live, 1 event, 0 messages pending/.test(unit['StatusText'] ?? '');
    const first = await until(show, isLive).catch(async (error) => {
      throw new Error(
        `${error}\n${await systemd.run('cat /mnt/log /mnt/stderr; systemctl --user show relay.service -p ExecMainStatus')}`,
      );
    });
    expect(first).toMatchObject({ SubState: 'running', NRestarts: '0' });
    // Longer than the timeout of the watchdog.
    await systemd.run('sleep 4');
    expect(await show()).toMatchObject({ ActiveState: 'active', NRestarts: '0', MainPID: first['MainPID'] });

    // RELOADING=1 changes the state, and READY=1 changes it back.
    const { StateChangeTimestampMonotonic: since } = await show();
    await systemd.run(`kill -HUP ${first['MainPID']}`);
    const reloaded = await until(
      show,
      (found) => found['StateChangeTimestampMonotonic'] !== since && isLive(found),
    );
    expect(reloaded).toMatchObject({ SubState: 'running', NRestarts: '0', MainPID: first['MainPID'] });
    await systemd.run('systemctl --user reload relay.service');
    await until(
      () => systemd.run('cat /mnt/stderr'),
      (text) => text.split('configuration reloaded; unchanged: ').length === 3,
    );
    expect(await until(show, isLive)).toMatchObject({ NRestarts: '0', MainPID: first['MainPID'] });

    await systemd.run(`kill -STOP ${first['MainPID']}`);
    const second = await until(show, (found) => found['NRestarts'] === '1' && isLive(found));
    expect(second['MainPID']).not.toBe(first['MainPID']);

    await systemd.run('systemctl --user stop relay.service');
    expect(await show()).toMatchObject({ ActiveState: 'inactive', Result: 'success' });
    const log = await systemd.run('cat /mnt/log /mnt/stderr');
    expect(findKeyIn(log)).toEqual([]);
    await systemd.stop();
  },
  120_000,
);

test('row 164: a systemd-notify that hangs is ended: one warning, and the next message is sent', async () => {
  const folder = makeTempFolder();
  const [program, log] = [join(folder, 'systemd-notify'), join(folder, 'log')];
  // The first one never ends by itself.
  writeFileSync(
    program,
    `#!/bin/sh\nif mkdir '${log}.first'; then exec sleep 600; fi\necho "$*" >> '${log}'\n`,
  );
  chmodSync(program, 0o755);
  writeFileSync(log, '');
  const server = await startScriptedServer(streamHandler({ events: ['{"n":1}'] }));
  const env = { NOTIFY_SOCKET: '@unused', PATH: `${folder}:/bin:/usr/bin` };
  const tail = startTail(server.url, [], { env });
  await until(
    () => readFileSync(log, 'utf8'),
    (text) => text.includes('READY=1'),
  );
  tail.child.kill('SIGTERM');
  const { stderr, lines } = await tail.finish();
  expect(lines).toEqual(['{"n":1}']);
  expect(
    stderr.match(/systemd cannot be notified: systemd-notify was killed or took longer than 10 s/g),
  ).toHaveLength(1);
});
