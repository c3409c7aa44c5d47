/**
 * Tests that need Debian packages beside npm: postgresql, pgbouncer, redis-server, nginx, caddy. One whose package is missing fails
 * and names it. Each starts the servers it needs on free ports and stops them.
 * @type {import('jest').Config}
 */
export default {
  testEnvironment: 'node',
  roots: ['<rootDir>/test/system'],
  testMatch: ['**/*.spec.ts'],
  extensionsToTreatAsEsm: ['.ts'],
  moduleNameMapper: {
    '^(\\.{1,2}/.*)\\.js$': '$1',
    '^@passageidentity/passage-flex-node$': '<rootDir>/packages/node/src/index.ts',
  },
  transform: { '^.+\\.ts$': ['ts-jest', { useESM: true, diagnostics: false }] },
  globalSetup: '<rootDir>/test/support/global-setup.ts',
  globalTeardown: '<rootDir>/test/support/global-teardown.ts',
  // They stop and slow down servers, and hold what they see to a time.
  maxWorkers: 1,
  setupFilesAfterEnv: ['<rootDir>/test/support/each-test.ts'],
  testTimeout: 120_000,
};
