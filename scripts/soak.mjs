// A long run against bad days: seeded random faults on one side, a reader that stalls at random on the other.
//
//   npm run soak                        an hour
//   npm run soak -- --duration 60s --seed 7
//
// Asserts that every event written on a connection that ended cleanly came out, once and in order (on any other
// one: what came out is the beginning of what was written), that memory is flat, and that no handle or timer
// keeps the process alive after its end.
import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

const root = resolve(dirname(fileURLToPath(import.meta.url)), '..');
const { startSimulator } = createRequire(import.meta.url)(resolve(root, 'dist/simulator.server.cjs'));

const { values } = parseArgs({
  options: { duration: { type: 'string', default: '60m' }, seed: { type: 'string', default: '1' } },
});
const [, figure, unit] = /^(\d+)(s|m|h)$/.exec(values.duration) ?? [];
const durationMs = Number(figure) * { s: 1_000, m: 60_000, h: 3_600_000 }[unit];
if (!(durationMs >= 10_000)) {
  console.error('--duration: accepted are 10s and more, such as 60s, 10m, 1h');
  process.exit(2);
}

/** After its duration the command has this long to end by itself. */
const END_WITHIN_MS = 5_000;
/** Memory may grow by this much between the first and the last third of the samples. */
const MAX_GROWTH_KIB = 16 * 1024;

/** Mulberry32: small, and good enough to draw faults. */
function createRandom(seed) {
  let state = [...String(seed)].reduce((sum, character) => (sum * 31 + character.charCodeAt(0)) | 0, 7);
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

const random = createRandom(values.seed);
const pick = (list) => list[Math.floor(random() * list.length)];

/** Some events fast or slow, in one of many manners, and an end. */
function drawSteps() {
  const bodies = [
    { do: 'events', count: 200 + Math.floor(random() * 2_000), ratePerSecond: 1_000 },
    { do: 'events', count: 1_000 + Math.floor(random() * 60_000), ratePerSecond: Number.POSITIVE_INFINITY },
    { do: 'events', count: 20, ratePerSecond: 10 },
    { do: 'events', count: 300, ratePerSecond: 2_000, copies: 2 },
    { do: 'drip', count: 2, pieceBytes: 64, everyMs: 5 },
    { do: 'text', text: 'not JSON' },
    { do: 'binary', hex: '00ff' },
    { do: 'wait', ms: Math.floor(random() * 1_500) },
    { do: 'pongs', answer: true, delayMs: Math.floor(random() * 300) },
  ];
  const ends = [
    { do: 'close', code: pick([1000, 1001, 1011, 1012, 4000]) },
    { do: 'close', code: 1001 },
    { do: 'reset', midFrame: true },
    { do: 'reset' },
    { do: 'pongs', answer: false },
  ];
  const count = 1 + Math.floor(random() * 3);
  const body = Array.from({ length: count }, () => pick(bodies));
  return [{ do: 'welcome' }, { do: 'events', count: 50 }, ...body, pick(ends)];
}

const scenario = {
  summary: 'soak',
  getAct: (attempt) =>
    attempt > 0 && random() < 0.15 ? { refuse: { status: pick([502, 503, 429]) } } : { steps: drawSteps() },
};

/** Events written and not yet seen on stdout, by connection of the server. */
const written = new Map();
const simulator = await startSimulator({
  seed: values.seed,
  scenario,
  onEvents: (connection, texts) => {
    const list = written.get(connection) ?? { ids: [], seen: 0 };
    for (const text of texts) list.ids.push(findId(text));
    written.set(connection, list);
  },
});

function findId(text) {
  return /"id":"([^"]*)"/.exec(text)?.[1] ?? '';
}

const faults = [];
const fail = (what) => {
  faults.push(what);
  console.error(`FAILED: ${what}`);
};

const args = ['stream', 'tail', '--url', simulator.url, '--json', '--log-format', 'json'];
const flags = ['--duration', values.duration, '--retry-min', '250ms', '--retry-max', '1s'];
const keepalive = ['--ping-interval', '500ms', '--pong-timeout', '1s'];
const startedMs = performance.now();
const command = spawn(
  process.execPath,
  [resolve(root, 'bin/atlantis.cjs'), ...args, ...flags, ...keepalive],
  {
    env: { PATH: process.env.PATH, HOME: '/nonexistent', ATLANTIS_API_KEY: simulator.exampleKey },
    stdio: ['ignore', 'pipe', 'pipe'],
  },
);

