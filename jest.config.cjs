const { availableParallelism } = require('node:os')

/** Tests run on the sources: swc strips the types, `await using` is compiled for Node 20. */
module.exports = {
  testEnvironment: '<rootDir>/test/support/global-environment.ts',
  roots: ['<rootDir>/test'],
  testMatch: ['**/*.test.ts'],
  testPathIgnorePatterns: ['/node_modules/', '/fixtures/'],
  modulePathIgnorePatterns: [
    '<rootDir>/dist/',
    '<rootDir>/codemods/dist/',
    '<rootDir>/test/codemods/fixtures/',
    '<rootDir>/test/codemods/cleanup/fixtures/',
  ],
  transform: {
    '^.+\\.[cm]?ts$': [
      '@swc/jest',
      {
        jsc: { parser: { syntax: 'typescript' }, target: 'es2022' },
        module: { type: 'commonjs' },
        sourceMaps: 'inline',
      },
    ],
  },
  moduleNameMapper: {
    '^pgferry$': '<rootDir>/src/index.ts',
    '^pgferry/legacy$': '<rootDir>/src/legacy.ts',
    '^pgferry/opentelemetry$': '<rootDir>/src/opentelemetry.ts',
    '^pgferry/pg$': '<rootDir>/src/pg.ts',
    '^pgferry/prometheus$': '<rootDir>/src/prometheus.ts',
    '^pgferry/testing$': '<rootDir>/src/testing.ts',
    '^@pgferry/codemods$': '<rootDir>/codemods/src/index.ts',
    '^(\\.{1,2}/.*)\\.js$': '$1',
  },
  collectCoverageFrom: ['src/**/*.ts', 'codemods/src/**/*.ts', '!**/*.d.ts'],
  coverageProvider: 'v8',
  // Measured 98 to 99 % of lines and 90 to 97 % of branches; the slack is for Node versions, which count differently.
  coverageThreshold: {
    './src/': { lines: 95, branches: 92 },
    './codemods/src/': { lines: 95, branches: 88 },
  },
  globalSetup: '<rootDir>/test/support/global-setup.ts',
  globalTeardown: '<rootDir>/test/support/global-teardown.ts',
  testTimeout: 30000,
  // Many tests wait for servers and child processes, so even two cores are worth two files at a time.
  maxWorkers: Math.max(2, availableParallelism() - 1),
  // What earlier files left in memory makes each later measurement of coverage slower; a new process has none of it.
  workerIdleMemoryLimit: '250MB',
}
