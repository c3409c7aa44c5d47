import { setTimeout as pause } from 'node:timers/promises';
import { ask } from '../e2e/ask.js';
import { buildKeyway } from '../e2e/build-keyway.js';
import { runKeyway, sweep } from '../e2e/keyway-process.js';
import { productionSettings } from '../e2e/production.js';
import { eventually } from '../support/eventually.js';
import { freePort } from '../support/free-port.js';

const MINUTE = 60_000; // ms

describe('a start while the database stays away', () => {
  beforeAll(() => buildKeyway(), 150_000);
  afterEach(sweep);

  it('is alive for a minute, and then fails with the name DATABASE_URL, without its password', async () => {
    const [port, nowhere] = [await freePort(), await freePort()];
    const url = `postgresql://keyway:hunter2@127.0.0.1:${nowhere}/shop`;
    const begun = Date.now();
    const ended = runKeyway({ ...productionSettings(url), PORT: String(port) });
    const live = async () => (await ask(`http://127.0.0.1:${port}/health/live`)).status;
    await eventually(async () => expect(await live()).toBe(200));
    for (; Date.now() - begun < MINUTE - 5_000; await pause(1_000)) expect(await live()).toBe(200);
    const { code, output, stderr } = await ended;
    expect(code).toBe(1);
    expect(stderr).toMatch(
      /^Keyway cannot start\.\nCannot connect to the database 127\.0\.0\.1:\d+\/shop .*ECONNREFUSED.*: set DATABASE_URL to .*\. Keyway has waited for it for 60 s\.\n$/,
    );
    expect(output).not.toContain('hunter2');
    expect(Date.now() - begun).toBeGreaterThan(MINUTE - 2_000);
    expect(Date.now() - begun).toBeLessThan(MINUTE + 15_000);
  });
});
