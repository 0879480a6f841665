// The benchmark goals; they are defined only here.
//
// `bound` is compared with the median ratio or figure. Only a gross loss (half of the goal, or worse) fails
// `--check`, so that other load on the machine does not fail a change.

const atLeast = (bound, of, unit = '×') => ({ kind: 'at-least', bound, unit, of });
const atMost = (bound, unit, of) => ({ kind: 'at-most', bound, unit, of });

export const GOALS = {
  'T1 ceiling': atLeast(0.85, 'the ceiling'),
  'T1 reference JavaScript': atLeast(3, 'the reference JavaScript client'),
  'T1 reference Python': atLeast(25, 'the reference Python client'),
  'T1 Bun': atLeast(2, "Bun's WebSocket client, each message printed"),
  'T1 wscat': atLeast(20, 'wscat'),
  'T1 stretch': { ...atLeast(2, 'the ceiling'), isStretch: true },
  'T2 2 kB': atLeast(0.85, 'the ceiling at 2 kB'),
  'T2 60 kB': atLeast(0.85, 'the ceiling at 60 kB'),
  'T3 peak': atMost(90, 'MB', 'peak memory in T1'),
  'T3 growth': atMost(64, 'MiB', 'memory growth with a blocked reader'),
  'T4 own': atLeast(0.4, 'T1'),
  'T4 jq': atLeast(5, 'the stream piped into jq -c with the same filter'),
  'T5 terminal': atLeast(100_000, 'in CPU time, pretty at 120 columns, terminal included', 'events/s'),
  'T6 version': atMost(1.4, '×', 'node -e 0: --version'),
  'T6 environment': atMost(2.1, '×', 'node -e 0: tail to the first event, key from the environment'),
  'T6 profile': atMost(2.3, '×', 'node -e 0: tail to the first event, key from a profile'),
  'T7 p50': atMost(1.2, '×', 'the reference JavaScript client, p50'),
  'T7 p99': atMost(1.5, '×', 'the reference JavaScript client, p99'),
  'T8 memory': atMost(10, 'MB', 'memory growth over ten times as many events'),
  'T8 time': atMost(1.1, '×', 'ten times the duration of a run with a tenth of the events'),
  'T9 idle': atMost(100, 'ms', 'CPU time of an idle minute'),
  'T10 rate': atLeast(50_000, 'from the simulator to one client', 'events/s'),
  'T10 core': atMost(100, '%', 'CPU of one core, simulator at 50,000 events per second'),
  'T10 memory': atMost(64, 'MiB', 'memory growth of the simulator with ten blocked clients'),
  'T11 nats 64': atLeast(0.7, "the client library's own publish loop, window 64"),
  'T11 nats 256': atLeast(0.7, "the client library's own publish loop, window 256"),
  'T11 nats 1024': atLeast(0.7, "the client library's own publish loop, window 1,024"),
};

/** @returns {'reached' | 'missed' | 'gross loss'} */
export function judge(name, value) {
  const { kind, bound, isStretch } = GOALS[name];
  const share = kind === 'at-least' ? value / bound : value <= 0 ? 1 : bound / value;
  if (share >= 1) return 'reached';
  return share < 0.5 && !isStretch ? 'gross loss' : 'missed';
}

/** Whether the first figure is better for this goal. */
export function isBetter(name, value, other) {
  return GOALS[name].kind === 'at-least' ? value > other : value < other;
}

/** The goal as text, such as `≥ 0.85 × the ceiling`. */
export function describeGoal(name) {
  const { kind, bound, unit, of, isStretch } = GOALS[name];
  const words = unit === '×' ? `${bound} × ${of}` : `${bound} ${unit}: ${of}`;
  return `${isStretch ? 'stretch: ' : ''}${kind === 'at-least' ? '≥' : '≤'} ${words}`;
}
