// Decides which bundle each source file goes into, so that code which several bundles need is shipped once.
//
// Each dynamic import starts a bundle. In addition there are the layers below, which are shared bundles: a file
// belongs to the first layer that reaches it, and other bundles `require` that layer. There are only a few
// layers, grouped by what is loaded together: one file per shared module would add 23 ms to the startup of a
// tail.
import { relative, resolve } from 'node:path';
import { build } from 'esbuild';

/** Public entry points (`exports` in package.json): bundle → its entry in src. Keep tsconfig.types.json in sync. */
export const LIBRARIES = { library: 'stream/index.ts', simulator: 'simulator/library.ts' };

/**
 * Layer → its entry files in src, or its package. A layer may only import from the layers above it. A layer that a
 * library reaches contains only files that a library reaches: a program that uses the library must not contain a
 * command.
 */
const LAYERS = {
  // Always loaded, by the libraries too.
  core: [
    'io/io.ts',
    'version.ts',
    'io/read-file.ts',
    'settings/messages.ts',
    'flags/values.ts',
    'connection/dial/address.ts',
  ],
  // Always loaded.
  main: ['main.ts'],
  'commands.program': ['commands/program.ts'],
  // Needed by nearly every command: classifying messages of the stream.
  base: [
    'settings/stream-url.ts',
    'settings/proxy.ts',
    'connection/cause-table.ts',
    'connection/lifecycle.ts',
    'stream/items.ts',
    'events/batch.ts',
    'events/scanner.ts',
    'events/event-type.ts',
    'events/event-id.ts',
    'events/seek.ts',
    'render/ndjson.ts',
  ],
  // Needed by nearly every command, and by no library: settings, messages on stderr.
  session: [
    'settings/stream-config.ts',
    'ui/messages.ts',
    'session/messages.ts',
    'io/stop.ts',
    'session/stop-triggers.ts',
    'events/json-line.ts',
    'io/safe-file.ts',
  ],
  // Code that writes files: the profile store, spools and recordings.
  'io.files': ['io/lock.ts', 'io/append-file.ts'],
  ws: ['ws'],
  // The stream.
  stream: ['stream/prepare.ts'],
  'string-width': ['string-width'],
  chalk: ['chalk'],
  filter: ['filter/filter.ts'],
  tail: ['commands/tail/run.ts'],
  replay: ['session/recording-source.ts', 'commands/replay/run.ts'],
  'commands.help': ['commands/help/print.ts'],
  'relay.parts': ['commands/relay/open.ts', 'delivery/messages.ts'],
  nats: ['delivery/nats/jetstream-sink.ts', 'delivery/nats/jetstream-source.ts'],
  'simulator.scenarios': ['simulator/scenarios.ts', 'simulator/events.ts'],
  'simulator.parts': ['simulator/server.ts', 'simulator/script.ts'],
};

/** Layers that are packages. Other packages that import them share them as well. */
const PACKAGES = Object.keys(LAYERS).filter((layer) => LAYERS[layer].includes(layer));

/**
 * Plans the bundles of the sources in `root`.
 *
 * @param plugins esbuild plugins that the sources need
 */
