import type { DatabaseSettings } from '../../src/config/configuration.js';
import { buildApp, TEST, type TestApp } from '../support/build-app.js';
import { registerPasskey, signIn } from '../support/flows.js';
import { auditTrail, count, eventsOf, sql } from '../support/tables.js';
import { Tenant } from '../support/tenant.js';
import { TestUser } from '../support/test-user.js';
import { buildKeyway } from './build-keyway.js';
import { type Ending, runCommand, sweep } from './keyway-process.js';

interface EventJson {
  readonly id: string;
  readonly type: string;
  readonly userId: string;
  readonly deviceId: string;
  readonly actor: string | null;
  readonly createdAt: string;
}

interface EventsJson {
  readonly events: EventJson[];
  readonly next: string | null;
}

let app: TestApp;
let url: string;
beforeAll(async () => {
  buildKeyway();
  app = await buildApp();
  ({ url } = app.configuration.database as DatabaseSettings & { kind: 'postgresql' });
}, 150_000);
afterEach(sweep);
afterAll(() => app?.close());

const keyway = (...args: string[]) =>
  runCommand(args, { NODE_ENV: 'production', DATABASE_URL: url, APP_ID: TEST.appId });
const answer = async <T>(...args: string[]): Promise<T> => {
  const { code, stdout, stderr } = await keyway(...args, '--json');
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  return JSON.parse(stdout) as T;
};
const failure = ({ code, stdout, stderr }: Ending) => {
  expect(stdout).toBe('');
  return { exit: code, ...(JSON.parse(stderr) as { code: string; error: string }) };
};
const externalIdOf = async (subject: string): Promise<string> => {
  const [row] = await sql<{ id: string }>(
    app,
    'select passage_external_id as id from users where subject = $1',
    subject,
  );
  return row!.id;
};
const IN_SHOP = ['--app', TEST.appId];
let users = 0;
/** A user of the service's own app with a passkey that has signed in once. */
async function aUser() {
  const subject = `user-${(users += 1)}`;
  const passkey = await registerPasskey(new TestUser(app, { sub: subject }));
  await signIn(passkey);
  return { ...passkey, subject, externalId: await externalIdOf(subject) };
}

