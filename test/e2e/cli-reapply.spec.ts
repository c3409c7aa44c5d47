import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { DatabaseSettings } from '../../src/config/configuration.js';
import { buildApp, TEST, type TestApp } from '../support/build-app.js';
import { registerPasskey, type RegisteredPasskey } from '../support/flows.js';
import { auditTrail, count, eventsOf, sql } from '../support/tables.js';
import { Tenant } from '../support/tenant.js';
import { TestUser } from '../support/test-user.js';
import { buildKeyway } from './build-keyway.js';
import { aDirectory, type Ending, runCommand, sweep } from './keyway-process.js';

let app: TestApp;
let url: string;
beforeAll(async () => {
  buildKeyway();
  app = await buildApp();
  ({ url } = app.configuration.database as DatabaseSettings & { kind: 'postgresql' });
}, 150_000);
afterEach(sweep);
afterAll(() => app?.close());

const keyway = (args: readonly string[], changes: Record<string, string> = {}) =>
  runCommand(args, { NODE_ENV: 'production', DATABASE_URL: url, APP_ID: TEST.appId, ...changes });
/** Reapplies a file with these lines. */
const reapply = (lines: readonly (object | string)[], ...args: string[]): Promise<Ending> => {
  const file = join(aDirectory(), 'events.jsonl');
  writeFileSync(
    file,
    lines.map((line) => (typeof line === 'string' ? line : JSON.stringify(line))).join('\n'),
  );
  return keyway(['reapply', '--app', TEST.appId, ...args, file]);
};
const report = ({ code, stdout, stderr }: Ending) => {
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  return JSON.parse(stdout) as { revoked: object[]; erased: string[]; unlinked: string[]; gone: number };
};

let users = 0;
async function aUser() {
  const passkey = await registerPasskey(new TestUser(app, { sub: `reapplied-${(users += 1)}` }));
  const { userId } = (await auditTrail(app)).find(({ deviceId }) => deviceId === passkey.device.id)!;
  const [row] = await sql<{ id: string }>(
    app,
    'select external_id as id from flex_users where id = $1',
    userId!,
  );
  return { ...passkey, userId: userId!, externalId: row!.id };
}
type User = Awaited<ReturnType<typeof aUser>>;
const at = new Date().toISOString();
/** As `keyway events` writes it. */
const revoked = ({ userId, device }: User, appId: string = TEST.appId) => ({
  id: 'x',
  type: 'passkey.revoked',
  appId,
  userId,
  deviceId: device.id,
  createdAt: at,
});
const passkeysOf = async ({ user }: Pick<RegisteredPasskey, 'user'>) => (await user.passkeys()).length;

describe('keyway events --all', () => {
  it('writes the whole trail as lines, newest first, of more than a page', async () => {
    const { userId } = await aUser();
    await sql(
      app,
      `insert into audit_events (app_id, id, type, user_id, created_at)
        select 'shop', 'many-' || n, 'passkey.used', $1, now() - make_interval(secs => n) from generate_series(1, 2500) n`,
      userId,
    );
    const { code, stdout, stderr } = await keyway([
      'events',
      '--app',
      'shop',
      '--all',
      '--type',
      'passkey.used',
    ]);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    const ids = stdout
      .trimEnd()
      .split('\n')
      .map((line) => (JSON.parse(line) as { id: string }).id);
    expect(ids).toEqual(Array.from({ length: 2500 }, (_, n) => `many-${n + 1}`));
    await sql(app, `delete from audit_events where id like 'many-%'`);
  });

  it('writes nothing where there is nothing, and contradicts --limit', async () => {
    const none = await keyway(['events', '--app', 'shop', '--all', '--type', 'passkey.imported', '--json']);
    expect(none).toMatchObject({ code: 0, output: '' });
    expect(await keyway(['events', '--app', 'shop', '--all', '--limit', '5'])).toMatchObject({ code: 2 });
  });
});

