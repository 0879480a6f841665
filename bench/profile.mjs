// `node bench/profile.mjs [events] [bytes]`: where the time of `stream tail` goes, as a table by function.
// ATLANTIS_BENCH_PROFILE=<file> keeps the profile itself, for a viewer.
import { profileTail } from './lib/profile.mjs';
import { startServer } from './lib/server-process.mjs';

const [count = 1_000_000, size] = process.argv.slice(2).map(Number);
const server = await startServer();
try {
  console.log(await profileTail(server, count, size));
} finally {
  server.stop();
}