describe('keyway user', () => {
  it('links a user to the identity of their tokens and unlinks them, as the audit trail tells', async () => {
    const { externalId, subject, device, user } = await aUser();
    const shown = await answer<{ identity: object }>('user', 'show', ...IN_SHOP, externalId);
    expect(shown.identity).toEqual({ issuer: TEST.issuer, subject });
    const identity = { appId: TEST.appId, externalId, issuer: TEST.issuer, subject };
    const events = await eventsOf(app, async () => {
      expect(await answer('user', 'unlink', ...IN_SHOP, externalId)).toEqual(identity);
      expect((await user.call('DELETE', `/user/devices/${device.id}`)).status).toBe(404);
      const link = ['user', 'link', ...IN_SHOP, externalId, '--subject', subject, '--issuer', TEST.issuer];
      expect(await answer(...link)).toEqual(identity);
    });
    expect(events).toMatchObject([
      { type: 'user.unlinked', actor: 'command-line' },
      { type: 'user.linked', actor: 'command-line', reason: 'operator' },
    ]);
    expect(await user.passkeys()).toMatchObject([{ id: device.id }]);
    const gone = failure(await keyway('user', 'unlink', ...IN_SHOP, 'nobody', '--json'));
    expect(gone).toMatchObject({ exit: 1, code: 'user_not_found' });
  });

  it('refuses to link a user who is tied otherwise, of an app without identities, or of an issuer that is not known', async () => {
    const { externalId } = await aUser();
    const tenant = await Tenant.create(app);
    const link = (appId: string, ...more: string[]) =>
      keyway('user', 'link', '--app', appId, externalId, '--subject', 'somebody', ...more, '--json');
    const settled = failure(await link(TEST.appId, '--issuer', TEST.issuer));
    expect(settled).toMatchObject({ exit: 1, code: 'external_id_conflict' });
    const foreign = failure(await link(tenant.id, '--issuer', TEST.issuer));
    expect(foreign).toMatchObject({ exit: 1, code: 'invalid_settings' });
    expect(failure(await link(TEST.appId))).toMatchObject({ exit: 1, code: 'invalid_settings' });
    const env = { NODE_ENV: 'production', DATABASE_URL: url, APP_ID: TEST.appId, JWT_ISSUER: TEST.issuer };
    const args = [
      'user',
      'link',
      ...IN_SHOP,
      'new',
      '--subject',
      'somebody',
      '--issuer',
      'https://evil.example',
    ];
    expect(failure(await runCommand([...args, '--json'], env))).toMatchObject({ code: 'invalid_settings' });
  });

  it('links a user in remote mode, where the other server has them', async () => {
    const env = {
      NODE_ENV: 'production',
      DATABASE_URL: url,
      PASSAGE_MODE: 'remote',
      PASSAGE_APP_ID: 'there',
      JWT_ISSUER: TEST.issuer,
    };
    const args = ['user', 'link', '--app', 'there', 'far-away', '--subject', 'remote-somebody'];
    const { code, stderr } = await runCommand(args, env);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    const tied = `users where passage_external_id = 'far-away' and subject = 'remote-somebody' and tied_by = 'operator'`;
    expect(await count(app, tied)).toBe(1);
  });

  it('shows a user and lists their passkeys as the API has them', async () => {
    const { externalId, device } = await aUser();
    const shown = await answer<object>('user', 'show', ...IN_SHOP, externalId);
    expect(shown).toMatchObject({ externalId, status: 'active', passkeys: 1, loginCount: 1 });
    expect((await keyway('user', 'show', ...IN_SHOP, externalId)).stdout).toMatch(/^passkeys {2,}1$/m);
    const { id, credId, friendlyName, createdAt } = device;
    const devices = await answer<object[]>('user', 'devices', ...IN_SHOP, externalId);
    expect(devices).toEqual([
      expect.objectContaining({ id, credId, friendlyName, createdAt, usageCount: 1 }),
    ]);
    const { stdout } = await keyway('user', 'devices', ...IN_SHOP, externalId);
    expect(stdout).toMatch(new RegExp(`^ID .*USES\n${device.id} .* 1\n$`));
  });

  it('revokes a passkey as the command line, leaves its tombstone, and refuses to do so twice', async () => {
    const { externalId, device, user } = await aUser();
    const revoke = ['user', 'revoke', ...IN_SHOP, externalId, device.id];
    const events = await eventsOf(app, async () => {
      expect(await keyway(...revoke)).toMatchObject({
        code: 0,
        stdout: `The passkey ${device.id} of ${externalId} is revoked.\n`,
      });
    });
    expect(events).toEqual([
      expect.objectContaining({
        type: 'passkey.revoked',
        deviceId: device.id,
        actor: 'command-line',
        address: null,
        requestId: null,
      }),
    ]);
    expect(await user.passkeys()).toEqual([]);
    const hash = [Buffer.from(device.credId, 'base64url')];
    expect(await count(app, 'tombstones where credential_hash = sha256($1)', ...hash)).toBe(1);
    expect(failure(await keyway(...revoke, '--json'))).toMatchObject({ exit: 1, code: 'device_not_found' });
  });

  it('refuses to revoke the passkey of another user, or of another app under the same name', async () => {
    const [mine, others] = [await aUser(), await aUser()];
    const tenant = await Tenant.create(app);
    await tenant.register(mine.externalId);
    const events = await eventsOf(app, async () => {
      for (const args of [
        [...IN_SHOP, mine.externalId, others.device.id],
        ['--app', tenant.id, mine.externalId, mine.device.id],
      ]) {
        expect(failure(await keyway('user', 'revoke', ...args, '--json'))).toEqual({
          exit: 1,
          code: 'device_not_found',
          error: 'The passkey does not exist.',
        });
      }
    });
    expect(events).toEqual([]);
    expect([await mine.user.passkeys(), await others.user.passkeys()].map((it) => it.length)).toEqual([1, 1]);
  });

  it('obeys an app that denies to revoke the last passkey, and says what to change', async () => {
    const { externalId, device, user } = await aUser();
    await answer('app', 'update', 'shop', '--last-passkey', 'deny');
    const revoke = ['user', 'revoke', ...IN_SHOP, externalId, device.id];
    expect(failure(await keyway(...revoke, '--json'))).toEqual({
      exit: 1,
      code: 'last_passkey',
      error: expect.stringContaining('--last-passkey deny') as string,
    });
    expect(await user.passkeys()).toHaveLength(1);
    const app = { stepUp: 'either', stepUpMaxAge: 120, stepUpAcr: ['gold', 'urn:x'], stepUpAmr: ['otp'] };
    const options = ['--step-up', 'either', '--step-up-max-age', '2m', '--step-up-acr', 'gold,urn:x'];
    expect(
      await answer('app', 'update', 'shop', ...options, '--step-up-amr', 'otp', '--last-passkey', 'warn'),
    ).toMatchObject({ ...app, lastPasskey: 'warn' });
    for (const acr of ['a b', 'a"b', 'x'.repeat(256), Array(21).fill('a').join(',')]) {
      const refused = await keyway('app', 'update', 'shop', '--step-up-acr', acr, '--json');
      expect(failure(refused)).toMatchObject({ exit: 1, code: 'invalid_app' });
    }
    await answer(
      'app',
      'update',
      'shop',
      '--step-up',
      'off',
      '--step-up-acr',
      'none',
      '--step-up-amr',
      'none',
    );
    expect((await keyway(...revoke)).code).toBe(0);
  });

  it('erases a user after a question: passkeys, identity and traces go, tombstones stay', async () => {
    const { externalId, device, subject } = await aUser();
    const erase = ['user', 'erase', ...IN_SHOP, externalId];
    const unsure = await keyway(...erase);
    expect(unsure).toMatchObject({ code: 2, stdout: '' });
    expect(unsure.stderr).toBe(
      `This erases the user ${externalId} of shop with 1 passkey for good. Add --yes to go on.\n`,
    );
    expect(await count(app, 'flex_users where external_id = $1', externalId)).toBe(1);
    const { userId } = (await auditTrail(app)).find(({ deviceId }) => deviceId === device.id)!;

    expect(await answer(...erase, '--yes')).toEqual({ appId: 'shop', externalId, passkeys: 1 });
    expect(await count(app, 'flex_users where external_id = $1', externalId)).toBe(0);
    expect(await count(app, 'users where subject = $1', subject)).toBe(0);
    expect(await count(app, 'devices where id = $1', device.id)).toBe(0);
    const hash = [Buffer.from(device.credId, 'base64url')];
    expect(await count(app, 'tombstones where credential_hash = sha256($1)', ...hash)).toBe(1);
    expect(failure(await keyway(...erase, '--yes', '--json'))).toMatchObject({ code: 'user_not_found' });

    const { events: told } = await answer<EventsJson>('events', ...IN_SHOP, '--user-id', userId!);
    expect(told.map(({ type, actor }) => [type, actor])).toEqual([
      ['user.deleted', 'command_line'],
      ['passkey.used', 'person'],
      ['passkey.registered', 'person'],
    ]);
    for (const event of told.slice(1)) {
      expect(event).toMatchObject({ actorId: null, address: null, userAgent: null, requestId: null });
    }
    const text = (await keyway('events', ...IN_SHOP, '--user-id', userId!)).stdout;
    for (const personal of [externalId, subject, '127.0.0.1']) {
      expect(JSON.stringify(told) + text).not.toContain(personal);
    }
  });

  it('erases nobody where it is not known which app is the service’s own', async () => {
    const { externalId } = await aUser();
    const erase = ['user', 'erase', ...IN_SHOP, externalId, '--yes', '--json'];
    const unset = await runCommand(erase, { DATABASE_URL: url });
    expect(failure(unset)).toMatchObject({ code: 'invalid_settings', error: /^Set APP_ID/ as never });
    const mistyped = await runCommand(erase, { DATABASE_URL: url, APP_ID: 'shopp' });
    expect(failure(mistyped)).toMatchObject({ code: 'app_not_found', error: 'There is no app "shopp".' });
    expect(await count(app, 'flex_users where external_id = $1', externalId)).toBe(1);
  });

  it('tells an unknown app from an unknown user', async () => {
    const show = async (name: string) =>
      failure(await keyway('user', 'show', '--app', name, 'nobody', '--json')).code;
    expect([await show('nowhere'), await show('shop')]).toEqual(['app_not_found', 'user_not_found']);
  });
});

