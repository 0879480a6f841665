// The import table: what each part of src may know. A new edge is a decision, and is written down here.
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { describe, expect, test } from '@jest/globals';

const SRC = new URL('../src/', import.meta.url).pathname;

/**
 * Part of src → what it may import besides itself: a folder (`config/`) or a file. `commands → session →
 * {connection, protocol, render, output}`: those four know nothing of each other but the message kinds.
 */
const MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  'errors.ts': [],
  'version.ts': [],
  'clock.ts': [],
  'io.ts': [
    'clock.ts',
    'errors.ts',
    'config/redact.ts',
    'render/sanitize.ts',
    'render/signs.ts',
    'output/standard-streams.ts',
  ],

  'protocol/': ['errors.ts'],
  'connection/': ['errors.ts', 'clock.ts', 'protocol/messages.ts', 'protocol/batch.ts'],
  // Events for the eye are made from their tree, so that numbers stay as sent.
  'render/': [
    'protocol/messages.ts',
    'protocol/batch.ts',
    'protocol/json-level.ts',
    'protocol/json-place.ts',
    'protocol/path.ts',
  ],
  'output/': ['errors.ts', 'clock.ts', 'io.ts', 'io/safe-file.ts'],
  // Files and locks, safe from what other users and other processes do to them.
  'io/': ['errors.ts', 'clock.ts', 'io.ts'],

  // Where a key came from is said in the words of the causes.
  'config/': ['errors.ts', 'io.ts', 'io/', 'protocol/', 'connection/causes.ts'],
  // The stream for programs, and for the command: knows the command line as little as the others do.
  'library/': [
    'errors.ts',
    'clock.ts',
    'io.ts',
    'version.ts',
    'config/connection-defaults.ts',
    'config/key.ts',
    'config/proxy.ts',
    'config/proxy-url.ts',
    'config/redact.ts',
    'config/stream-url.ts',
    'config/certificates.ts',
    'config/trusted-roots.ts',
    'connection/',
    'protocol/',
    'render/ndjson.ts',
    'render/sanitize.ts',
  ],
  'stream-source.ts': ['io.ts', 'config/', 'library/'],
  // What it says is about causes, and about why a run ends; it is painted and measured as events are.
  'ui/': [
    'errors.ts',
    'io.ts',
    'stop.ts',
    'output/line-writer.ts',
    'output/standard-streams.ts',
    'render/',
    'config/tail-config.ts',
    'connection/causes.ts',
    'connection/items.ts',
    'connection/policy.ts',
    'library/items.ts',
    'clock.ts',
  ],
  'profile/': ['errors.ts', 'io.ts', 'config/', 'render/sanitize.ts', 'ui/reporter.ts'],
  // A server of its own: a bug must not hide on both sides.
  'simulator/': ['errors.ts', 'protocol/messages.ts', 'config/values.ts'],

  'ready-file.ts': ['errors.ts', 'output/whole-file.ts'],
  'stop.ts': ['errors.ts', 'io.ts', 'output/line-writer.ts'],
  'silence.ts': ['clock.ts'],
  'tally.ts': ['clock.ts', 'protocol/messages.ts', 'connection/items.ts', 'ui/words.ts'],
  'ends.ts': ['io.ts', 'stop.ts', 'config/tail-config.ts'],
  'event-output.ts': ['output/line-writer.ts', 'protocol/batch.ts', 'render/renderer.ts', 'ui/reporter.ts'],
  'print-events.ts': ['event-output.ts', 'io.ts', 'output/line-writer.ts', 'render/renderer.ts', 'ui/'],
  'session.ts': [
    'errors.ts',
    'io.ts',
    'ends.ts',
    'event-output.ts',
    'ready-file.ts',
    'silence.ts',
    'stop.ts',
    'tally.ts',
    'config/',
    'library/',
    'record/recorder.ts',
    'render/renderer.ts',
    'ui/',
  ],
  'event-form.ts': ['io.ts', 'config/tail-config.ts', 'protocol/', 'render/'],
  // What tail and relay have in common before their sessions begin.
  'command-stream.ts': [
    'clock.ts',
    'io.ts',
    'event-form.ts',
    'session.ts',
    'stream-source.ts',
    'config/tail-config.ts',
    // How long the system may look a name up is set for the whole process.
    'connection/lookup-limit.ts',
    'simulator/server.ts',
    'ui/',
  ],
  'tail.ts': [
    'errors.ts',
    'io.ts',
    'command-stream.ts',
    'event-form.ts',
    'event-output.ts',
    'from-stream.ts',
    'print-events.ts',
    'session.ts',
    'config/',
    'record/',
    'ui/',
  ],
  // Another stream than the service's, read through the same session.
  'from-stream.ts': [
    'errors.ts',
    'io.ts',
    'command-stream.ts',
    'event-form.ts',
    'config/',
    'library/items.ts',
    'nats/',
    'ui/reporter.ts',
  ],
  // Bytes between receipt and acknowledgement: knows nothing of where they come from and go to.
  'spool/': ['errors.ts', 'clock.ts', 'io/'],
  // Delivery, whatever the sink is: its faults are told in the words of a connection's causes.
  'relay/': [
    'clock.ts',
    'errors.ts',
    'event-output.ts',
    'config/http-target.ts',
    'connection/',
    'io/',
    'output/line-writer.ts',
    'protocol/',
    'render/ndjson.ts',
    'render/renderer.ts',
    'spool/',
    'ui/',
  ],
  // As a sink it is one of the relay's, as a source it brings the items of the library.
  'nats/': [
    'clock.ts',
    'config/from-config.ts',
    'config/nats-credentials.ts',
    'config/nats-settings.ts',
    'config/nats-url.ts',
    'connection/',
    'library/errors.ts',
    'library/items.ts',
    'protocol/',
    'relay/',
    'spool/record-form.ts',
  ],
  'relay-sinks.ts': [
    'errors.ts',
    'io.ts',
    'version.ts',
    'config/',
    'nats/jetstream-sink.ts',
    'relay/',
    'ui/reporter.ts',
  ],
  'open-relay.ts': ['errors.ts', 'relay-sinks.ts', 'output/line-writer.ts', 'relay/', 'spool/'],
  'relay.ts': [
    'io.ts',
    'command-stream.ts',
    'event-form.ts',
    'open-relay.ts',
    'redeliver.ts',
    'session.ts',
    'config/',
  ],
  'redeliver.ts': [
    'errors.ts',
    'io.ts',
    'command-stream.ts',
    'ends.ts',
    'open-relay.ts',
    'stop.ts',
    'config/',
    'record/',
    'relay/dead-letters.ts',
    'spool/record-form.ts',
    'ui/words.ts',
  ],
  // Looks at one connection more closely than a session does.
  'check/': [
    'ends.ts',
    'errors.ts',
    'clock.ts',
    'io.ts',
    'stream-source.ts',
    'version.ts',
    'config/',
    'connection/',
    'protocol/',
    'io/safe-file.ts',
    'output/whole-file.ts',
    'render/sanitize.ts',
    'render/signs.ts',
    'render/wrap-words.ts',
    'ui/',
  ],
  // Its lines are those of --envelope; whoever reads them classifies them like messages.
  'record/': [
    'io/',
    'errors.ts',
    'clock.ts',
    'version.ts',
    'protocol/messages.ts',
    'protocol/batch.ts',
    'protocol/scanner.ts',
    'protocol/json-line.ts',
    'render/envelope.ts',
    'render/ndjson.ts',
    'render/renderer.ts',
    'ui/reporter.ts',
    'ui/words.ts',
  ],
  'replay.ts': [
    'errors.ts',
    'io.ts',
    'ends.ts',
    'event-form.ts',
    'stop.ts',
    'config/',
    'output/line-writer.ts',
    'record/',
    'render/renderer.ts',
    'ui/',
  ],
  'check-key.ts': ['errors.ts', 'io.ts', 'stream-source.ts', 'config/'],
  'simulate-ready.ts': ['errors.ts', 'manual/wrap.ts', 'render/wrap-words.ts'],
  'script-file.ts': ['errors.ts', 'config/json-fault.ts', 'config/read-file.ts', 'simulator/'],
  'simulate-replay.ts': [
    'errors.ts',
    'clock.ts',
    'protocol/batch.ts',
    'record/',
    'simulator/scenario.ts',
    'ui/reporter.ts',
  ],
  'simulate.ts': [
    'errors.ts',
    'io.ts',
    'script-file.ts',
    'simulate-ready.ts',
    'simulate-replay.ts',
    'config/',
    'simulator/',
    'ui/',
  ],

  // Help, the man page and the reference as text: pure, from the outline of the definitions.
  'manual/': ['errors.ts', 'render/wrap-words.ts'],
  'completion/': ['io.ts', 'config/', 'manual/', 'simulator/events.ts', 'simulator/scenarios.ts'],

  'commands/': [
    'errors.ts',
    'io.ts',
    'config/choices.ts',
    'manual/',
    'completion/',
    'version.ts',
    'tail.ts',
    'simulate.ts',
    'replay.ts',
    'relay.ts',
    'check-key.ts',
    'check/',
    'profile/',
  ],
  'main.ts': ['errors.ts', 'io.ts', 'version.ts', 'commands/', 'ui/reporter.ts'],
};

