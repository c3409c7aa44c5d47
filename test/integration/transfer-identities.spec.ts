import { jest } from '@jest/globals';
import { DatabaseTransaction } from '../../src/database/database.js';
import { AppServer } from '../support/app-server.js';
import { buildApp, TEST, type TestApp } from '../support/build-app.js';
import { registerPasskey, signIn } from '../support/flows.js';
import { contents, count, eventsOf, sql } from '../support/tables.js';
import { Tenant } from '../support/tenant.js';
import { TestUser } from '../support/test-user.js';
import { aForeignPasskey, exportRows, importFile, importRows } from '../support/transfer.js';

const PEOPLE = 1_200;
const AT_ONCE = 100;

describe('an import of rows with a subject', () => {
  let app: TestApp;
  beforeAll(async () => {
    app = await buildApp();
  });
  afterAll(() => app?.close());

  it('shows everyone exactly their own passkeys at their first call, 100 calls at once, two batches and more', async () => {
    const rows = Array.from({ length: PEOPLE }, (_, i) => [
      { type: 'user', external_id: `mover-${i}`, subject: `sub-${i}` },
      aForeignPasskey(`mover-${i}`, { members: { friendly_name: `Key of ${i}` } }).row,
    ]).flat();
    expect(await importRows(app, rows)).toMatchObject({ created: 2 * PEOPLE, refused: 0 });
    const users = Array.from({ length: AT_ONCE }, (_, i) => new TestUser(app, { sub: `sub-${i * 12}` }));
    const lists = await Promise.all(users.map((user) => user.list()));
    lists.forEach((list, i) => {
      expect(list.externalId).toBe(`mover-${i * 12}`);
      expect(list.passkeys.map(({ friendlyName }) => friendlyName)).toEqual([`Key of ${i * 12}`]);
    });
    expect(await importRows(app, rows)).toMatchObject({ created: 0, unchanged: 2 * PEOPLE, refused: 0 });
    expect(await count(app, `audit_events where type = 'user.linked'`)).toBe(PEOPLE);
  });

  it('costs as many statements for many rows as for one', async () => {
    const rowsOf = (n: number, name: string) =>
      Array.from({ length: n }, (_, i) => ({
        type: 'user',
        external_id: `${name}-${i}`,
        subject: `${name}-${i}`,
      }));
    const statements = async (n: number, name: string) => {
      const ways = ['run', 'count'] as const;
      const spies = ways.map((way) => jest.spyOn(DatabaseTransaction.prototype, way));
      try {
        await importRows(app, rowsOf(n, name));
        return spies.reduce((sum, { mock }) => sum + mock.calls.length, 0);
      } finally {
        for (const spy of spies) spy.mockRestore();
      }
    };
    expect(await statements(400, 'many')).toBe(await statements(1, 'one'));
  });

  it('ties a passkey’s owner too, and one who was imported before without it', async () => {
    const passkey = aForeignPasskey('late', { members: { friendly_name: 'Late' } });
    await importRows(app, [passkey.row]);
    const tied = { ...passkey.row, subject: 'sub-late', issuer: TEST.issuer };
    expect(await importRows(app, [tied])).toMatchObject({ created: 1, refused: 0 });
    expect(await new TestUser(app, { sub: 'sub-late' }).passkeys()).toMatchObject([{ friendlyName: 'Late' }]);
    expect(await importRows(app, [tied])).toMatchObject({ unchanged: 1, refused: 0 });
  });

  it('reads subject and issuer from the CSV of users as well', async () => {
    const csv = `external_id,subject,issuer\ncsv-1,sub-csv-1,\ncsv-2,sub-csv-2,${TEST.issuer}\ncsv-3,,\n`;
    expect(await importFile(app, csv, { format: 'passage-users-csv' })).toMatchObject({ created: 3 });
    expect(await new TestUser(app, { sub: 'sub-csv-2' }).list()).toMatchObject({ externalId: 'csv-2' });
    expect(await count(app, `users where subject like 'sub-csv-%' and tied_by = 'operator'`)).toBe(2);
  });

  it('voids what the user had begun or proved before, and is audited', async () => {
    const server = await AppServer.own(app);
    const { authenticator, nonce } = await server.tenant.register('begun');
    const open = await server.registerTransaction('begun');
    const row = { type: 'user', external_id: 'begun', subject: 'sub-begun' };
    const events = await eventsOf(app, () => importRows(app, [row]));
    expect(events).toMatchObject([{ type: 'user.linked' }]);
    expect((await server.verify(nonce)).status).toBe(401);
    const browser = server.tenant.browser();
    expect((await browser.post('register', 'start', { transaction_id: open })).status).toBe(404);
    const again = (await server.verify(await server.tenant.signIn(authenticator))).expect();
    expect(again).toMatchObject({ issuer: TEST.issuer, subject: 'sub-begun' });
  });

  it('refuses a row that contradicts a tie, and ties nothing', async () => {
    const user = new TestUser(app, { sub: 'sub-settled' });
    await registerPasskey(user);
    const { externalId } = await user.list();
    const before = await contents(app);
    const outcome = await importRows(app, [
      { type: 'user', external_id: 'another', subject: 'sub-settled' },
      { type: 'user', external_id: externalId, subject: 'sub-other' },
    ]);
    expect(outcome.refusals.map(({ code }) => code)).toEqual(['identity_taken', 'external_id_taken']);
    expect(await contents(app)).toEqual(before);
    const twice = await importRows(app, [
      { type: 'user', external_id: 'twin-1', subject: 'sub-twin' },
      { type: 'user', external_id: 'twin-2', subject: 'sub-twin' },
    ]);
    expect(twice.refusals).toMatchObject([{ line: 2, code: 'identity_taken' }]);
  });

  it.each([
    [{ subject: 7 }, 'invalid_subject'],
    [{ subject: 'x'.repeat(256) }, 'invalid_subject'],
    [{ issuer: TEST.issuer }, 'invalid_subject'],
    [{ subject: 'ada', issuer: 7 }, 'invalid_issuer'],
    [{ subject: 'ada', issuer: 'https://evil.example' }, 'invalid_issuer'],
  ])('refuses %j as %s', async (members, code) => {
    const before = await contents(app);
    const { refusals } = await importRows(app, [{ type: 'user', external_id: 'ada', ...members }]);
    expect(refusals.map((it) => it.code)).toEqual([code]);
    expect(await contents(app)).toEqual(before);
  });

  it('asks for the issuer where there is none to assume', async () => {
    const ties = { isOwnApp: true, issuers: ['https://a.example', 'https://b.example'], issuer: null };
    const { refusals } = await importRows(app, [{ type: 'user', external_id: 'ada', subject: 'ada' }], {
      ties,
    });
    expect(refusals).toMatchObject([{ code: 'invalid_issuer' }]);
  });

  it('refuses rows with a subject for any other app', async () => {
    const tenant = await Tenant.create(app);
    const rows = [
      { type: 'user', external_id: 'ada', subject: 'ada' },
      { ...aForeignPasskey('bob').row, subject: 'bob' },
    ];
    const { refusals } = await importRows(app, rows, { appId: tenant.id });
    expect(refusals.map(({ code }) => code)).toEqual(['identity_not_allowed', 'identity_not_allowed']);
    expect(await count(app, `users where subject in ('ada', 'bob')`)).toBe(0);
  });

  it('lifts the mark of an external ID, as the operator’s link does', async () => {
    const server = await AppServer.own(app);
    const user = new TestUser(app, { sub: 'sub-back' });
    const passkey = await registerPasskey(user);
    const { externalId } = await user.list();
    await server.call('DELETE', `/external-users/${externalId}/identity`);
    await importRows(app, [{ type: 'user', external_id: externalId, subject: 'sub-heir' }]);
    expect(await new TestUser(app, { sub: 'sub-heir' }).passkeys()).toMatchObject([
      { id: passkey.device.id },
    ]);
    expect((await server.verify(await signIn(passkey))).expect()).toMatchObject({ subject: 'sub-heir' });
  });

  it('takes back what an export has written: issuer and subject of each user, of this app alone', async () => {
    const user = new TestUser(app, { sub: 'sub-moving' });
    await registerPasskey(user);
    const { externalId } = await user.list();
    const rows = await exportRows(app);
    const row = rows.find((it) => it.type === 'user' && it.external_id === externalId)!;
    expect(row).toMatchObject({ issuer: TEST.issuer, subject: 'sub-moving' });
    await sql(app, 'delete from users where subject = $1', 'sub-moving');
    expect(await importRows(app, rows)).toMatchObject({ refused: 0 });
    expect(await user.passkeys()).toHaveLength(1);
    const tenant = await Tenant.create(app);
    await tenant.register(externalId!);
    const theirs = await exportRows(app, tenant.id);
    expect(theirs[0]).toMatchObject({ external_id: externalId, issuer: null, subject: null });
  });
});
