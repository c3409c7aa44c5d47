import { DevicesService } from '../../src/flex/devices/devices.service.js';
import { UsersService } from '../../src/flex/users/users.service.js';
import { AppServer } from '../support/app-server.js';
import { aReplicaOf, buildApp, TEST, type TestApp } from '../support/build-app.js';
import { beginRegistration, registerPasskey, stepUpFor, times } from '../support/flows.js';
import { codeOf } from '../support/http-answer.js';
import { SoftwareAuthenticator } from '../support/software-authenticator.js';
import { changeApp, contents, count, flexUserIdOf, sql } from '../support/tables.js';
import { TestUser } from '../support/test-user.js';
import { Tenant } from '../support/tenant.js';

const LAST = [409, 'last_passkey'];

let app: TestApp;
/** A second process on the same database, with the same secrets. */
let replica: TestApp;
beforeAll(async () => {
  app = await buildApp();
  replica = await aReplicaOf(app);
});
afterAll(async () => {
  await replica?.close();
  await app?.close();
});

const having = (policy: 'allow' | 'warn' | 'deny') => changeApp(app, TEST.appId, 'last_passkey', policy);

/** Somebody with so many passkeys, by their ids. */
async function someone(passkeys: number): Promise<{ user: TestUser; ids: string[] }> {
  const user = new TestUser(app);
  const ids: string[] = [];
  for (let i = 0; i < passkeys; i++) ids.push((await registerPasskey(user)).device.id);
  return { user, ids };
}
const makeAutomatic = (id: string) => sql(app, 'update devices set automatic = true where id = $1', id);

describe('the last passkey', () => {
  it.each(['allow', 'warn'] as const)('is revoked where the app has %s, which lists tell', async (policy) => {
    await having(policy);
    const { user, ids } = await someone(1);
    expect((await user.list()).lastPasskey).toBe(policy);
    expect((await user.revoke(ids[0]!)).status).toBe(204);
  });

  it('is not revoked where the app has deny: 409, and nothing is changed', async () => {
    await having('deny');
    const { user, ids } = await someone(2);
    expect((await user.list()).lastPasskey).toBe('deny');
    expect((await user.revoke(ids[0]!)).status).toBe(204);
    const before = await contents(app);
    expect(codeOf(await user.revoke(ids[1]!))).toEqual(LAST);
    expect(codeOf(await user.call('POST', '/user/revokePasskey', { id: ids[1] }))).toEqual(LAST);
    expect(await contents(app)).toEqual(before);
  });

  it('does not hide that a passkey is unknown', async () => {
    await having('deny');
    const [ada, eve] = [await someone(1), await someone(1)];
    expect(codeOf(await eve.user.revoke(ada.ids[0]!))).toEqual([404, 'device_not_found']);
    expect(codeOf(await new TestUser(app).revoke(ada.ids[0]!))).toEqual([404, 'device_not_found']);
  });

  it('is what an automatic passkey that has not signed in yet leaves the other as', async () => {
    await having('deny');
    const { user, ids } = await someone(2);
    await makeAutomatic(ids[0]!);
    expect(codeOf(await user.revoke(ids[1]!))).toEqual(LAST);
    expect((await user.revoke(ids[0]!)).status).toBe(204);
    expect(codeOf(await user.revoke(ids[1]!))).toEqual(LAST);
  });

  it('is counted without the passkeys that were imported without a key', async () => {
    await having('deny');
    const { user, ids } = await someone(1);
    const userId = await flexUserIdOf(app, user.subject);
    await sql(
      app,
      `insert into legacy_devices (app_id, id, user_id, friendly_name, created_at) values ($1, 'old', $2, 'Old', now())`,
      TEST.appId,
      userId,
    );
    expect(codeOf(await user.revoke(ids[0]!))).toEqual(LAST);
  });

  it('stays, and one other goes, when fifty revocations of two race on two replicas', async () => {
    await having('deny');
    const { user, ids } = await someone(2);
    const elsewhere = user.on(replica);
    const answers = await Promise.all(times(50, (i) => (i % 4 < 2 ? user : elsewhere).revoke(ids[i % 2]!)));
    const statuses = answers.map(({ status }) => status);
    expect(statuses.filter((it) => it === 204)).toHaveLength(1);
    // A busy database refuses some of those who queue for the user.
    for (const status of statuses.filter((it) => it !== 204)) expect([404, 409, 503]).toContain(status);
    expect(statuses).toContain(409);
    expect(await user.passkeys()).toHaveLength(1);
  });

  it('keeps the nonce of a step-up when it is refused', async () => {
    await having('deny');
    await changeApp(app, TEST.appId, 'step_up', 'passkey');
    try {
      const user = new TestUser(app, { auth_time: Math.floor(Date.now() / 1000) + 20 });
      const passkey = await registerPasskey(user);
      const target = passkey.device.id;
      const nonce = await stepUpFor(passkey, { act: 'revoke', target });
      expect(codeOf(await user.revoke(target, nonce))).toEqual(LAST);
      await having('warn');
      expect((await user.revoke(target, nonce)).status).toBe(204);
    } finally {
      await changeApp(app, TEST.appId, 'step_up', 'off');
    }
  });

  it('is refused to the command line as to the person', async () => {
    await having('deny');
    const { user, ids } = await someone(1);
    const { externalId } = await user.list();
    const devices = app.application.get(DevicesService, { strict: false });
    const revoking = devices.revoke(TEST.appId, { externalId: externalId! }, ids[0]!, {});
    await expect(revoking).rejects.toMatchObject({ code: 'last_passkey' });
  });

  it('is revoked by an app’s server, unless that says that a person acts, and goes with an erasure', async () => {
    await having('deny');
    const server = await AppServer.own(app);
    const [ada, eve] = [await someone(1), await someone(1)];
    const { externalId } = await ada.user.list();
    const url = `/v1/apps/${TEST.appId}/external-users/${externalId}/devices/${ada.ids[0]}`;
    const forPerson = await server.ask({ method: 'DELETE', url, headers: { 'x-keyway-step-up': 'done' } });
    expect(forPerson.status).toBe(403);
    expect(forPerson.body).toMatchObject({ code: 'operation_not_allowed', reason: 'last_passkey' });
    expect((await server.ask({ method: 'DELETE', url })).status).toBe(200);
    expect((await eve.user.erase()).status).toBe(200);
    const users = app.application.get(UsersService, { strict: false });
    await expect(users.get(TEST.appId, { externalId: externalId! })).resolves.toBeDefined();
  });
});

