import { ConfigurationError } from './configuration-error.js';

const OLDEST = 24;

/** Throws a `ConfigurationError` on a Node that lacks what Keyway is built on. */
export function assertNodeVersion(version = process.versions.node): void {
  if (Number.parseInt(version, 10) >= OLDEST) return;
  throw new ConfigurationError([
    `Keyway runs on Node ${OLDEST} or newer, and this is Node ${version}: start it by npm (npm start, npx keyway), ` +
      'which uses the Node that npm ci installed with it.',
  ]);
}
