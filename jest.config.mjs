/** Native ESM through node --experimental-vm-modules; TypeScript is stripped by esbuild. */
export default {
  testMatch: ['<rootDir>/test/**/*.test.ts'],
  testPathIgnorePatterns: ['/node_modules/', '\\.slow\\.test\\.ts$'],
  testEnvironment: 'node',
  // Most tests wait for other processes.
  maxWorkers: 3,
  extensionsToTreatAsEsm: ['.ts'],
  moduleNameMapper: { '/scanner\\.wasm$': '<rootDir>/assembly/index.ts' },
  transform: {
    '/assembly/index\\.ts$': '<rootDir>/scripts/scanner-code.mjs',
    '\\.ts$': '<rootDir>/scripts/jest-esbuild.mjs',
  },
  testTimeout: 20_000,
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
