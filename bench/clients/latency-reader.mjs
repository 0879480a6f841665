// Reads lines from stdin and computes the latency of each event that has the time of its write. Prints the
// latencies in µs as JSON at the end.
const latencies = [];
let held = '';
process.stdin.setEncoding('utf8');
process.stdin.on('data', (text) => {
  const nowNs = process.hrtime.bigint();
  held += text;
  const lines = held.split('\n');
  held = lines.pop();
  for (const line of lines) {
    const stamp = /"sent_ns":"(\d+)"/.exec(line)?.[1];
    if (stamp !== undefined) latencies.push(Number(nowNs - BigInt(stamp)) / 1e3);
  }
});
process.stdin.on('end', () => console.log(JSON.stringify(latencies)));
