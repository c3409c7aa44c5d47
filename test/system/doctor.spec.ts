import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Finding } from '../../src/doctor/finding.js';
import { buildKeyway, DIST } from '../e2e/build-keyway.js';
import { aDirectory, runCommand, sweep } from '../e2e/keyway-process.js';
import { aDatabase, productionSettings } from '../e2e/production.js';
import { startPgBouncer } from '../support/pgbouncer.js';
import { RedisServer } from '../support/redis-server.js';
import type { TestDatabase } from '../support/test-database.js';

let database: TestDatabase;
beforeAll(async () => {
  buildKeyway();
  database = await aDatabase({ migrated: true });
}, 150_000);
afterEach(sweep);
afterAll(() => database?.drop());

const findingsWith = async (changes: Record<string, string>): Promise<Finding[]> => {
  const { stdout } = await runCommand(['doctor', '--json'], {
    ...productionSettings(database.url),
    ...changes,
  });
  return (JSON.parse(stdout) as { findings: Finding[] }).findings;
};
const of = (findings: readonly Finding[], check: string) => findings.filter((it) => it.check === check);

describe('keyway doctor', () => {
  it('knows a pooler by session, and says why one by transaction cannot be used', async () => {
    const bySession = await startPgBouncer(database.url, []);
    const session = await findingsWith({ DATABASE_URL: bySession.url }).finally(() => bySession.stop());
    expect(of(session, 'database-pooler')).toMatchObject([
      { state: 'ok', sentence: expect.stringContaining('in session mode') as string },
    ]);
    expect(of(session, 'database-limits')).toMatchObject([{ state: 'ok' }]);
    const byTransaction = await startPgBouncer(database.url, ['pool_mode = transaction']);
    const mixed = await findingsWith({ DATABASE_URL: byTransaction.url }).finally(() => byTransaction.stop());
    expect(of(mixed, 'database')).toMatchObject([
      { state: 'fail', sentence: expect.stringContaining('mixes up their prepared statements') as string },
    ]);
  });

  it('counts in Redis as the service does, and says what it lacks', async () => {
    const password = randomBytes(8).toString('hex');
    const redis = await RedisServer.start('--requirepass', password);
    const with_ = async (user: string) =>
      of(await findingsWith({ REDIS_URL: redis.url.replace('://', `://${user}@`) }), 'redis')[0];
    try {
      expect(await with_(`:${password}`)).toMatchObject({ state: 'ok' });
      expect(await with_(':wrong-password')).toMatchObject({
        state: 'fail',
        sentence: expect.stringMatching(
          /does not count \((WRONGPASS|NOAUTH)\).*set REDIS_URL to a user/,
        ) as string,
      });
      redis.freeze();
      expect(await with_(`:${password}`)).toMatchObject({
        state: 'fail',
        sentence: expect.stringContaining('does not count (timeout)') as string,
      });
    } finally {
      redis.thaw();
      await redis.kill();
    }
  });

  it.each([
    ['+2 minutes', /^This machine's clock is 1[12]\d\.\d s ahead of the database's: set both by NTP, or/],
    ['-2 minutes', /^This machine's clock is 1[12]\d\.\d s behind the database's: set both by NTP, or/],
  ])('compares the clock of a machine that is off by %s with the database', async (offset, sentence) => {
    const args = ['-f', offset, process.execPath, join(DIST, 'cli/main.js'), 'doctor', '--json'];
    const env = { PATH: process.env.PATH, ...productionSettings(database.url) };
    const failed = await promisify(execFile)('faketime', args, { cwd: aDirectory(), env }).catch(
      (error: { stdout: string; code: unknown }) => {
        if (error.code === 'ENOENT') throw new Error('Install the Debian package faketime.');
        return error;
      },
    );
    const { findings } = JSON.parse(failed.stdout) as { findings: Finding[] };
    expect(of(findings, 'clock')).toEqual([
      { check: 'clock', state: 'fail', sentence: expect.stringMatching(sentence) as string },
    ]);
  });
});