export async function planBundles(root, plugins) {
  const src = resolve(root, 'src');
  const { staticImports, entries } = await readGraph(src, plugins);
  const owners = new Map();
  const members = new Map();
  for (const [layer, entryPaths] of Object.entries(LAYERS)) {
    const owned = new Set();
    const waiting = entryPaths.map((path) =>
      path.includes('/') || path.endsWith('.ts') ? resolve(src, path) : path,
    );
    for (const path of waiting) {
      if (owners.has(path)) continue;
      owners.set(path, layer);
      owned.add(path);
      waiting.push(...(staticImports.get(path) ?? []));
    }
    members.set(layer, owned);
  }
  /** Layer → its files that other bundles import. */
  const shared = new Map(Object.keys(LAYERS).map((layer) => [layer, new Set()]));
  for (const [importer, targets] of staticImports)
    for (const target of targets)
      if (owners.has(target) && owners.get(target) !== owners.get(importer))
        shared.get(owners.get(target)).add(target);
  const bundles = new Map();
  for (const layer of Object.keys(LAYERS)) {
    const roots = [...members.get(layer)].filter((path) => entries.has(path) || shared.get(layer).has(path));
    bundles.set(layer, roots);
  }
  for (const path of entries) if (!owners.has(path)) bundles.set(nameBundle(src, path), [path]);
  const names = await readExports(root, [...bundles.values()].flat().filter(isOurs), plugins);
  for (const [bundle, paths] of bundles) assertDistinct(bundle, paths.filter(isOurs), names);
  return {
    packages: PACKAGES,
    /** The names that a file of src exports. */
    listNames: (path) => names.get(path),
    /** Bundle → the files that it exports. */
    bundles,
    /** The bundle that contains a file, or undefined if that is `bundle` itself. */
    findOwner: (path, bundle) => {
      const owner = owners.get(path);
      return owner === bundle ? undefined : owner;
    },
    /** The bundle of a dynamic import. */
    nameTarget: (path) => owners.get(path) ?? nameBundle(src, path),
  };
}

function nameBundle(src, path) {
  const within = relative(src, path).replaceAll('\\', '/');
  const library = Object.keys(LIBRARIES).find((name) => LIBRARIES[name] === within);
  return library ?? within.replaceAll('/', '.').replace(/\.ts$/, '');
}

/** The static imports of each file in src, and the files that start a bundle. */
async function readGraph(src, plugins) {
  const entries = new Set(['main.ts', ...Object.values(LIBRARIES)].map((path) => resolve(src, path)));
  const staticImports = new Map();
  for (const entry of entries) {
    const noteImports = {
      name: 'note-imports',
      setup(b) {
        b.onResolve({ filter: /.*/ }, ({ kind, path, resolveDir, importer }) => {
          if (kind === 'entry-point') return undefined;
          const isOurs = path.startsWith('.') && !path.endsWith('.wasm');
          const target = isOurs ? resolve(resolveDir, path) : path;
          if (kind === 'dynamic-import' && !path.startsWith('node:')) entries.add(target);
          else if (isOurs || PACKAGES.includes(path)) addTo(staticImports, importer, target);
          return kind === 'dynamic-import' || !isOurs ? { path, external: true } : undefined;
        });
      },
    };
    await build({
      entryPoints: [entry],
      bundle: true,
      write: false,
      format: 'cjs',
      platform: 'node',
      plugins: [noteImports, ...plugins],
      logLevel: 'error',
    });
  }
  return { staticImports, entries };
}

function addTo(map, key, value) {
  map.set(key, (map.get(key) ?? new Set()).add(value));
}

const isOurs = (path) => path.endsWith('.ts');

/** File → the names that it exports, types excluded. */
async function readExports(root, paths, plugins) {
  const keepImports = {
    name: 'keep-imports',
    setup: (b) =>
      b.onResolve({ filter: /./ }, ({ kind }) => (kind === 'entry-point' ? undefined : { external: true })),
  };
  const { metafile } = await build({
    absWorkingDir: root,
    entryPoints: paths,
    outdir: root,
    bundle: true,
    write: false,
    metafile: true,
    format: 'esm',
    platform: 'node',
    plugins: [keepImports, ...plugins],
    logLevel: 'error',
  });
  return new Map(
    Object.values(metafile.outputs).map(({ entryPoint, exports }) => [resolve(root, entryPoint), exports]),
  );
}

/** All files of a bundle are exported together, so they must not export the same name. */
function assertDistinct(bundle, paths, names) {
  const seen = new Map();
  for (const path of paths) {
    for (const name of names.get(path)) {
      if (seen.has(name))
        throw new Error(`bundle ${bundle}: ${name} is exported by ${seen.get(name)} and ${path}`);
      seen.set(name, path);
    }
  }
}
