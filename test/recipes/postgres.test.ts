// docs/recipes.md, PostgreSQL: every event is stored once, even if the server crashes.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { makeTempFolder } from '../helpers/cleanup.ts';
import { runShell } from '../helpers/run-cli.ts';
import { hasPostgres, type PostgresServer, startPostgres } from './postgres-server.ts';
import { readRecipe, startRecipe } from './recipe-page.ts';
import { untilShown } from './until.ts';

const count = ({ query }: PostgresServer): number => Number(query('select count(*) from events')[0]);
const readTexts = ({ query }: PostgresServer): string[] =>
  query('select event::text from events order by stored_at');

/** Events with content that is awkward in SQL or psql, and legal in JSON. */
const AWKWARD = [
  `{"type":"it's","a":"\\"quoted\\" \\\\ '' $$ :name \\u0000 \\ud800 %s \\n"}`,
  `{"amount_raw":123456789012345678901234567890,"dup":1,"dup":2,"huge":1e400}`,
  '"text"',
  'null',
  '[1,  2]',
  `{"emoji":"🐟","url":"https://x.example/?a=1&b=2#';--"}`,
];

(hasPostgres() ? describe : describe.skip)('PostgreSQL (SKIPPED where Debian postgresql is missing)', () => {
  let postgres: PostgresServer;
  beforeAll(async () => {
    postgres = await startPostgres();
  });
  beforeEach(() => {
    postgres.query('drop schema public cascade; create schema public');
    postgres.query(readRecipe('table'));
  });

  test('stores each event as a row, with its text unchanged', async () => {
    const cwd = makeTempFolder();
    const { sent } = await startRecipe(readRecipe('postgres'), { cwd, env: postgres.env, count: 500 });
    await untilShown(
      () => count(postgres),
      (rows) => rows === 500,
    );
    expect(readTexts(postgres)).toEqual(sent);
    expect(postgres.query("select event ->> 'chain' from events limit 1")).toEqual([
      expect.stringMatching(/^[a-z]+$/),
    ]);
  });

  test('stores events with awkward content unchanged', async () => {
    const cwd = makeTempFolder();
    const steps = [{ do: 'welcome' as const }, ...AWKWARD.map((text) => ({ do: 'text' as const, text }))];
    const scenario = { summary: 'awkward events', getAct: () => ({ steps }) };
    await startRecipe(readRecipe('postgres'), { cwd, env: postgres.env, count: 0, scenario });
    await untilShown(
      () => count(postgres),
      (rows) => rows === AWKWARD.length,
    );
    expect(readTexts(postgres)).toEqual(AWKWARD);
  });

  test('ends the pipeline when the server crashes; afterwards the recording is stored, each event once', async () => {
    const cwd = makeTempFolder();
    const run = await startRecipe(readRecipe('postgres'), {
      cwd,
      env: postgres.env,
      count: 1e9,
      ratePerSecond: 2_000,
    });
    await untilShown(
      () => count(postgres),
      (rows) => rows > 100,
    );
    await postgres.kill();
    const { code, pipeStatus } = await run.exit;
    expect([code, pipeStatus.at(-1)]).toEqual([2, 2]);
    await postgres.start();
    const recorded = readFileSync(join(cwd, 'events.ndjson'), 'utf8').match(/"event":/g)?.length ?? 0;
    expect(count(postgres)).toBeLessThan(recorded);
    for (const _time of [1, 2]) {
      const { code, stderr } = await runShell(readRecipe('postgresAgain'), { cwd, env: postgres.env });
      expect([code, stderr.match(/ERROR.*/g)]).toEqual([0, null]);
      expect(count(postgres)).toBe(recorded);
    }
    expect(readTexts(postgres).sort()).toEqual(run.sent.slice(0, recorded).sort());
  });
});
