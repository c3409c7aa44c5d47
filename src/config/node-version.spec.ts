import { assertNodeVersion } from './node-version.js';

describe('assertNodeVersion', () => {
  it.each(['20.20.2', '22.21.0', '8.0.0'])('refuses Node %s', (version) => {
    expect(() => assertNodeVersion(version)).toThrow(
      `Keyway runs on Node 24 or newer, and this is Node ${version}: start it by npm`,
    );
  });

  it.each([undefined, '24.0.0', '100.1.0'])('accepts Node %s', (version) => {
    expect(() => assertNodeVersion(version)).not.toThrow();
  });
});
