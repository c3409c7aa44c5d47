import { AppServer } from '../support/app-server.js';
import { buildApp, TEST, type TestApp } from '../support/build-app.js';
import { flexError } from '../support/flex-error.js';
import { registerPasskey, signIn } from '../support/flows.js';
import { contents, contentsButTrail, count, eventsOf } from '../support/tables.js';
import { TestUser } from '../support/test-user.js';

const now = () => Math.floor(Date.now() / 1000);

describe('an identity that the operator links', () => {
  let app: TestApp;
  let server: AppServer;
  beforeAll(async () => {
    app = await buildApp();
    server = await AppServer.own(app);
  });
  afterAll(() => app?.close());

  let people = 0;
  const aName = () => `member-${++people}`;
  const link = (externalId: string, body: object, by = server) =>
    by.call('PUT', `/external-users/${encodeURIComponent(externalId)}/identity`, body);
  const unlink = (externalId: string, by = server, body?: object) =>
    by.call('DELETE', `/external-users/${encodeURIComponent(externalId)}/identity`, body);

  it('sees and manages the passkeys that a server has added', async () => {
    const externalId = aName();
    const { nonce } = await server.tenant.register(externalId);
    const user = new TestUser(app);
    const answer = await link(externalId, { subject: user.subject });
    expect(answer.expect()).toStrictEqual({
      external_id: externalId,
      issuer: TEST.issuer,
      subject: user.subject,
    });
    expect(await user.list()).toMatchObject({ externalId, passkeys: [{}] });
    expect((await server.verify(nonce)).status).toBe(401);
    await registerPasskey(user);
    expect(await server.devices(externalId)).toHaveLength(2);
  });

  it('is audited with the key that did it, and linking the same again changes nothing', async () => {
    const externalId = aName();
    await server.tenant.register(externalId);
    const user = new TestUser(app);
    const events = await eventsOf(app, () => link(externalId, { subject: user.subject }));
    const { id } = await server.find(externalId);
    const actor = `key:${server.key.slice(3, 15)}`;
    expect(events).toMatchObject([{ type: 'user.linked', reason: 'operator', userId: id, actor }]);
    const before = await contents(app);
    expect((await link(externalId, { issuer: TEST.issuer, subject: user.subject })).status).toBe(200);
    expect(await contents(app)).toEqual(before);
  });

  it('is refused with 409 where either side is tied otherwise, which is audited and changes nothing', async () => {
    const [one, other] = [new TestUser(app), new TestUser(app)];
    await registerPasskey(one);
    const { externalId } = await one.list();
    const before = await contentsButTrail(app);
    const events = await eventsOf(app, async () => {
      expect(flexError(await link(aName(), { subject: one.subject }))).toBe('409 external_id_conflict');
      expect(flexError(await link(externalId!, { subject: other.subject }))).toBe('409 external_id_conflict');
    });
    expect(await contentsButTrail(app)).toEqual(before);
    expect(events).toMatchObject([
      { type: 'user.identity_conflict', reason: 'second_external_id' },
      { type: 'user.identity_conflict', reason: 'external_id_taken' },
    ]);
  });

  it('is refused of an issuer that is none of JWT_ISSUER, and without a subject', async () => {
    const before = await contents(app);
    for (const body of [
      { issuer: 'https://evil.example', subject: 'ada' },
      { issuer: `${TEST.issuer}/`, subject: 'ada' },
      { issuer: '', subject: 'ada' },
      { issuer: 7, subject: 'ada' },
      {},
      { subject: '' },
      { subject: 7 },
      { subject: ['ada'] },
      { subject: 'x'.repeat(256) },
    ]) {
      expect(flexError(await link(aName(), body))).toBe('400 invalid_request');
    }
    expect(flexError(await link('x'.repeat(256), { subject: 'ada' }))).toBe('404 user_not_found');
    expect(await contents(app)).toEqual(before);
  });

  it('is refused for any other app with 403, for linking and unlinking alike', async () => {
    const user = new TestUser(app);
    await registerPasskey(user);
    const { externalId } = await user.list();
    const other = await AppServer.create(app);
    await other.list();
    const before = await contents(app);
    expect(flexError(await link(externalId!, { subject: user.subject }, other))).toBe(
      '403 operation_not_allowed',
    );
    expect(flexError(await unlink(externalId!, other))).toBe('403 operation_not_allowed');
    expect(await contents(app)).toEqual(before);
  });

  it('is refused without the key of the app', async () => {
    const stranger = server.withText('kw_unknown');
    expect(flexError(await link(aName(), { subject: 'ada' }, stranger))).toBe('401 invalid_access_token');
    expect(flexError(await unlink(aName(), stranger))).toBe('401 invalid_access_token');
  });

  describe('once unlinked', () => {
    it('can do nothing, and the server learns no identity', async () => {
      const user = new TestUser(app, { iat: now() });
      const passkey = await registerPasskey(user);
      const { externalId } = await user.list();
      const events = await eventsOf(app, async () => expect((await unlink(externalId!)).status).toBe(200));
      expect(events).toMatchObject([{ type: 'user.unlinked' }]);
      expect(await user.list()).toMatchObject({ externalId: null, passkeys: [] });
      expect((await user.revoke(passkey.device.id)).status).toBe(404);
      expect((await user.rename(passkey.device.id, 'Mine')).status).toBe(404);
      expect((await user.call('POST', '/user/authenticate-with-passkey')).status).toBe(409);
      expect((await user.call('POST', '/passkey/register')).as()).toMatchObject({
        status: 409,
        code: 'external_id_conflict',
      });
      const proof = (await server.verify(await signIn(passkey))).expect();
      expect(proof).toMatchObject({ external_id: externalId, issuer: null, subject: null });
      expect((await user.verify(await signIn(passkey))).status).toBe(401);
      expect(await server.devices(externalId!)).toHaveLength(1);
    });

    it('starts anew, under another external ID, with a token that was issued after that', async () => {
      const user = new TestUser(app, { iat: now() });
      await registerPasskey(user);
      const { externalId } = await user.list();
      await unlink(externalId!);
      const later = user.on(app, { iat: now() + 5 });
      await registerPasskey(later);
      const list = await later.list();
      expect(list.passkeys).toHaveLength(1);
      expect(list.externalId).not.toBe(externalId);
    });

    it('is linked again by the operator alone to what a server still knows', async () => {
      const user = new TestUser(app, { iat: now() });
      const { device } = await registerPasskey(user);
      const { externalId } = await user.list();
      await unlink(externalId!);
      expect((await link(externalId!, { subject: user.subject })).status).toBe(200);
      expect(await user.passkeys()).toMatchObject([{ id: device.id }]);
    });

    it('is the one that is named, if one is: the tie of any other stays, and a malformed name is refused', async () => {
      const user = new TestUser(app);
      await registerPasskey(user);
      const { externalId } = await user.list();
      const { subject } = user;
      const before = await contents(app);
      for (const other of [
        { subject: `${subject}x` },
        { subject: subject.toUpperCase() },
        { issuer: `${TEST.issuer}/` },
        { issuer: '' },
        { issuer: 'https://evil.example', subject },
      ]) {
        expect(flexError(await unlink(externalId!, server, other))).toBe('404 user_not_found');
      }
      for (const malformed of [{ subject: '' }, { subject: 7 }, { subject: [subject] }, { issuer: 7 }, []]) {
        expect(flexError(await unlink(externalId!, server, malformed))).toBe('400 invalid_request');
      }
      expect(await contents(app)).toEqual(before);
      const named = { issuer: TEST.issuer, subject };
      expect((await unlink(externalId!, server, named)).status).toBe(200);
      for (const any of [{ subject }, { issuer: TEST.issuer }, {}, { issuer: null, subject: null }]) {
        await link(externalId!, { subject });
        expect((await unlink(externalId!, server, any)).status).toBe(200);
      }
      expect(await user.list()).toMatchObject({ externalId: null });
    });

    it('is unknown to a second unlinking: 404', async () => {
      expect(flexError(await unlink(aName()))).toBe('404 user_not_found');
    });
  });

  it('in a race with first calls is tied once: to the operator’s external ID, or to the one that was made', async () => {
    for (let round = 0; round < 10; round++) {
      const externalId = aName();
      const user = new TestUser(app);
      const calls = Array.from({ length: 10 }, () => user.call('POST', '/passkey/register'));
      const [linked, ...answers] = await Promise.all([link(externalId, { subject: user.subject }), ...calls]);
      expect([200, 409]).toContain(linked.status);
      expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([201]));
      const tied = await user.list();
      expect(tied.externalId === externalId).toBe(linked.status === 200);
      expect(await count(app, 'users where subject = $1', user.subject)).toBe(1);
    }
  });
});
