import base from './jest.config.js';

/**
 * Tests that need Debian packages beside npm: postgresql, pgbouncer, redis-server, nginx, caddy, faketime. One whose package is missing fails
 * and names it. Each starts the servers it needs on free ports and stops them.
 * @type {import('jest').Config}
 */
export default {
  ...base,
  roots: ['<rootDir>/test/system'],
  testPathIgnorePatterns: ['/node_modules/'],
  // They stop and slow down servers, and hold what they see to a time.
  maxWorkers: 1,
};