describe('keyway reapply', () => {
  it('reads what keyway events writes, pages of the API, and bodies of webhooks', async () => {
    const [a, b, c] = [await aUser(), await aUser(), await aUser()];
    const flex = { type: 'passkey.revoked', user_id: b.userId, device_id: b.device.id, created_at: at };
    const webhook = {
      type: 'passkey.revoked',
      timestamp: at,
      data: {
        id: 'x',
        app_id: TEST.appId,
        user: { id: c.userId, external_id: 'c' },
        passkey: { id: c.device.id },
      },
    };
    const events = await eventsOf(app, async () => {
      const lines = [revoked(a), { events: [flex], next: null }, '', webhook];
      const dry = report(await reapply(lines, '--dry-run', '--json'));
      expect(dry).toMatchObject({ dryRun: true, gone: 0 });
      expect(dry.revoked).toHaveLength(3);
      expect(await Promise.all([a, b, c].map(passkeysOf))).toEqual([1, 1, 1]);
      expect(report(await reapply(lines, '--yes', '--json')).revoked).toEqual(dry.revoked);
      expect(await Promise.all([a, b, c].map(passkeysOf))).toEqual([0, 0, 0]);
      expect(report(await reapply(lines, '--yes', '--json'))).toMatchObject({ revoked: [], gone: 3 });
    });
    expect(events.map(({ type, actor }) => [type, actor])).toEqual(
      Array(3).fill(['passkey.revoked', 'command-line']),
    );
  });

  it('revokes the last passkey of an app that denies that to its users', async () => {
    const user = await aUser();
    await keyway(['app', 'update', 'shop', '--last-passkey', 'deny', '--step-up', 'passkey']);
    expect(report(await reapply([revoked(user)], '--yes', '--json')).revoked).toHaveLength(1);
    await keyway(['app', 'update', 'shop', '--last-passkey', 'warn', '--step-up', 'off']);
  });

  it('revokes no passkey of another user or app, and passes over what takes nothing away', async () => {
    const [mine, others] = [await aUser(), await aUser()];
    const tenant = await Tenant.create(app);
    const lines = [
      { ...revoked(mine), userId: others.userId },
      revoked(mine, tenant.id),
      { ...revoked(mine), type: 'passkey.used' },
      { ...revoked(mine), userId: null },
    ];
    expect(report(await reapply(lines, '--yes', '--json'))).toMatchObject({
      revoked: [],
      erased: [],
      gone: 1,
    });
    expect(await Promise.all([mine, others].map(passkeysOf))).toEqual([1, 1]);
  });

  it('undoes a tie only if that was the last that happened to it', async () => {
    const [undone, tiedAgain] = [await aUser(), await aUser()];
    const tie = (type: string, { userId }: User, seconds: number) => ({
      type,
      appId: TEST.appId,
      userId,
      createdAt: new Date(Date.now() + seconds * 1000).toISOString(),
    });
    const lines = [
      tie('user.unlinked', undone, 2),
      tie('user.linked', undone, 1),
      tie('user.linked', tiedAgain, 2),
      tie('user.unlinked', tiedAgain, 1),
    ];
    expect(report(await reapply(lines, '--yes', '--json'))).toMatchObject({
      revoked: [],
      erased: [],
      unlinked: [undone.externalId],
    });
    const tied = (user: User) => count(app, 'users where subject = $1', user.user.subject);
    expect([await tied(undone), await tied(tiedAgain)]).toEqual([0, 1]);
  });

  it('erases users with their identities, and asks first', async () => {
    const user = await aUser();
    const line = { type: 'user.deleted', appId: TEST.appId, userId: user.userId, createdAt: at };
    expect(await reapply([line])).toMatchObject({
      code: 2,
      stdout: '',
      stderr:
        'This revokes 0 passkeys, undoes 0 ties and erases 1 user of shop for good. Add --yes to go on.\n',
    });
    expect(await passkeysOf(user)).toBe(1);
    expect(report(await reapply([line], '--yes', '--json')).erased).toEqual([user.userId]);
    expect(await count(app, 'users where subject = $1', user.user.subject)).toBe(0);
  });

  it.each([
    ['{"type":"passkey.revoked"', 'cut short'],
    ['[]', 'no object'],
    ['{"type":"passkey.revoked","userId":"x"}', 'without a time'],
    ['{"events":[{}]}', 'a page of something else'],
  ])('does nothing of a file with a line that is no event: %s (%s)', async (line) => {
    const user = await aUser();
    const { code, stderr } = await reapply([revoked(user), line], '--yes', '--json');
    expect(code).toBe(1);
    expect(JSON.parse(stderr)).toEqual({
      code: 'invalid_events',
      error: expect.stringMatching(
        /events\.jsonl": Line 2 is not an event in JSON\. Nothing was changed\.$/,
      ) as string,
    });
    expect(await passkeysOf(user)).toBe(1);
  });

  it('asks for the APP_ID of the service, and for an app that there is', async () => {
    const args = ['reapply', '--app', 'shop', '--yes', '--json', '/dev/null'];
    const without = await keyway(args, { APP_ID: '' });
    expect(JSON.parse(without.stderr)).toMatchObject({ code: 'invalid_settings' });
    const elsewhere = await keyway(['reapply', '--app', 'nowhere', '--yes', '--json', '/dev/null']);
    expect(JSON.parse(elsewhere.stderr)).toMatchObject({ code: 'app_not_found' });
  });
});