describe('keyway events', () => {
  const page = (...args: string[]) => answer<EventsJson>('events', ...IN_SHOP, ...args);
  const list = async (...args: string[]) => (await page(...args)).events;

  it('lists what happened, newest first, by user, passkey, type and time, a page at a time', async () => {
    const [one, other] = [await aUser(), await aUser()];
    const ofOne = await list('--user', one.externalId);
    expect(ofOne.map(({ type }) => type)).toEqual(['passkey.used', 'passkey.registered']);
    expect(ofOne.map(({ deviceId }) => deviceId)).toEqual([one.device.id, one.device.id]);
    expect(await list('--user-id', ofOne[0]!.userId)).toEqual(ofOne);
    expect(await list('--device', one.device.id)).toEqual(ofOne);
    expect(await list('--user', one.externalId, '--type', 'passkey.registered')).toEqual(ofOne.slice(1));

    const all = await list('--limit', '1000');
    const times = all.map(({ createdAt }) => createdAt);
    expect(times).toEqual(times.toSorted().reverse());
    expect(all.slice(0, 2).every(({ deviceId }) => deviceId === other.device.id)).toBe(true);
    expect(all).toHaveLength(await count(app, `audit_events where app_id = 'shop'`));
    const { next } = await page('--limit', '2');
    expect(await list('--limit', '2', '--cursor', next!)).toEqual(all.slice(2, 4));

    const at = all[3]!.createdAt;
    expect(await list('--since', at)).toEqual(all.filter(({ createdAt }) => createdAt >= at));
    expect(await list('--until', at, '--limit', '1000')).toEqual(
      all.filter(({ createdAt }) => createdAt < at),
    );
    expect(await list('--since', '1h')).toEqual(all.slice(0, 50));
    expect(await list('--since', '2099-01-01')).toEqual([]);
  });

  it('shows a table, and how to go on where there is more', async () => {
    await aUser();
    const {
      events: [newest],
      next,
    } = await page('--limit', '1');
    const { stdout, stderr } = await keyway('events', ...IN_SHOP, '--limit', '1');
    const [head, row] = stdout.split('\n');
    expect(head).toMatch(/^ID +TIME +TYPE +USER +DEVICE +ACTOR +BROWSER +ADDRESS +REASON$/);
    expect(row).toMatch(new RegExp(`^${newest!.id} +\\S+Z +passkey.used +${newest!.userId} `));
    expect(stderr).toBe(`There are more: add --cursor ${next}\n`);
    expect((await keyway('events', ...IN_SHOP, '--since', '2099-01-01')).stdout).toBe(
      'There are no such events.\n',
    );
  });

  it('tells nothing of another app', async () => {
    const tenant = await Tenant.create(app);
    await tenant.register('ada');
    const { events } = await answer<EventsJson>('events', '--app', tenant.id);
    expect(events).toHaveLength(1);
    const [{ userId, deviceId }] = events as [EventJson];
    expect(await list('--user-id', userId)).toEqual([]);
    expect(await list('--device', deviceId)).toEqual([]);
    expect(failure(await keyway('events', '--app', 'nowhere', '--json')).code).toBe('app_not_found');
  });
});

describe('keyway stats', () => {
  it('says how far passkeys have got, in words and in JSON', async () => {
    const tenant = await Tenant.create(app);
    const { authenticator } = await tenant.register('ada');
    await tenant.register('ada');
    await tenant.signIn(authenticator);
    const stats = ['stats', '--app', tenant.id, '--days', '2'];
    expect(await answer<object>(...stats)).toMatchObject({
      users: { total: 1, withNone: 0, withOne: 0, withSeveral: 1 },
      passkeys: { total: 2, synced: 2, notSynced: 0, unknown: 0 },
      providers: [{ provider: null, passkeys: 2 }],
      signIns: [{ signIns: 1 }, { signIns: 0 }],
    });
    const { stdout } = await keyway(...stats);
    expect(stdout).toMatch(
      /^users +1\n {2}without a passkey +0\n {2}with one +0\n {2}with several +1\npasskeys +2\n/,
    );
    expect(stdout).toMatch(
      /\nPROVIDER +PASSKEYS\nnot known +2\n\nDAY +SIGN-INS\n[\d-]{10} +1\n[\d-]{10} +0\n$/,
    );
    expect(failure(await keyway('stats', '--app', 'nowhere', '--json')).code).toBe('app_not_found');
  });
});
