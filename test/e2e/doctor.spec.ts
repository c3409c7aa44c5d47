import type { Finding } from '../../src/doctor/finding.js';
import { freePort } from '../support/free-port.js';
import { buildKeyway } from './build-keyway.js';
import { runCommand, startKeyway, sweep } from './keyway-process.js';
import { aDatabase, productionSettings } from './production.js';

beforeAll(buildKeyway, 150_000);
afterEach(sweep);

describe('keyway doctor', () => {
  it('ends with 0 beside a service that is well, with 1 once its database is gone, and names each check', async () => {
    const database = await aDatabase({ migrated: true });
    const port = `${await freePort()}`;
    const settings = {
      ...productionSettings(database.url),
      NODE_ENV: 'test',
      PORT: port,
      PUBLIC_URL: `http://localhost:${port}`,
      APP_RP_ID: 'localhost',
      APP_ORIGINS: 'http://localhost:8080',
    };
    await startKeyway({ ...settings, HOST: '127.0.0.1' });
    const well = await runCommand(['doctor'], settings);
    expect({ code: well.code, stderr: well.stderr }).toEqual({ code: 0, stderr: '' });
    expect(well.stdout.trim().split('\n')).toEqual(
      expect.arrayContaining([
        'ok    settings              All settings are valid.',
        `ok    public-url            http://localhost:${port} is Keyway.`,
        'ok    well-known            The app shop has nothing to say in well-known documents.',
      ]),
    );
    expect(well.stdout).not.toMatch(/^fail/m);
    await database.drop();
    const ill = await runCommand(['doctor', '--json'], settings);
    expect(ill.code).toBe(1);
    expect(JSON.parse(ill.stderr)).toEqual({ code: 'checks_failed', error: '1 check failed.' });
    const { findings } = JSON.parse(ill.stdout) as { findings: Finding[] };
    expect(findings.filter(({ state }) => state === 'fail')).toEqual([
      { check: 'database', state: 'fail', sentence: expect.stringContaining('does not exist') as string },
    ]);
  });

  it('says what to set where nothing but the name of production is set', async () => {
    const { code, stdout, stderr } = await runCommand(['doctor'], { NODE_ENV: 'production' });
    expect({ code, stderr }).toEqual({
      code: 1,
      stderr: expect.stringMatching(/^\d+ checks failed\.\n$/) as string,
    });
    for (const name of ['PUBLIC_URL', 'DATABASE_URL', 'KEYWAY_SECRET', 'APP_ID', 'JWT_ISSUER']) {
      expect(stdout).toMatch(new RegExp(`^fail  settings +Set ${name} to `, 'm'));
    }
  });

  it('knows the demo, and makes nothing of it', async () => {
    const { code, stdout } = await runCommand(['doctor', '--json'], {});
    expect(code).toBe(0);
    const { findings } = JSON.parse(stdout) as { findings: Finding[] };
    expect(findings.map(({ check, state }) => `${check} ${state}`)).toEqual([
      'versions ok',
      'settings ok',
      'database ok',
      'redis ok',
    ]);
  });
});
