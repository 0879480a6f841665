// The benchmark goals; they are defined only here.
//
// `bound` is compared with the median ratio or figure. Only a goal that is missed by over 2× fails
// `--check`, so that other load on the machine does not fail a change. Reported-only goals never fail it: a
// stretch goal, and latencies that can be decided by a single pause of a shared machine.

const atLeast = (bound, of, unit = '×') => ({ kind: 'at-least', bound, unit, of });
const atMost = (bound, unit, of) => ({ kind: 'at-most', bound, unit, of });
const reportedOnly = (goal) => ({ ...goal, isReportedOnly: true });

export const GOALS = {
  'T1s ceiling': atLeast(1.25, 'the ceiling, CPU per event over `wss:`'),
  'T1s stretch': reportedOnly(atLeast(1.4, 'the ceiling, CPU per event over `wss:` (stretch goal)')),
  'T1s copy': atMost(1.15, '×', 'a loop that copies the bytes unparsed, CPU per event over `wss:`'),
  'T1 ceiling': atLeast(1.7, 'the ceiling'),
  'T1 reference': atLeast(7, 'the reference JavaScript client'),
  'T2s 2 kB': atLeast(1, 'the ceiling at 2 kB, CPU per event over `wss:`'),
  'T2s 60 kB': atLeast(1, 'the ceiling at 60 kB, CPU per event over `wss:`'),
  'T2 2 kB': atLeast(1, 'the ceiling at 2 kB'),
  'T2 60 kB': atLeast(1, 'the ceiling at 60 kB'),
  'T3s peak': atMost(90, 'MB', 'peak memory in T1s'),
  'T3 peak': atMost(90, 'MB', 'peak memory in T1'),
  'T3s growth': atMost(16, 'MiB', 'memory growth with a blocked reader, over `wss:`'),
  'T3 growth': atMost(16, 'MiB', 'memory growth with a blocked reader'),
  'T4 own': atLeast(0.5, 'T1'),
  'T4 jq': atLeast(5, 'the stream piped into jq -c with the same filter'),
  'T5 terminal': atLeast(
    100_000,
    'per second of CPU time, pretty output at 120 columns, terminal included',
    'events/s',
  ),
  'T6 version': atMost(1.4, '×', 'node -e 0: --version'),
  'T6 tail': atMost(1.6, '×', 'a bundled minimal `ws` client: time to the first event'),
  'T7s p50': atMost(1.2, '×', 'the reference JavaScript client over `wss:`, p50'),
  'T7s p99': reportedOnly(atMost(1.5, '×', 'the reference JavaScript client over `wss:`, p99')),
  'T7 p50': atMost(1.2, '×', 'the reference JavaScript client, p50'),
  'T7 p99': reportedOnly(atMost(1.5, '×', 'the reference JavaScript client, p99')),
  'T8 memory': atMost(10, 'MB', 'memory growth over ten times as many events'),
  'T8 time': atMost(1.1, '×', 'ten times the duration of a run with a tenth of the events'),
  'T9 idle': atMost(100, 'ms', 'CPU time of an idle minute'),
  'T10 rate': atLeast(50_000, 'from the simulator to one client', 'events/s'),
  'T10 core': atMost(100, '%', 'CPU of one core, simulator at 50,000 events per second'),
  'T10 memory': atMost(64, 'MiB', 'memory growth of the simulator with ten blocked clients'),
  'T11 window': atLeast(1.2, 'a loop of publish calls of the NATS client library, window 256'),
  'T11 spool': atLeast(1.2, 'a loop of publish calls of the NATS client library, window 256, with a spool'),
  'T12 plain': atLeast(0.5, 'T1: replay of a plain recording at full speed, events per CPU second'),
  'T12 memory': atMost(120, 'MB', 'peak memory of replay, plain and compressed'),
  'T13 core': atMost(100, '%', 'CPU of one core, two merged connections with 50,000 events/s each'),
  'T13 p50': reportedOnly(atMost(1, 'ms', 'latency added by merging two connections, p50')),
};

/** @returns {'reached' | 'missed' | 'missed by over 2×'} */
export function judge(name, value) {
  const { kind, bound, isReportedOnly } = GOALS[name];
  const share = kind === 'at-least' ? value / bound : value <= 0 ? 1 : bound / value;
  if (share >= 1) return 'reached';
  return share < 0.5 && !isReportedOnly ? 'missed by over 2×' : 'missed';
}

/** Whether the first figure is better for this goal. */
export function isBetter(name, value, other) {
  return GOALS[name].kind === 'at-least' ? value > other : value < other;
}

/** The goal as text, such as `≥ 0.85 × the ceiling`. */
export function describeGoal(name) {
  const { kind, bound, unit, of } = GOALS[name];
  const words = unit === '×' ? `${bound} × ${of}` : `${bound} ${unit}: ${of}`;
  return `${kind === 'at-least' ? '≥' : '≤'} ${words}`;
}
