// Keeps SIGUSR1 from opening the debugger of Node, in which any local user could run code. Loaded before everything else.
process.on('SIGUSR1', () => {});
// One that came while Node started opens it all the same, at the latest in the first turn of the event loop.
setImmediate(closeDebugger).unref();

function closeDebugger() {
  const isWanted = /--inspect/.test(`${process.execArgv} ${process.env.NODE_OPTIONS}`);
  // Some builds of Node are without it. Old versions of Node do not know `node:`.
  if (isWanted || !process.features.inspector) return;
  // biome-ignore lint/style/useNodejsImportProtocol: as above
  const inspector = require('inspector');
  if (inspector.url() === undefined) return;
  // Closing waits for everyone who is connected, and nothing else runs meanwhile. A client that stays ends the process.
  // biome-ignore lint/style/useNodejsImportProtocol: as above
  const { Worker } = require('worker_threads');
  const watch = new Worker("setTimeout(() => process.kill(process.pid, 'SIGKILL'), 500)", { eval: true });
  inspector.close();
  watch.terminate();
}