/** Package → the only places that may import it. */
const PACKAGES: Readonly<Record<string, readonly string[]>> = {
  commander: ['commands/'],
  ws: ['connection/socket.ts', 'simulator/'],
  conf: ['config/store.ts'],
  chalk: ['render/style.ts'],
  ora: ['ui/'],
  'is-unicode-supported': ['io.ts'],
  'https-proxy-agent': ['connection/proxy-agent.ts'],
  'proxy-from-env': ['config/proxy.ts'],
  'string-width': ['render/', 'protocol/caret.ts'],
  re2js: ['protocol/pattern.ts'],
  '@nats-io/transport-node': ['nats/'],
  '@nats-io/jetstream': ['nats/'],
};

interface Module {
  /** Path in src, with `/`. */
  readonly path: string;
  readonly source: string;
  /** Paths in src of what it imports, statically, lazily, or only as types. */
  readonly imports: readonly string[];
  /** Without those that are only types. */
  readonly runTimeImports: readonly string[];
  readonly packages: readonly string[];
}

const SPECIFIER =
  /(?:^|\n)\s*(?:import|export)( type)?\b[^;]*?\bfrom\s*'([^']+)'|\bimport\(\s*'([^']+)'|(?:^|\n)import '([^']+)'/g;

function readModule(path: string): Module {
  const source = readFileSync(join(SRC, path), 'utf8');
  const found = [...source.matchAll(SPECIFIER)].map(([, type, a, b, c]) => ({
    isType: type !== undefined,
    specifier: a ?? b ?? c ?? '',
  }));
  const local = found
    .filter(({ specifier }) => specifier.startsWith('.'))
    .map(({ isType, specifier }) => ({
      isType,
      target: normalize(join(dirname(path), specifier)).replaceAll('\\', '/'),
    }));
  return {
    path,
    source,
    imports: local.map(({ target }) => target),
    runTimeImports: local.filter(({ isType }) => !isType).map(({ target }) => target),
    packages: found
      .map(({ specifier }) => specifier)
      .filter((specifier) => !/^(\.|node:)/.test(specifier))
      .map((specifier) => /^(?:@[^/]+\/)?[^/]+/.exec(specifier)?.[0] ?? specifier),
  };
}

