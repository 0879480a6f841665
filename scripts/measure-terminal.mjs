// Prints how pretty output looks at several widths: lines per event, how often the transaction hash is visible, and in
// which column the dollars end. `npm run build` first; needs script(1).
//
// The events are those of `simulate --seed 3`, and the command runs on a real terminal.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const EVENTS = 2_000;
const SEED = 3;
const WIDTHS = [40, 60, 80, 100, 120, 160, 200];
const root = resolve(fileURLToPath(import.meta.url), '../..');

const { startSimulator } = await import(join(root, 'dist/simulator.mjs'));

async function makeEvents() {
  const simulator = await startSimulator({
    seed: SEED,
    ratePerSecond: Number.POSITIVE_INFINITY,
    count: EVENTS,
  });
  const { stream } = await import(join(root, 'dist/library.mjs'));
  const events = [];
  try {
    for await (const event of stream({ url: simulator.url, key: simulator.exampleKey })) {
      events.push(event.text);
      if (events.length === EVENTS) break;
    }
  } finally {
    await simulator.close();
  }
  return events;
}

/** The lines of each event, as the terminal gets them. */
function show(file, columns) {
  const command = `stty cols ${columns} && exec '${process.execPath}' '${join(root, 'bin/atlantis.cjs')}' stream replay '${file}' --speed max --color never --quiet`;
  const { stdout } = spawnSync('script', ['--quiet', '--return', '--command', command, '/dev/null'], {
    encoding: 'utf8',
    maxBuffer: 2 ** 30,
    env: { ...process.env, TERM: 'xterm-256color', LANG: 'C.UTF-8' },
  });
  const events = [];
  for (const line of stdout.replaceAll('\r', '').split('\n')) {
    if (/^\d\d:\d\d:\d\d/.test(line)) events.push([line]);
    else if (events.length > 0 && line.trim() !== '') events.at(-1).push(line);
  }
  return events;
}

const share = (count) => `${((100 * count) / EVENTS).toFixed(1)} %`;

function describe(columns, shown, events) {
  const perEvent = shown.map((lines) => lines.length);
  const widest = Math.max(...shown.flat().map((line) => line.length));
  let hashes = 0;
  const ends = new Map();
  for (const [i, lines] of shown.entries()) {
    const hash = JSON.parse(events[i]).tx_hash;
    const short = `${hash.slice(0, hash.startsWith('0x') ? 6 : 4)}…${hash.slice(-4)}`;
    if (lines.join(' ').includes(short)) hashes++;
    const [found] = lines.flatMap((line) => [...line.matchAll(/-?\$[\d,.]+…?(e\d+)?/g)]);
    const end = found.index + found[0].length;
    ends.set(end, (ends.get(end) ?? 0) + 1);
  }
  const lines = [Math.min(...perEvent), Math.max(...perEvent)];
  const most = Math.max(...ends.values());
  return [
    columns,
    lines[0] === lines[1] ? lines[0] : lines.join(' to '),
    share(hashes),
    `${ends.size} (${share(most)})`,
    widest,
  ];
}

const events = await makeEvents();
const directory = mkdtempSync(join(tmpdir(), 'atlantis-terminal-'));
try {
  const file = join(directory, 'events.ndjson');
  writeFileSync(file, events.map((event) => `${event}\n`).join(''));
  const head = [
    'columns',
    'lines per event',
    'hash visible',
    'distinct columns in which USD amounts end (share of rows at the most common one)',
    'widest line',
  ];
  const rows = WIDTHS.map((columns) => describe(columns, show(file, columns), events));
  for (const row of [head, head.map(() => '---'), ...rows]) process.stdout.write(`| ${row.join(' | ')} |\n`);
} finally {
  rmSync(directory, { recursive: true });
}
