#!/usr/bin/env node
'use strict';
// Must come first: without a listener, SIGUSR1 makes Node open its debugger, in which any local user can run code.
process.on('SIGUSR1', () => {});
require('../dist/main.cjs').run();