describe('the limit of passkeys', () => {
  it('holds when many registrations that were permitted before finish at once on two replicas', async () => {
    await changeApp(app, TEST.appId, 'max_passkeys_per_user', 2);
    try {
      const user = new TestUser(app);
      const begun = await Promise.all(times(8, () => beginRegistration(user)));
      const finished = await Promise.all(
        begun.map(({ browser, answer }) => browser.finish('register', answer(new SoftwareAuthenticator()))),
      );
      // A busy database refuses some of those who queue for the user: they try again.
      const stored = finished.filter(({ status }) => status === 200).length;
      expect(stored).toBeLessThanOrEqual(2);
      for (const { browser, answer } of begun) {
        await browser.finish('register', answer(new SoftwareAuthenticator()));
      }
      expect(await user.passkeys()).toHaveLength(2);
      expect(codeOf(await user.add())).toEqual([409, 'too_many_passkeys']);
    } finally {
      await changeApp(app, TEST.appId, 'max_passkeys_per_user', 50);
    }
  });

  it('is told before step-up is asked for, and counts automatic passkeys', async () => {
    await changeApp(app, TEST.appId, 'max_passkeys_per_user', 1);
    await changeApp(app, TEST.appId, 'step_up', 'passkey');
    try {
      const { user, ids } = await someone(1);
      await makeAutomatic(ids[0]!);
      expect(codeOf(await user.add())).toEqual([409, 'too_many_passkeys']);
    } finally {
      await changeApp(app, TEST.appId, 'step_up', 'off');
      await changeApp(app, TEST.appId, 'max_passkeys_per_user', 50);
    }
  });
});

describe('the public object of an app', () => {
  it('tells what pages and other servers need of its rules', async () => {
    const tenant = await Tenant.create(app, {
      step_up: 'either',
      step_up_max_age: 120,
      step_up_acr: ['gold'],
      step_up_amr: ['otp'],
      last_passkey: 'deny',
    });
    const server = await AppServer.create(app);
    const answer = await server.ask({ method: 'GET', url: `/v1/apps/${tenant.id}` });
    expect(answer.expect<{ app: object }>().app).toMatchObject({
      step_up: 'either',
      step_up_max_age: 120,
      step_up_acr: ['gold'],
      step_up_amr: ['otp'],
      last_passkey: 'deny',
    });
    expect(await count(app, 'apps where id = $1', tenant.id)).toBe(1);
  });
});
