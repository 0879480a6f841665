// Preloaded into the command: reports on descriptor 3 which resources are active, and that it ended by itself.
//
// It keeps nothing alive, so that the command ends as it would without it.
const { writeSync } = require('node:fs');

const FD = 3;
const report = (what) => {
  try {
    writeSync(FD, `${JSON.stringify(what)}\n`);
  } catch {
    // The reader is gone or slow: the next report will do.
  }
};
const count = () => {
  const resources = {};
  for (const kind of process.getActiveResourcesInfo()) resources[kind] = (resources[kind] ?? 0) + 1;
  return resources;
};
setInterval(() => report({ resources: count() }), 500).unref();
// Only if nothing is left to wait for; `process.exit()` skips it.
process.once('beforeExit', () => report({ isDone: true }));
