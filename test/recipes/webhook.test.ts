// docs/recipes.md, Slack: one message per event, the address is in no command line, and failures are retried.
import { spawnSync } from 'node:child_process';
import { readFileSync, statSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { describe, expect, test } from '@jest/globals';
import { makeTempFolder, registerCleanup } from '../helpers/cleanup.ts';
import { runShell } from '../helpers/run-cli.ts';
import { Watch } from '../helpers/watch.ts';
import { readRecipe, startRecipe } from './recipe-page.ts';

const isThere = ['curl', 'jq'].every(
  (program) => spawnSync(program, ['--version'], { stdio: 'ignore' }).status === 0,
);

/** A webhook that answers with these statuses first, and with 200 afterwards. */
async function openWebhook(...statuses: readonly number[]) {
  const watch = new Watch();
  const requests: { path: string; type: string; body: string }[] = [];
  const server = createServer(async (request, response) => {
    const { url: path = '', headers } = request;
    requests.push({ path, type: headers['content-type'] ?? '', body: await text(request) });
    response.writeHead(statuses[requests.length - 1] ?? 200).end('ok');
    watch.notify();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  registerCleanup(() => {
    server.close();
    server.closeAllConnections();
  });
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/services/secret`,
    untilRequests: (count: number) =>
      watch.until(() => (requests.length >= count ? requests : undefined), `${count} requests`, 20_000),
  };
}

/** A folder with the recipe's `webhook.curl` for this address. */
async function prepareFolder(url: string): Promise<string> {
  const cwd = makeTempFolder();
  const recipe = readRecipe('webhookAddress');
  expect(recipe).toContain('https://hooks.slack.com/services/…');
  await runShell(recipe.replace('https://hooks.slack.com/services/…', url), { cwd });
  return cwd;
}

const transfer = (n: number, usd: number): string =>
  `{"type":"large_transfer","chain":"ethereum","token":"ETH","amount":"${n}.5","amount_usd":${usd},"note":"it's \\"@file\\" $(id)"}`;
const EVENTS = [
  transfer(1, 2e6),
  transfer(2, 10),
  transfer(3, 3e6),
  '{"type":"address_activity"}',
  transfer(4, 4e6),
];
const scenario = {
  summary: 'five events',
  getAct: () => ({
    steps: [{ do: 'welcome' as const }, ...EVENTS.map((event) => ({ do: 'text' as const, text: event }))],
  }),
};
const said = (n: number, usd: number): string => JSON.stringify({ text: `${n}.5 ETH ($${usd}) on ethereum` });

(isThere ? describe : describe.skip)('a webhook (SKIPPED where curl or jq is missing)', () => {
  test('has its address in a file that only the owner can read', async () => {
    const cwd = await prepareFolder('http://127.0.0.1:1/x');
    expect(readFileSync(join(cwd, 'webhook.curl'), 'utf8')).toBe('url = "http://127.0.0.1:1/x"\n');
    expect(statSync(join(cwd, 'webhook.curl')).mode & 0o777).toBe(0o600);
  });

  test('receives one message for each event that is large enough, in order', async () => {
    const webhook = await openWebhook();
    const cwd = await prepareFolder(webhook.url);
    await startRecipe(readRecipe('webhook'), { cwd, count: 0, scenario });
    const requests = await webhook.untilRequests(3);
    expect(requests.map(({ body }) => body)).toEqual([said(1, 2e6), said(3, 3e6), said(4, 4e6)]);
    expect(requests[0]).toMatchObject({ path: '/services/secret', type: 'application/json' });
  });

  test('a temporary error is retried, a permanent one is reported and skipped', async () => {
    const webhook = await openWebhook(503, 200, 404);
    const cwd = await prepareFolder(webhook.url);
    const { child } = await startRecipe(readRecipe('webhook'), { cwd, count: 0, scenario });
    const requests = await webhook.untilRequests(4);
    expect(requests.map(({ body }) => body)).toEqual([
      said(1, 2e6),
      said(1, 2e6),
      said(3, 3e6),
      said(4, 4e6),
    ]);
    await child.waitForStderr(`not delivered: ${said(3, 3e6)}`);
  });
});
