// For esbuild: of ws only what is used, and of Node what ws seldom needs only when it needs it.
//
// The entry of ws loads client, server and streams, and the client Node's https, tls and zlib: 5 ms of a start that
// does without them all. Its sources stay as they are.
import { createRequire } from 'node:module';
import { dirname } from 'node:path';

const WS = dirname(createRequire(import.meta.url).resolve('ws/package.json'));
/** Files of ws by what they export. */
const EXPORTS = { WebSocket: 'websocket.js', WebSocketServer: 'websocket-server.js' };

export const leanWs = {
  name: 'lean-ws',
  setup(build) {
    build.onResolve({ filter: /^ws$/ }, () => ({ path: 'ws', namespace: 'lean-ws' }));
    build.onLoad({ filter: /./, namespace: 'lean-ws' }, () => ({
      resolveDir: WS,
      contents: Object.entries(EXPORTS)
        .map(([name, file]) => {
          const code = `{ enumerable: true, get: () => require('./lib/${file}') }`;
          return `Object.defineProperty(exports, '${name}', ${code});`;
        })
        .join('\n'),
    }));
    build.onResolve({ filter: /^(https|tls|zlib)$/ }, ({ path, importer }) =>
      importer.startsWith(WS) ? { path, namespace: 'late' } : undefined,
    );
    build.onLoad({ filter: /./, namespace: 'late' }, ({ path }) => ({
      contents: `module.exports = new Proxy({}, { get: (_none, name) => require('node:${path}')[name] });`,
    }));
  },
};
