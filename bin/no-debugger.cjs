// Keeps SIGUSR1 from opening the debugger of Node, in which any local user could run code. Loaded before everything else.
process.on('SIGUSR1', () => {});
// One that came while Node started opens it all the same, at the latest in the first turn of the event loop.
setImmediate(closeDebugger).unref();

function closeDebugger() {
  const isWanted = /--inspect/.test(`${process.execArgv} ${process.env.NODE_OPTIONS}`);
  // Some builds of Node are without it.
  // biome-ignore lint/style/useNodejsImportProtocol: old versions of Node do not know it
  if (!isWanted && process.features.inspector) require('inspector').close();
}
