#!/usr/bin/env node
'use strict';
require('./no-debugger.cjs');
const NEEDED = 20;
const found = `this is ${process.version} (${process.execPath})`;

// The files in this directory use only syntax that old versions of Node can parse, unlike the program itself.
if (Number.parseInt(process.versions.node, 10) < NEEDED) {
  require('./cannot-start.cjs')(
    `Node.js ${NEEDED} or newer is needed, but ${found}`,
    'install a newer one: https://nodejs.org/en/download',
  );
} else if (isBuilt()) {
  require('../dist/main.cjs').run();
} else {
  require('./cannot-start.cjs')('this clone is not built', 'run: npm ci && npm run build');
}

function isBuilt() {
  try {
    return require.resolve('../dist/main.cjs') !== '';
  } catch (_error) {
    return false;
  }
}