const modules = readdirSync(SRC, { recursive: true, encoding: 'utf8' })
  .map((path) => path.replaceAll('\\', '/'))
  .filter((path) => path.endsWith('.ts') && !path.endsWith('.d.ts'))
  .map(readModule);
const partOf = (path: string): string => path.replace(/\/.*/, '/');
const isIn = (path: string, places: readonly string[]): boolean =>
  places.some((place) => (place.endsWith('/') ? path.startsWith(place) : path === place));
const parts = [...new Set(modules.map(({ path }) => partOf(path)))].sort();

describe('architecture', () => {
  test('the table names every part of src, and no other', () => {
    expect(parts).toEqual(Object.keys(MAY_IMPORT).sort());
  });

  test.each(parts)('%s imports what the table allows', (part) => {
    const allowed = MAY_IMPORT[part] ?? [];
    const edges = modules
      .filter(({ path }) => partOf(path) === part)
      .flatMap(({ path, imports }) =>
        imports
          .filter((target) => partOf(target) !== part && !isIn(target, allowed))
          .map((target) => `${path} → ${target}`),
      );
    expect(edges).toEqual([]);
  });

  test('connection, protocol, render and output share the message kinds, and nothing else but what JSON is', () => {
    const core = ['connection/', 'protocol/', 'render/', 'output/'];
    const shared = modules
      .filter(({ path }) => isIn(path, core))
      .flatMap(({ path, imports }) =>
        imports.filter((target) => isIn(target, core) && partOf(target) !== partOf(path)),
      );
    const json = ['json-level', 'json-place', 'path'];
    const known = ['messages', 'batch', ...json].map((name) => `protocol/${name}.ts`);
    expect(shared.filter((target) => !known.includes(target))).toEqual([]);
  });

  test.each(Object.entries(PACKAGES))('%s is imported where it belongs', (name, places) => {
    const importers = modules.filter(({ packages }) => packages.includes(name)).map(({ path }) => path);
    expect(importers.filter((path) => !isIn(path, places))).toEqual([]);
  });

  test('no package is imported that the table does not name', () => {
    const used = new Set(modules.flatMap(({ packages }) => packages));
    expect([...used].filter((name) => !(name in PACKAGES))).toEqual([]);
  });

  test('only io.ts and the clock use process, and nothing the console', () => {
    const uses = /\bprocess\.[a-z]|\bprocess\s*(\[|\?\.)|=\s*process\b|'(node:)?process'|\bconsole\s*\./i;
    const users = modules
      .filter(({ source }) => uses.test(source.replace(/\/\*[\s\S]*?\*\/|\/\/[^\n]*/g, '')))
      .map(({ path }) => path);
    expect(users).toEqual(['clock.ts', 'io.ts']);
  });

  test('no module imports itself by way of others', () => {
    const importsOf = new Map(modules.map(({ path, runTimeImports }) => [path, runTimeImports]));
    const done = new Set<string>();
    const findCycle = (path: string, trail: readonly string[]): string | undefined => {
      if (trail.includes(path)) return [...trail.slice(trail.indexOf(path)), path].join(' → ');
      if (done.has(path)) return undefined;
      for (const target of importsOf.get(path) ?? []) {
        const cycle = findCycle(target, [...trail, path]);
        if (cycle !== undefined) return cycle;
      }
      done.add(path);
      return undefined;
    };
    expect(modules.map(({ path }) => findCycle(path, [])).filter((cycle) => cycle !== undefined)).toEqual([]);
  });

  test('every import leads to a module', () => {
    // What assembly/ is compiled into is no file.
    const known = new Set(['protocol/scanner.wasm', ...modules.map(({ path }) => path)]);
    const lost = modules.flatMap(({ path, imports }) =>
      imports.filter((target) => !known.has(target)).map((target) => `${path} → ${target}`),
    );
    expect(lost).toEqual([]);
  });

  test('row 59: signs beyond ASCII are in one place, which has another form of them; messages have the ellipsis', () => {
    const OWN_PLACES = ['render/signs.ts', 'render/text-width.ts'];
    const withSigns = modules
      .filter(({ path }) => !OWN_PLACES.includes(path))
      .filter(({ source }) => /[^\0-\x7f…]/.test(source.replace(/\/\*[\s\S]*?\*\/|(?:^|\s)\/\/.*$/gm, '')))
      .map(({ path }) => path);
    expect(withSigns).toEqual([]);
  });

  test('every file opens with its job', () => {
    expect(modules.filter(({ source }) => !source.startsWith('// ')).map(({ path }) => path)).toEqual([]);
  });
});
