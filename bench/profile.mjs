// `node bench/profile.mjs [events] [bytes]`: CPU profile of `stream tail`, as a table by function.
// ATLANTIS_BENCH_PROFILE=<file> saves the profile for a viewer.
import { profileTail } from './lib/profile.mjs';
import { startServer } from './lib/server-process.mjs';

const [count = 1_000_000, size] = process.argv.slice(2).map(Number);
const server = await startServer();
try {
  console.log(await profileTail(server, count, size));
} finally {
  server.stop();
}
