// Records real screens of the command in tmux, and draws them as SVG for docs/terminal.md, docs/top.md and the README.
//
//   npm run build && node scripts/screens.mjs             the pictures of the docs
//   node scripts/screens.mjs --all <directory>            every width with every palette, to look at
import { spawnSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { drawSvg, PALETTES } from './lib/terminal-svg.mjs';

const root = resolve(fileURLToPath(import.meta.url), '../..');
const { startSimulator } = await import(join(root, 'dist/simulator.mjs'));
const SOCKET = `atlantis-screens-${process.pid}`;
const WAIT_MS = 40_000;

/** Sizes and flags of the screens, and a pattern that matches once a screen is complete. */
const SCREENS = [
  { name: 'grid-120', columns: 120, rows: 14, until: /\b(?:1[1-9]|[2-9]\d) events/ },
  { name: 'grid-80', columns: 80, rows: 14, until: /\b(?:[6-9]|\d\d+) events/ },
  { name: 'grid-40', columns: 40, rows: 16, until: /\b(?:[5-9]|\d\d+) events/ },
  { name: 'card', columns: 100, rows: 18, flags: ['--wide', '--limit', '1'], until: /no gaps/ },
  {
    name: 'highlight',
    columns: 120,
    rows: 12,
    flags: ['--highlight', 'amount_usd > 1000000'],
    until: /\b(?:[89]|\d\d+) events/,
  },
  {
    name: 'fields',
    columns: 100,
    rows: 12,
    flags: ['--fields', 'type,chain,amount_usd,token,tx_hash', '--limit', '9'],
    until: /no gaps/,
  },
];
/** Screens of `top`, recorded after eleven seconds, since its rates cover ten. */
const TOP_SCREENS = [
  [120, 22],
  [80, 22],
  [40, 20],
].map(([columns, rows]) => ({
  name: `top-${columns}`,
  shown: 'top',
  rate: 200,
  columns,
  rows,
  until: /live.*\b1[1-9] s\b/,
}));
const ALL = [
  ...[40, 80, 120, 160].map((columns) => ({
    name: `grid-${columns}`,
    columns,
    rows: 20,
    until: /\b(?:[89]|\d\d+) events/,
  })),
  ...SCREENS.slice(3),
  ...['dark', 'light', 'terminal'].map((theme) => ({
    ...SCREENS[0],
    name: `theme-${theme}`,
    flags: ['--theme', theme],
  })),
  ...TOP_SCREENS,
  { ...TOP_SCREENS[0], name: 'top-160', columns: 160 },
  { ...TOP_SCREENS[1], name: 'top-linux', env: { TERM: 'linux' } },
  { name: 'linux', columns: 100, rows: 16, until: /\b(?:[6-9]|\d\d+) events/, env: { TERM: 'linux' } },
  { name: 'no-color', columns: 120, rows: 14, until: /\b(?:[6-9]|\d\d+) events/, env: { NO_COLOR: '1' } },
];

function tmux(...args) {
  const { stdout, stderr, status } = spawnSync('tmux', ['-L', SOCKET, '-f', '/dev/null', ...args], {
    encoding: 'utf8',
  });
  if (status !== 0) throw new Error(`tmux ${args[0]}: ${stderr}`);
  return stdout;
}

const quote = (word) => `'${String(word).replaceAll("'", "'\\''")}'`;

/** The screen as text with escape sequences. */
async function record({ shown = 'tail', columns, rows, flags = [], until, env = {} }, { url, exampleKey }) {
  const variables = { ATLANTIS_API_KEY: exampleKey, LANG: 'C.UTF-8', TERM: 'tmux-256color', ...env };
  const command = [
    'env',
    '-i',
    `PATH=${process.env.PATH}`,
    ...Object.entries(variables).map(([name, value]) => `${name}=${value}`),
    process.execPath,
    join(root, 'bin/atlantis.cjs'),
    ...['stream', shown, '--url', url, ...flags],
  ];
  tmux(
    'new-session',
    '-d',
    '-x',
    String(columns),
    '-y',
    String(rows),
    `${command.map(quote).join(' ')}; sleep 60`,
  );
  try {
    for (const startedAt = Date.now(); ; await sleep(100)) {
      const screen = tmux('capture-pane', '-p', '-e');
      if (until.test(screen)) return screen;
      if (Date.now() - startedAt > WAIT_MS) throw new Error(`the screen is not complete:\n${screen}`);
    }
  } finally {
    tmux('kill-server');
  }
}

const all = process.argv[2] === '--all' ? process.argv[3] : undefined;
const directory = all ?? join(root, 'docs/screens');
mkdirSync(directory, { recursive: true });
for (const screen of all === undefined ? [...SCREENS, ...TOP_SCREENS] : ALL) {
  const simulator = await startSimulator({ ratePerSecond: screen.rate ?? 5 });
  try {
    const text = await record(screen, simulator);
    for (const palette of all === undefined ? ['dark'] : Object.keys(PALETTES)) {
      const file = all === undefined ? `${screen.name}.svg` : `${screen.name}-${palette}.svg`;
      writeFileSync(
        join(directory, file),
        drawSvg(
          `${screen.name}: atlantis stream ${screen.shown ?? 'tail'}`,
          text,
          screen.columns,
          PALETTES[palette],
        ),
      );
    }
  } finally {
    await simulator.close();
  }
}