// The connections come out one after another: an event belongs to the current one, or begins a later one.
let current = 0;
let lines = 0;
let rest = '';
command.stdout.on('data', (chunk) => {
  const parts = (rest + chunk.toString('utf8')).split('\n');
  rest = parts.pop();
  for (const line of parts) {
    lines += 1;
    takeLine(findId(line));
  }
});

function takeLine(id) {
  for (let at = current; at <= current + 50; at += 1) {
    const list = written.get(at);
    if (list === undefined || list.ids[list.seen] !== id) continue;
    for (; current < at; current += 1) finishConnection(current);
    list.seen += 1;
    return;
  }
  fail(`line ${lines} is out of order, twice, or never written: ${id}`);
}

/** Which connections of the server ended with a close frame, by the ids of the events that they ended with. */
const cleanEnds = [];
let losses = 0;
createInterface({ input: command.stderr }).on('line', (line) => {
  const record = JSON.parse(line);
  if (record.event !== 'lost') return;
  losses += 1;
  cleanEnds.push(record.close_code !== undefined);
});

let finished = 0;
let whole = 0;
function finishConnection(connection) {
  const list = written.get(connection);
  written.delete(connection);
  if (list === undefined) return;
  // The command told of the losses in the same order; the one being told may still be on its way.
  const wasClean = cleanEnds[finished];
  finished += 1;
  if (list.seen === list.ids.length) whole += 1;
  else if (wasClean)
    fail(`${list.ids.length - list.seen} events of a connection that ended cleanly are missing`);
}

const memory = [];
const sampler = setInterval(() => {
  try {
    const status = readFileSync(`/proc/${command.pid}/status`, 'utf8');
    memory.push(Number(/VmRSS:\s+(\d+)/.exec(status)?.[1]));
  } catch {
    // It has ended, or this is no Linux.
  }
}, 500);

/** Stalls at random for up to three seconds. */
let stall;
function scheduleStall() {
  stall = setTimeout(
    () => {
      command.stdout.pause();
      stall = setTimeout(() => {
        command.stdout.resume();
        scheduleStall();
      }, random() * 3_000);
    },
    500 + random() * 5_000,
  );
}
scheduleStall();
const lastCall = setTimeout(() => {
  clearTimeout(stall);
  command.stdout.resume();
}, durationMs - 200);
const overdue = setTimeout(() => {
  fail(`still running ${END_WITHIN_MS} ms after its duration: a handle or timer is left`);
  command.kill('SIGKILL');
}, durationMs + END_WITHIN_MS);

const [code, signal] = await new Promise((done) => {
  let status;
  let open = 2;
  const close = () => --open === 0 && done(status);
  command.once('exit', (...ended) => {
    status = ended;
    close();
  });
  command.stdout.once('close', close);
});
clearInterval(sampler);
clearTimeout(overdue);
clearTimeout(lastCall);
clearTimeout(stall);
await simulator.close();

if (code !== 0) fail(`ended with ${signal ?? code} instead of 0`);
if (rest !== '') fail('the last line is cut');
if (lines === 0) fail('no events came out');
const third = Math.floor(memory.length / 3);
const median = (list) => [...list].sort((a, b) => a - b)[Math.floor(list.length / 2)] ?? 0;
const growthKib = median(memory.slice(-third)) - median(memory.slice(third > 8 ? 8 : 0, third + 8));
if (growthKib > MAX_GROWTH_KIB) fail(`memory grew by ${Math.round(growthKib / 1024)} MiB`);

const seconds = Math.round((performance.now() - startedMs) / 1000);
console.log(
  `soak, seed ${values.seed}: ${seconds} s, ${lines} events, ${losses} losses, ${whole} of ${finished} connections whole, ` +
    `memory ${Math.round(median(memory) / 1024)} MiB (growth ${Math.round(growthKib / 1024)} MiB)`,
);
process.exitCode = faults.length === 0 ? 0 : 1;
