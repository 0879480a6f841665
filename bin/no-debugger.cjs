// Keeps SIGUSR1 from opening the debugger of Node, in which any local user could run code. Loaded before everything
// else.
process.on('SIGUSR1', () => {});
// A signal that arrived while Node started still opens the debugger, at the latest in the first turn of the event loop.
setImmediate(closeDebugger).unref();

function closeDebugger() {
  const isWanted = /--inspect/.test(`${process.execArgv} ${process.env.NODE_OPTIONS}`);
  // Some builds of Node have no debugger. Old versions of Node do not know `node:`.
  if (isWanted || !process.features.inspector) return;
  // biome-ignore lint/style/useNodejsImportProtocol: as above
  const inspector = require('inspector');
  if (inspector.url() === undefined) return;
  // close() blocks this thread until every client has disconnected. If a client stays, the worker kills the process.
  // biome-ignore lint/style/useNodejsImportProtocol: as above
  const { Worker } = require('worker_threads');
  const watchdog = new Worker("setTimeout(() => process.kill(process.pid, 'SIGKILL'), 500)", { eval: true });
  inspector.close();
  watchdog.terminate();
}
