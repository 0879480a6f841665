// Loaded into the command before it: tells on descriptor 3 what keeps its loop alive, and that it ended by itself.
//
// What it uses keeps nothing alive, so that the command ends as it would without it.
const { writeSync } = require('node:fs');

const FD = 3;
const tell = (what) => {
  try {
    writeSync(FD, `${JSON.stringify(what)}\n`);
  } catch {
    // Nobody listens any more, or is too slow: the next one will do.
  }
};
const count = () => {
  const resources = {};
  for (const kind of process.getActiveResourcesInfo()) resources[kind] = (resources[kind] ?? 0) + 1;
  return resources;
};
setInterval(() => tell({ resources: count() }), 500).unref();
// Only when nothing is left to wait for; `process.exit()` skips it.
process.once('beforeExit', () => tell({ isDone: true }));
