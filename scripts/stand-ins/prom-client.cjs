// Replaces the entry of prom-client, which loads everything: default metrics with the API of OpenTelemetry, quantiles,
// a push gateway, workers. monitoring/metrics.ts uses three classes; they are as published.
exports.Counter = require('../../node_modules/prom-client/lib/counter.js');
exports.Gauge = require('../../node_modules/prom-client/lib/gauge.js');
exports.Registry = require('../../node_modules/prom-client/lib/registry.js');
