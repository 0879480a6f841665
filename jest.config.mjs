import { readFileSync } from 'node:fs';

const { version } = JSON.parse(readFileSync(new URL('package.json', import.meta.url), 'utf8'));

/** Native ESM through node --experimental-vm-modules; TypeScript is stripped by esbuild. */
export default {
  testMatch: ['<rootDir>/test/**/*.test.ts'],
  testPathIgnorePatterns: ['/node_modules/', '\\.slow\\.test\\.ts$'],
  testEnvironment: 'node',
  // Before the workers start, of which each would compile it.
  globalSetup: '<rootDir>/scripts/jest-setup.mjs',
  // As the build puts it in.
  globals: { ATLANTIS_VERSION: version },
  // Most tests wait, for servers, timers and other processes.
  maxWorkers: 6,
  extensionsToTreatAsEsm: ['.ts'],
  moduleNameMapper: { '/scanner\\.wasm$': '<rootDir>/assembly/index.ts' },
  transform: {
    '/assembly/index\\.ts$': '<rootDir>/scripts/scanner-code.mjs',
    '\\.[jt]s$': '<rootDir>/scripts/jest-esbuild.mjs',
  },
  // These compute much, and gain most from it.
  transformIgnorePatterns: ['/node_modules/(?!(tweetnacl|string-width|get-east-asian-width|re2js)/)'],
  // Only what hangs takes that long, however busy the machine is.
  testTimeout: 60_000,
  coverageProvider: 'v8',
  collectCoverageFrom: ['src/**/*.ts'],
  coverageDirectory: 'coverage',
  // Measured in the process only: what tests see by running the built command comes on top.
  coverageThreshold: {
    './src/connection/': { lines: 90, branches: 85 },
    './src/events/': { lines: 85, branches: 85 },
    './src/filter/': { lines: 85, branches: 85 },
    './src/stream/': { lines: 90, branches: 85 },
    './src/settings/': { lines: 90, branches: 85 },
    './src/profiles/': { lines: 90, branches: 85 },
  },
  coverageReporters: ['text-summary', 'lcovonly'],
};
