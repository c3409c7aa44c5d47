import system from './jest.system.config.js';

/**
 * All faults, rotations and restarts under load, the short ones of the system tests with them: some ten minutes. A table
 * of all runs is printed at the end.
 * @type {import('jest').Config}
 */
export default {
  ...system,
  roots: ['<rootDir>/test/faults', '<rootDir>/test/system'],
  testMatch: ['**/test/faults/*.spec.ts', '**/test/system/faults.spec.ts'],
  globalSetup: '<rootDir>/test/faults/global-setup.ts',
  globalTeardown: '<rootDir>/test/faults/global-teardown.ts',
  testTimeout: 300_000,
};
