// Dockerfile and compose.yaml, whose services run here as processes, with their commands and health checks.
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, symlinkSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { expect, test } from '@jest/globals';
import { parse } from 'yaml';
import { makeTempFolder } from '../helpers/cleanup.ts';
import { findFreePort } from '../helpers/free-port.ts';
import { findEndpoint, until } from '../helpers/monitoring.ts';
import { describeWithNats, readStream, startNatsServer } from '../helpers/nats-server.ts';
import { COMMAND, ROOT, runCli, spawnCli } from '../helpers/run-cli.ts';

const { services } = parse(readFileSync(join(ROOT, 'compose.yaml'), 'utf8'));

test('Dockerfile: two stages from a configurable base image, no root, SIGTERM, and every copied path exists', () => {
  const lines = readFileSync(join(ROOT, 'Dockerfile'), 'utf8').split('\n');
  expect(lines).toEqual(
    expect.arrayContaining(['ARG NODE_IMAGE=node:22-slim', 'USER 1000:1000', 'STOPSIGNAL SIGTERM']),
  );
  const stages = lines.filter((line) => line.startsWith('FROM '));
  expect([
    stages.length,
    stages.filter((line) => !/^FROM \$\{NODE_IMAGE\}(?: AS build)?$/.test(line)),
  ]).toEqual([2, []]);
  const copied = lines.flatMap(
    (line) => /^COPY (?:--from=build )?(.+) \S+$/.exec(line)?.[1]?.split(' ') ?? [],
  );
  const paths = copied.map((path) => path.replace('/src/', ''));
  expect(paths.filter((path) => !existsSync(join(ROOT, path)))).toEqual([]);
  expect(paths).toEqual(expect.arrayContaining(['bin', 'dist', 'LICENSE']));
});

test('Dockerfile: the health check passes for a run without --metrics-listen, and otherwise asks the run', async () => {
  const text = readFileSync(join(ROOT, 'Dockerfile'), 'utf8').replace(/\\\n\s*/g, '');
  const [, command = ''] = /^HEALTHCHECK .* CMD (.*)$/m.exec(text) ?? [];
  const folder = makeTempFolder();
  symlinkSync(COMMAND, join(folder, 'atlantis'));
  const check = (address: string): number | null =>
    spawnSync('sh', ['-c', command], {
      env: { PATH: `${folder}:${dirname(process.execPath)}:/usr/bin:/bin`, ATLANTIS_HEALTH: address },
    }).status;
  expect(check('')).toBe(0);
  expect(check(`127.0.0.1:${await findFreePort()}`)).toBe(7);
  const tail = spawnCli(['stream', 'tail', '--simulate', '--metrics-listen', ':0']);
  const endpoint = await findEndpoint(tail);
  expect(check(endpoint.replace('http://', ''))).toBe(0);
  tail.kill();
  await tail.exit;
});

describeWithNats('compose.yaml (needs nats-server)', () => {
  test('a relay delivers from the simulator to JetStream, and both health checks pass', async () => {
    const nats = await startNatsServer();
    const folder = makeTempFolder();
    const simulate: string[] = services.simulator.command;
    const simulator = spawnCli(simulate.map((word) => (word === '8080' ? '0' : word)));
    await simulator.waitForStdout(/ready at \S+/);
    const [url = ''] = /http:\S+/.exec(simulator.stdoutText) ?? [];

    const { host } = new URL(url);
    const [kindOf, program, ...args] = services.simulator.healthcheck.test.map((word: string) =>
      word.replace('127.0.0.1:8080', host),
    );
    expect([kindOf, program]).toEqual(['CMD', 'atlantis']);
    expect(await runCli(args)).toMatchObject({ code: 0 });

    const port = await findFreePort();
    const { command, environment, healthcheck, network_mode } = services.relay;
    expect([network_mode, environment.ATLANTIS_URL]).toEqual(['service:simulator', 'http://127.0.0.1:8080']);
    // In compose.yaml, NATS runs without TLS in a container of its own; here it runs on this machine.
    expect(command).toContain('--allow-plaintext');
    const words = Object.values<typeof services.relay>(services).flatMap((one) => one.healthcheck.test);
    // Podman 4 splits the words of a health check at spaces.
    expect(words.filter((word: string) => /\s/.test(word))).toEqual([]);
    const place = (word: string): string =>
      word
        .replace('nats://nats:4222', nats.url)
        .replace(/^\/data\//, `${folder}/`)
        .replace('127.0.0.1:9464', `127.0.0.1:${port}`);
    const relay = spawnCli(command.map(place), { env: { ...environment, ATLANTIS_URL: url } });
    const [kind, name, ...asks] = healthcheck.test.map(place);
    expect([kind, name]).toEqual(['CMD', 'atlantis']);
    await until(
      () => runCli(asks),
      ({ code }) => code === 0,
    );
    await relay.waitForStderr(/connected to 127/);
    relay.kill('SIGTERM');
    const { signal, stderr } = await relay.exit;
    expect([signal, /error/.test(stderr)]).toEqual(['SIGTERM', false]);
    expect((await readStream(nats.url, 'events')).length).toBeGreaterThan(0);
  });
});
