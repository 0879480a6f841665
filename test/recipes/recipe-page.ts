// The recipes of docs/recipes.md, run exactly as written there.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { SimulatorOptions } from '../../src/simulator/server.ts';
import { ROOT, startShell } from '../helpers/run-cli.ts';
import { openSimulator } from '../simulator/stream-client.ts';

/** Every code block on the page: its heading, and its index under that heading. */
export const RECIPES = {
  jq: ['jq', 0],
  webhookAddress: ['Slack, or any webhook', 0],
  webhook: ['Slack, or any webhook', 1],
  files: ['A file with rotation', 0],
  filesAgain: ['A file with rotation', 1],
  logrotate: ['A file with rotation', 2],
  logrotateAgain: ['A file with rotation', 3],
  table: ['PostgreSQL', 0],
  postgres: ['PostgreSQL', 1],
  postgresAgain: ['PostgreSQL', 2],
  redis: ['Redis Streams', 0],
  redisFast: ['Redis Streams', 1],
  kafka: ['Kafka', 0],
  nohup: ['Keep running after the terminal is closed', 0],
  setsid: ['Keep running after the terminal is closed', 1],
  unit: ['A systemd unit', 0],
  image: ['A container', 0],
  container: ['A container', 1],
} as const satisfies Record<string, readonly [heading: string, index: number]>;

const page = readFileSync(join(ROOT, 'docs/recipes.md'), 'utf8');

/** The blocks of code on the page, by heading. */
export function listBlocks(): Map<string, string[]> {
  const sections = page.split(/^## /m).slice(1);
  return new Map(
    sections.map((section) => [
      section.slice(0, section.indexOf('\n')),
      [...section.matchAll(/^```\w+\n([\s\S]*?)^```/gm)].map(([, code = '']) => code),
    ]),
  );
}

/** The text of one recipe. */
export function readRecipe(name: keyof typeof RECIPES): string {
  const [heading, index] = RECIPES[name];
  const text = listBlocks().get(heading)?.[index];
  if (text === undefined) throw new Error(`no such recipe on the page: ${heading}, ${index}`);
  return text;
}

export interface RecipeRun extends Pick<SimulatorOptions, 'scenario' | 'ratePerSecond'> {
  readonly cwd: string;
  readonly env?: Readonly<Record<string, string>>;
  /** How many events the stream sends; it stays open afterwards. */
  readonly count: number;
}

/** Runs the text of a recipe in bash, with a stream of its own; `sent` lists the events of that stream, in order. */
export async function startRecipe(text: string, { cwd, env = {}, count, ...options }: RecipeRun) {
  const sent: string[] = [];
  const simulator = await openSimulator({
    ratePerSecond: Number.POSITIVE_INFINITY,
    seed: 'recipe',
    count,
    onEvents: (_connection, texts) => void sent.push(...texts),
    ...options,
  });
  const { child, exit } = startShell(text, {
    cwd,
    env: { ...env, ATLANTIS_URL: simulator.url },
    key: simulator.exampleKey,
  });
  return { child, exit, sent, simulator };
}
