#!/usr/bin/env node
'use strict';
// Must come first: without a listener, SIGUSR1 makes Node open its debugger, in which any local user can run code.
process.on('SIGUSR1', () => {});
const NEEDED = 20;
if (Number.parseInt(process.versions.node, 10) >= NEEDED) require('../dist/main.cjs').run();
// Loaded only here, and in syntax of old versions, as this file is: the program itself would not even parse there.
else require('./old-node.cjs')(NEEDED);
