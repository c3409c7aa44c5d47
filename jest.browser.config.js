/** @type {import('jest').Config} */
export default {
  testEnvironment: 'node',
  roots: ['<rootDir>/test/browser'],
  testMatch: ['**/*.spec.ts'],
  // The pictures of the README are made on demand only.
  testPathIgnorePatterns: process.env.SCREENSHOTS ? [] : ['screenshots\\.spec\\.ts$'],
  extensionsToTreatAsEsm: ['.ts'],
  moduleNameMapper: { '^(\\.{1,2}/.*)\\.js$': '$1' },
  transform: { '^.+\\.ts$': ['ts-jest', { useESM: true, diagnostics: false }] },
  maxWorkers: 1,
  setupFilesAfterEnv: ['<rootDir>/test/support/each-test.ts'],
  testTimeout: 60_000,
};
