// The documentation for monitoring a relay: the table of metrics, the alert rules, the dashboard and the unit. All
// metrics that they name exist, and all metrics are documented.
import { spawnSync } from 'node:child_process';
import { chmodSync, chownSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from '@jest/globals';
import { parse } from 'yaml';
import { EXIT } from '../../src/errors.ts';
import { listCommands } from '../../src/flags/documented-command.ts';
import { CANARY_KEY } from '../helpers/canary.ts';
import { makeTempFolder } from '../helpers/cleanup.ts';
import { startHttpEndpoint } from '../helpers/http-endpoint.ts';
import { findEndpoint, readPage, until } from '../helpers/monitoring.ts';
import { readOutline } from '../helpers/outline.ts';
import { COMMAND, ROOT, runCli } from '../helpers/run-cli.ts';
import { startScriptedServer, streamHandler } from '../helpers/scripted-server.ts';
import { startTail } from '../helpers/tail.ts';

const FOLDER = join(ROOT, 'docs/examples/relay');
const read = (name: string): string => readFileSync(join(FOLDER, name), 'utf8');
const run = (program: string, args: readonly string[], input?: string) =>
  spawnSync(program, args, { encoding: 'utf8', ...(input === undefined ? {} : { input }) });
const has = (program: string): boolean => run(program, ['--version']).error === undefined;
const testWithPromtool = has('promtool') ? test : test.skip;
const testWithSystemd = has('systemd-analyze') ? test : test.skip;

/** Names of series in an expression, without what a histogram adds. */
const listNames = (text: string): string[] => [
  ...new Set([...text.matchAll(/atlantis_[a-z_]+/g)].map(([name]) => name.replace(/_bucket$/, ''))),
];

let page = '';
/** Name → type and help, as on the page in the format of Prometheus, where a counter has its whole name. */
let families = new Map<string, { readonly type: string; readonly help: string }>();

beforeAll(async () => {
  const sink = await startHttpEndpoint(undefined);
  const server = await startScriptedServer(
    streamHandler({ events: ['{"id":"a","timestamp":"2026-01-01T00:00:00Z"}'] }),
  );
  const args = ['--to', sink.url, '--spool', join(makeTempFolder('file'), 'spool'), '--metrics-listen', ':0'];
  const relay = startTail(server.url, args, { command: 'relay', lifetime: 'file' });
  const endpoint = await findEndpoint(relay.child);
  const asked = { headers: { accept: 'text/plain' } };
  const isComplete = ({ body }: { body: string }): boolean => /last_acknowledgement_time/.test(body);
  page = (await until(() => readPage(`${endpoint}/metrics`, asked), isComplete)).body;
  relay.child.kill();
  await relay.finish();
  families = new Map(
    [...page.matchAll(/^# HELP (\S+) (.*)\n# TYPE \S+ (\S+)$/gm)].map(
      ([, name = '', help = '', type = '']) => [name, { type, help }],
    ),
  );
});

describe('the metrics page', () => {
  test('M4: docs/relay.md has every metric with its type, unit and meaning, and no other', () => {
    const document = readFileSync(join(ROOT, 'docs/relay.md'), 'utf8');
    const rows = [...document.matchAll(/^\| `(atlantis_\w+)` \| (\w+) \| ([\w ]*) \| (.*) \|$/gm)];
    const units = (name: string): string => /_(seconds|bytes)(?:_total)?$/.exec(name)?.[1] ?? '';
    const documented = rows.map(([, name, type, unit, help]) => ({ name, type, unit: unit?.trim(), help }));
    const shown = [...families].map(([name, { type, help }]) => ({ name, type, unit: units(name), help }));
    expect(documented).toEqual(shown);
  });

  testWithPromtool('M4: promtool finds nothing wrong with it (SKIPPED without promtool)', () => {
    const { status, stdout, stderr } = run('promtool', ['check', 'metrics'], page);
    expect([status, stdout, stderr]).toEqual([0, '', '']);
  });
});

describe('docs/examples/relay', () => {
  test('M4: every metric of the alert rules and the dashboard exists, and the dashboard shows every metric', () => {
    const rules = listNames(read('alerts.yaml'));
    const dashboard = listNames(read('dashboard.json'));
    expect(rules.length).toBeGreaterThan(10);
    expect([...rules, ...dashboard].filter((name) => !families.has(name))).toEqual([]);
    expect([...families.keys()].filter((name) => !dashboard.includes(name))).toEqual([]);
  });

  test('the dashboard can be imported into Grafana: its data source and instance are variables', () => {
    const { panels, templating, schemaVersion } = JSON.parse(read('dashboard.json'));
    expect(schemaVersion).toBeGreaterThan(30);
    expect(templating.list.map(({ name }: { name: string }) => name)).toEqual(['datasource', 'instance']);
    for (const { id, datasource, targets, gridPos } of panels) {
      expect(datasource.uid).toMatch(/^\$\{datasource\}$/);
      expect([id > 0, gridPos.x + gridPos.w <= 24, targets.length > 0]).toEqual([true, true, true]);
    }
  });

  testWithPromtool('the alert rules are valid, and fire when they should (SKIPPED without promtool)', () => {
    for (const args of [
      ['check', 'rules', join(FOLDER, 'alerts.yaml')],
      ['check', 'config', join(FOLDER, 'prometheus.yaml')],
      ['test', 'rules', join(ROOT, 'test/monitoring/alerts-test.yaml')],
    ]) {
      const { status, stdout, stderr } = run('promtool', args);
      expect([status, status === 0 ? '' : stdout + stderr]).toEqual([0, '']);
    }
  });

  test('every alert has a severity, a summary, and a case in which it fires', () => {
    const cases = readFileSync(join(ROOT, 'test/monitoring/alerts-test.yaml'), 'utf8');
    for (const { alert, labels, annotations } of parse(read('alerts.yaml')).groups[0].rules) {
      expect(['warning', 'critical']).toContain(labels.severity);
      expect(annotations.summary).toMatch(/\{\{/);
      expect(cases).toContain(`alertname="${alert}"`);
    }
  });
});

describe('the unit of a relay', () => {
  const unit = read('atlantis-relay.service').replace(/\\\n\s*/g, '');
  const settings = (name: string): string[] =>
    [...unit.matchAll(new RegExp(`^${name}=(.*)$`, 'gm'))].map(([, value = '']) => value);

  testWithSystemd(
    'passes systemd-analyze verify, and systemd-analyze security with at most 2.5 (SKIPPED without it)',
    () => {
      const folder = makeTempFolder();
      mkdirSync(join(folder, 'unit'));
      const file = join(folder, 'unit/atlantis-relay.service');
      // systemd-analyze requires that the program exists.
      writeFileSync(file, unit.replace('/usr/bin/atlantis', COMMAND));
      const verified = run('systemd-analyze', ['verify', '--man=no', file]);
      const said = verified.stderr.split('\n').filter((line) => line.includes('atlantis'));
      expect([verified.status, said]).toEqual([0, []]);
      const secured = run('systemd-analyze', ['security', '--offline=yes', '--threshold=25', file]);
      expect([secured.status, secured.status === 0 ? '' : secured.stdout]).toEqual([0, '']);
    },
  );

  test('M8: restarts unless a person has to fix the error, and names only flags and credentials that exist', () => {
    const { usage, credential, credit, refused } = EXIT;
    expect(settings('Type')).toEqual(['notify']);
    expect(settings('NotifyAccess')).toEqual(['all']);
    expect(settings('Restart')).toEqual(['always']);
    expect(settings('RestartPreventExitStatus')).toEqual([[usage, credential, credit, refused].join(' ')]);
    const [command = ''] = settings('ExecStart');
    const relay = listCommands(readOutline()).find(({ path }) => path === 'atlantis stream relay');
    const known = relay?.flags.map(({ long }) => long) ?? [];
    expect(
      command.match(/--[a-z-]+/g)?.filter((flag) => !known.includes(flag) && flag !== '--log-format'),
    ).toEqual([]);
    const used = [...command.matchAll(/%d\/(\S+)/g)].map(([, name]) => name);
    expect(settings('LoadCredential').map((text) => text.split(':', 1)[0])).toEqual(used);
  });

  (process.getuid?.() === 0 ? test : test.skip)(
    'M8: can use a key in a credentials directory of systemd (SKIPPED without root)',
    async () => {
      const server = await startScriptedServer(streamHandler({ events: ['{"n":1}'] }));
      const folder = makeTempFolder();
      const credentials = join(folder, 'credentials');
      mkdirSync(credentials);
      writeFileSync(join(credentials, 'api-key'), CANARY_KEY, { mode: 0o400 });
      // In systemd the user of the service owns the key; in a container it may be another user.
      for (const path of [join(credentials, 'api-key'), credentials]) chownSync(path, 65_534, 65_534);
      chmodSync(credentials, 0o500);
      const args = ['--url', server.url, '--limit', '1', '--key-file', join(credentials, 'api-key')];
      const { code, stdout, stderr } = await runCli(['stream', 'tail', ...args]);
      expect([code, stdout, stderr.includes('error')]).toEqual([0, '{"n":1}\n', false]);
      expect(server.attempts[0]?.request?.headers['x-api-key']).toBe(CANARY_KEY);
    },
  );
});
