// Leaves out of the bundles what dependencies bring along and this project never uses. For esbuild a plugin.
//
// Each entry says why it can go. A package that began to use what stands here would fail loudly: `unused` throws.
import { readFileSync } from 'node:fs';

const UNUSED = `
  const unused = () => { throw new Error('left out of the bundle: see scripts/trim-dependencies.mjs'); };
`;

/** Package, or a path inside of one → the module in its place. */
const STAND_INS = {
  // Dependencies own no signals in this process (contract S1): their exit hooks do nothing.
  'when-exit': 'export default () => () => {};',
  'signal-exit': 'export const onExit = () => () => {};',
  // conf checks schemas with it; the store has none, since `config/profile-file.ts` checks it.
  'ajv/dist/2020.js': `${UNUSED} export const Ajv2020 = unused;`,
  'ajv-formats': `${UNUSED} export default unused;`,
  // conf compares versions for migrations; there are none.
  semver: `${UNUSED} export default { eq: unused, clean: unused, satisfies: unused, lte: unused, gt: unused };`,
  // conf asks it where stores belong, but is told; it would throw at once where there is no home directory.
  'env-paths': `${UNUSED} export default unused;`,
  // NATS signs with it; Node does that itself. Its boxes and scalars are for what nobody here asks for.
  tweetnacl: `${UNUSED}
    import { createPrivateKey, createPublicKey, randomBytes, sign, verify } from 'node:crypto';
    const key = (head, bytes) => Buffer.concat([Buffer.from(head, 'hex'), bytes]);
    const privateKey = (seed) =>
      createPrivateKey({ key: key('302e020100300506032b657004220420', seed), format: 'der', type: 'pkcs8' });
    const publicKey = (bytes) =>
      createPublicKey({ key: key('302a300506032b6570032100', bytes), format: 'der', type: 'spki' });
    const fromSeed = (seed) => ({
      publicKey: new Uint8Array(createPublicKey(privateKey(seed)).export({ format: 'der', type: 'spki' }).subarray(-32)),
      secretKey: seed,
    });
    const detached = (message, secretKey) => new Uint8Array(sign(null, message, privateKey(secretKey)));
    detached.verify = (message, signature, bytes) => verify(null, message, publicKey(bytes), signature);
    const box = unused;
    box.open = unused;
    export default {
      randomBytes: (length) => new Uint8Array(randomBytes(length)),
      sign: { keyPair: { fromSeed }, detached }, box, scalarMult: { base: unused },
    };`,
  // ora has eighty animations; this is the one in use.
  'cli-spinners': `
    export default { dots: { interval: 80, frames: ['⠋', '⠙', '⠹', '⠸', '⠼', '⠴', '⠦', '⠧', '⠇', '⠏'] } };`,
};

/** Where RE2JS keeps the ranges of each class of characters, and what the engine of the platform calls them. */
const CLASS_TABLES = { CATEGORIES: 'General_Category', SCRIPTS: 'Script' };

/**
 * RE2JS without its tables of Unicode classes, a third of it: Node has them too. A class that is asked for
 * (`\\p{Greek}`) is read off the engine, code point by code point, in some 50 ms.
 */
function borrowClasses(source) {
  const reader = `
  const readClass = (expression) => {
    const isMember = new RegExp(expression, 'u');
    const ranges = [];
    for (let at = 0, last = -2; at <= 0x10ffff; at++) {
      if (!isMember.test(String.fromCodePoint(at))) continue;
      if (at === last + 1) ranges[ranges.length - 1] = at;
      else ranges.push(at, at);
      last = at;
    }
    return new UnicodeRangeTable(Uint32Array.from(ranges), true);
  };
  const LazyClasses = class {
    constructor(expressions) { this.expressions = expressions; this.known = new Map(); }
    has(name) { return Object.hasOwn(this.expressions, name); }
    get(name) {
      if (!this.known.has(name)) this.known.set(name, this.has(name) ? readClass(this.expressions[name]) : null);
      return this.known.get(name);
    }
  };`;
  const borrowed = Object.entries(CLASS_TABLES).reduce((text, [table, property]) => {
    const [all, body] =
      new RegExp(`static ${table} = new LazyMap\\(\\{([\\s\\S]*?)\\n\\t\\}\\)`).exec(text) ?? [];
    if (all === undefined) throw new Error(`re2js: no table ${table}, see scripts/trim-dependencies.mjs`);
    const names = [...body.matchAll(/^\t\t(\w+): /gm)].map(([, name]) => name);
    const known = names.flatMap((name) => {
      const forms = [`\\p{${property}=${name}}`, `\\p{${name}}`];
      const form = forms.find((one) => isExpression(one));
      return form === undefined ? [] : [[name, form]];
    });
    return text.replace(
      all,
      () => `static ${table} = new LazyClasses(${JSON.stringify(Object.fromEntries(known))})`,
    );
  }, source);
  return borrowed.replace('var UnicodeTables = class', () => `${reader}\nvar UnicodeTables = class`);
}

function isExpression(text) {
  try {
    return new RegExp(text, 'u') !== undefined;
  } catch {
    return false;
  }
}

export const trimDependencies = {
  name: 'trim-dependencies',
  setup(build) {
    const filter = new RegExp(`^(${Object.keys(STAND_INS).join('|').replaceAll('.', '\\.')})$`);
    build.onResolve({ filter }, ({ path }) => ({ path, namespace: 'stand-in' }));
    build.onLoad({ filter: /re2js\/build\/index\.c?js$/ }, ({ path }) => ({
      contents: borrowClasses(readFileSync(path, 'utf8')),
      loader: 'js',
    }));
    build.onLoad({ filter: /.*/, namespace: 'stand-in' }, ({ path }) => ({ contents: STAND_INS[path] }));
  },
};
