import { setTimeout as pause } from 'node:timers/promises';
import { createHash, randomBytes } from 'node:crypto';
import { DevicesService } from '../../src/flex/devices/devices.service.js';
import { buildApp, TEST, type TestApp } from '../support/build-app.js';
import {
  beginRegistration,
  beginStepUp,
  type RegisteredPasskey,
  registerPasskey,
  signIn,
  stepUp,
} from '../support/flows.js';
import type { HttpAnswer } from '../support/http-answer.js';
import { SoftwareAuthenticator } from '../support/software-authenticator.js';
import { contentsButTrail, count, eventsOf, flexUserIdOf, sql } from '../support/tables.js';
import { Tenant } from '../support/tenant.js';
import { TestUser } from '../support/test-user.js';
import { exportRows, exportText, importRows } from '../support/transfer.js';

const SAME = { externalId: 'same' };

describe('isolation of ceremonies, users and apps', () => {
  let app: TestApp;
  beforeAll(async () => {
    app = await buildApp();
  });
  afterAll(() => app?.close());

  const aUser = () => new TestUser(app);

  /** The refusal's code, once it is certain that it changed nothing and left the one event that says why. */
  const refusal = async (finish: () => Promise<HttpAnswer>, reason: string): Promise<string> => {
    const before = await contentsButTrail(app);
    let answer: HttpAnswer | undefined;
    const events = await eventsOf(app, async () => (answer = await finish()));
    expect(await contentsButTrail(app)).toEqual(before);
    expect(events).toMatchObject([{ reason }]);
    return `${answer!.status} ${answer!.as<{ code: string }>().code}`;
  };

  describe('the other ceremony', () => {
    it('does not accept the handshake of a registration for a sign-in', async () => {
      const { user, browser, authenticator } = await registerPasskey(aUser());
      const { handshakeId, transactionId, publicKey } = await beginRegistration(user, browser);
      const request = { challenge: publicKey.challenge, rpId: TEST.rpId };
      const body = {
        transaction_id: transactionId,
        handshake_id: handshakeId,
        handshake_response: authenticator.get(request, { origin: TEST.origin }),
      };
      const finish = () => browser.finish('authenticate', body);
      expect(await refusal(finish, 'handshake_of_other_kind')).toBe('401 webauthn_login_failed');
      const without = () => browser.finish('authenticate', { ...body, transaction_id: null });
      expect(await refusal(without, 'transaction_missing')).toBe('401 discoverable_login_failed');
    });

    it('does not accept the handshake of a sign-in for a registration', async () => {
      const passkey = await registerPasskey(aUser());
      const signInBegun = await beginStepUp(passkey);
      const registration = await beginRegistration(passkey.user, passkey.browser);
      const options = {
        ...registration.publicKey,
        excludeCredentials: [],
        challenge: signInBegun.publicKey.challenge,
      };
      const body = {
        transaction_id: signInBegun.transactionId,
        handshake_id: signInBegun.handshakeId,
        handshake_response: new SoftwareAuthenticator().create(options, { origin: TEST.origin }),
      };
      const finish = () => passkey.browser.finish('register', body);
      expect(await refusal(finish, 'handshake_of_other_kind')).toBe('400 invalid_request');
      const free = await passkey.browser.beginSignIn();
      const freely = {
        transaction_id: registration.transactionId,
        handshake_id: free.handshakeId,
        handshake_response: new SoftwareAuthenticator().create(
          { ...options, challenge: free.publicKey.challenge },
          { origin: TEST.origin },
        ),
      };
      const finishFreely = () => passkey.browser.finish('register', freely);
      expect(await refusal(finishFreely, 'transaction_not_found')).toBe('404 transaction_not_found');
    });

    it('does not accept the response of the other ceremony', async () => {
      const { user, browser, authenticator } = await registerPasskey(aUser());
      const registration = await beginRegistration(user, browser);
      const free = await browser.beginSignIn();
      const assertion = free.answer(authenticator).handshake_response;
      const attestation = registration.answer(new SoftwareAuthenticator()).handshake_response;
      const asRegistration = {
        transaction_id: registration.transactionId,
        handshake_id: registration.handshakeId,
        handshake_response: assertion,
      };
      const asSignIn = { handshake_id: free.handshakeId, handshake_response: attestation };
      const register = () => browser.finish('register', asRegistration);
      expect(await refusal(register, 'malformed_response')).toBe('400 invalid_request');
      const authenticate = () => browser.finish('authenticate', asSignIn);
      expect(await refusal(authenticate, 'malformed_response')).toBe('400 invalid_request');
    });

    it('does not accept the handshake of another transaction of the same user', async () => {
      const user = aUser();
      const [one, other] = [await beginRegistration(user), await beginRegistration(user)];
      const body = { ...one.answer(new SoftwareAuthenticator()), transaction_id: other.transactionId };
      const finish = () => one.browser.finish('register', body);
      expect(await refusal(finish, 'transaction_not_found')).toBe('404 transaction_not_found');
    });
  });

  describe('another user', () => {
    it('does not sign in on the transaction of the first user, and does not consume it', async () => {
      const [owner, other] = [await registerPasskey(aUser()), await registerPasskey(aUser())];
      const begun = await beginStepUp(owner);
      const credential = other.authenticator.credentials[0]!;
      const stolen = begun.answer(other.authenticator, { credential });
      const finish = () => other.browser.finish('authenticate', stolen);
      expect(await refusal(finish, 'credential_not_allowed')).toBe('401 webauthn_login_failed');
      const rightful = await owner.browser.finish('authenticate', begun.answer(owner.authenticator));
      expect(rightful.status).toBe(200);
    });

    it('does not register on the handshake of the first user', async () => {
      const [one, other] = [await beginRegistration(aUser()), await beginRegistration(aUser())];
      const body = { ...other.answer(new SoftwareAuthenticator()), handshake_id: one.handshakeId };
      const finish = () => one.browser.finish('register', body);
      expect(await refusal(finish, 'transaction_not_found')).toBe('404 transaction_not_found');
    });

    it('cannot register a credential ID that is in use in the app', async () => {
      const owner = await registerPasskey(aUser());
      const thief = aUser();
      const begun = await beginRegistration(thief);
      const credentialId = owner.authenticator.credentials[0]!.id;
      const taken = begun.answer(new SoftwareAuthenticator(), { credentialId });
      const finish = () => begun.browser.finish('register', taken);
      expect(await refusal(finish, 'credential_id_in_use')).toBe('400 invalid_request');
      expect((await owner.user.verify(await signIn(owner))).status).toBe(200);
      const own = await begun.browser.finish('register', begun.answer(new SoftwareAuthenticator()));
      expect(own.status).toBe(200);
    });

    it('cannot be proven by another passkey, even with a forged user handle or credential ID', async () => {
      const [owner, other] = [await registerPasskey(aUser()), await registerPasskey(aUser())];
      const [mine, theirs] = [owner, other].map(({ authenticator }) => authenticator.credentials[0]!);
      const { id, userId } = mine!;
      for (const [credential, reason] of [
        [{ ...theirs!, userId }, 'user_handle_mismatch'],
        [{ ...theirs!, id }, 'user_handle_mismatch'],
        [{ ...theirs!, id, userId }, 'signature_invalid'],
      ] as const) {
        const begun = [await other.browser.beginSignIn(), await beginStepUp(owner)];
        const [freely, onTransaction] = begun.map(
          ({ answer }) =>
            () =>
              other.browser.finish('authenticate', answer(other.authenticator, { credential })),
        );
        expect(await refusal(freely!, reason)).toBe('401 discoverable_login_failed');
        expect(await refusal(onTransaction!, reason)).toBe('401 webauthn_login_failed');
      }
      const externalIds: string[] = [];
      for (const { user, ...passkey } of [owner, other]) {
        const nonce = await signIn({ user, ...passkey });
        const { externalId } = (await user.verify(nonce)).expect<{ externalId: string }>();
        const own = 'flex_users where external_id = $1 and id = $2';
        expect(await count(app, own, externalId, await flexUserIdOf(app, user.subject))).toBe(1);
        externalIds.push(externalId);
      }
      expect(externalIds[0]).not.toBe(externalIds[1]);
      expect((await owner.user.verify(await signIn(other))).status).toBe(401);
    });
  });

  describe('another app', () => {
    it('does not find the transactions of the first app', async () => {
      const tenant = await Tenant.create(app);
      const { user } = await registerPasskey(aUser());
      const leaves = [
        ['register', await user.registerTransaction()],
        ['authenticate', await user.authenticateTransaction()],
      ] as const;
      for (const [kind, { transactionId }] of leaves) {
        const answer = await tenant.browser().post(kind, 'start', { transaction_id: transactionId });
        expect([answer.status, answer.body]).toMatchObject([404, { code: 'transaction_not_found' }]);
      }
    });

    it('does not finish what was begun in the first app', async () => {
      const tenant = await Tenant.create(app);
      const passkey = await registerPasskey(aUser());
      const registration = await beginRegistration(passkey.user);
      const free = await passkey.browser.beginSignIn();
      const register = () =>
        tenant
          .browser()
          .finish(
            'register',
            registration.answer(new SoftwareAuthenticator(), { origin: tenant.origin, rpId: tenant.rpId }),
          );
      expect(await refusal(register, 'handshake_of_other_app')).toBe('400 invalid_request');
      const authenticate = () => tenant.browser().finish('authenticate', free.answer(passkey.authenticator));
      expect(await refusal(authenticate, 'handshake_of_other_app')).toBe('401 discoverable_login_failed');
    });

    it('does not find the passkeys of the first app', async () => {
      const tenant = await Tenant.create(app);
      const { authenticator } = await registerPasskey(aUser());
      const credential = { ...authenticator.credentials[0]!, rpId: tenant.rpId };
      const begun = await tenant.browser().beginSignIn();
      const finish = () =>
        tenant.browser().finish('authenticate', begun.answer(authenticator, { credential }));
      expect(await refusal(finish, 'credential_unknown')).toBe('401 discoverable_login_failed');
    });

    it('keeps its own user of the same external ID, with its own user handle and passkeys', async () => {
      const [one, other] = [await Tenant.create(app), await Tenant.create(app)];
      const credentialId = Buffer.alloc(32, 9);
      const first = await one.register('same', { credentialId });
      const second = await other.register('same', { credentialId });
      const [a, b] = [first, second].map(({ authenticator }) => authenticator.credentials[0]!);
      expect(a!.userId).not.toBe(b!.userId);
      expect(await one.verify(await one.signIn(first.authenticator))).toMatchObject({ externalId: 'same' });
      const devices = app.application.get(DevicesService, { strict: false });
      const [mine] = (await devices.list(one.id, SAME))!.devices;
      const [theirs] = (await devices.list(other.id, SAME))!.devices;
      expect([mine!.usageCount, theirs!.usageCount]).toEqual([1, 0]);
      for (const act of [
        () => devices.revoke(other.id, SAME, mine!.id),
        () => devices.rename(other.id, SAME, { id: mine!.id, friendlyName: 'x' }),
      ]) {
        await expect(act()).rejects.toMatchObject({ code: 'device_not_found' });
      }
      await devices.revoke(one.id, SAME, mine!.id);
      expect(await other.verify(await other.signIn(second.authenticator))).toMatchObject({
        externalId: 'same',
      });
    });

    it('neither verifies nor consumes the nonces of the first app', async () => {
      const tenant = await Tenant.create(app);
      const passkey = await registerPasskey(aUser());
      const { authenticator } = await tenant.register('ada');
      const [ours, theirs] = [await signIn(passkey), await tenant.signIn(authenticator)];
      await expect(tenant.verify(ours)).rejects.toMatchObject({ code: 'invalid_nonce' });
      expect((await passkey.user.verify(theirs)).status).toBe(401);
      expect((await passkey.user.verify(ours)).status).toBe(200);
      expect(await tenant.verify(theirs)).toMatchObject({ externalId: 'ada', kind: 'authenticate' });
    });
  });

  describe('another app that took over an export of this one, ids and all', () => {
    const named = (externalId: string) => ({ externalId });

    /** Ada of the one and Bob of the other are alike but for name and handle; the authenticator is that of both. */
    const twins = async (columns: Record<string, unknown> = {}) => {
      const [one, other] = [await Tenant.create(app, columns), await Tenant.create(app, columns)];
      const { authenticator } = await one.register('ada', { traits: { counter: 'increasing' } });
      const handle = randomBytes(32).toString('base64url');
      const rows = await exportRows(app, one.id);
      const moved = rows.map((row) => ({ ...row, external_id: 'bob', user_handle: handle }));
      expect(await importRows(app, moved, { appId: other.id })).toMatchObject({ created: 2, refused: 0 });
      const [credential] = authenticator.credentials;
      authenticator.credentials.push({ ...credential!, rpId: other.rpId, userId: handle });
      const { id } = rows.find(({ type }) => type === 'passkey') as { id: string };
      expect(await count(app, 'devices where id = $1', id)).toBe(2);
      return { one, other, authenticator, passkeyId: id };
    };
    const finishSignIn = async (tenant: Tenant, authenticator: SoftwareAuthenticator, counter: number) => {
      const browser = tenant.browser();
      const begun = await browser.beginSignIn();
      return browser.finish('authenticate', begun.answer(authenticator, { counter }));
    };

    it('counts a sign-in, bound or discoverable, for its own user and passkey alone', async () => {
      const { one, other, authenticator } = await twins();
      for (const [here, there, externalId] of [
        [one, other, 'ada'],
        [other, one, 'bob'],
      ] as const) {
        const before = await exportText(app, there.id);
        await here.signIn(authenticator);
        const browser = here.browser();
        const begun = await browser.beginSignIn(await here.authenticateTransaction(externalId));
        const bound = await browser.finish('authenticate', begun.answer(authenticator));
        expect(bound.status).toBe(200);
        expect(await exportText(app, there.id)).toBe(before);
        expect(await exportRows(app, here.id)).toMatchObject([{ login_count: 2 }, { usage_count: 2 }]);
      }
    });

    it('proves its own user by a nonce, and only with its own', async () => {
      const { one, other, authenticator } = await twins();
      const [ours, theirs] = [await one.signIn(authenticator), await other.signIn(authenticator)];
      await expect(one.verify(theirs)).rejects.toMatchObject({ code: 'invalid_nonce' });
      await expect(other.verify(ours)).rejects.toMatchObject({ code: 'invalid_nonce' });
      expect(await one.verify(ours)).toMatchObject({ externalId: 'ada' });
      expect(await other.verify(theirs)).toMatchObject({ externalId: 'bob' });
    });

    it('refuses its own inactive user and clones, and no user because of those of the first app', async () => {
      const { one, other, authenticator } = await twins();
      expect((await finishSignIn(other, authenticator, 9)).status).toBe(200);
      expect((await finishSignIn(one, authenticator, 5)).status).toBe(200);
      const cloned = () => finishSignIn(other, authenticator, 9);
      expect(await refusal(cloned, 'clone_suspected')).toBe('401 discoverable_login_failed');
      await sql(app, `update flex_users set status = 'inactive' where app_id = $1`, other.id);
      const inactive = () => finishSignIn(other, authenticator, 10);
      expect(await refusal(inactive, 'user_not_active')).toBe('403 user_not_active');
      expect((await finishSignIn(one, authenticator, 6)).status).toBe(200);
      await one.register('ada');
    });

    it('counts and numbers the passkeys of its own user alone', async () => {
      const { one, passkeyId } = await twins({ max_passkeys_per_user: 2 });
      await one.register('ada');
      const devices = app.application.get(DevicesService, { strict: false });
      const { devices: theirs } = (await devices.list(one.id, named('ada')))!;
      expect(theirs.map(({ friendlyName }) => friendlyName)).toEqual(['Passkey', 'Passkey (2)']);
      expect(theirs[0]!.id).toBe(passkeyId);
    });

    it('keeps the latest 1,000 tombstones of each user', async () => {
      const tenant = await Tenant.create(app);
      const { authenticator } = await tenant.register('ada');
      await tenant.register('bob');
      const devices = app.application.get(DevicesService, { strict: false });
      const [device] = (await devices.list(tenant.id, named('ada')))!.devices;
      const insert = `
        insert into tombstones (app_id, user_id, credential_hash, revoked_at)
        select app_id, id, sha256((external_id || n)::bytea), now() - n * interval '1 minute'
        from flex_users, generate_series(1, 1000) n where app_id = $1`;
      await sql(app, insert, tenant.id);
      const isLeft = (of: string | Buffer) =>
        count(
          app,
          'tombstones where app_id = $1 and credential_hash = sha256($2)',
          tenant.id,
          Buffer.from(of),
        );
      await tenant.revoke('ada', device!.id);
      expect(await isLeft(authenticator.credentials[0]!.id)).toBe(1);
      expect([await isLeft('ada999'), await isLeft('ada1000'), await isLeft('bob1000')]).toEqual([1, 0, 1]);
      expect(await count(app, 'tombstones where app_id = $1', tenant.id)).toBe(2000);
    });

    it('keeps its tombstone of a passkey that is enrolled again in the first app, which keeps its other tombstones', async () => {
      const { one, other, authenticator, passkeyId } = await twins();
      const devices = app.application.get(DevicesService, { strict: false });
      const second = await one.register('ada');
      await devices.revoke(other.id, named('bob'), passkeyId);
      for (const { id } of (await devices.list(one.id, named('ada')))!.devices)
        await devices.revoke(one.id, named('ada'), id);
      const buried = (tenant: Tenant, { id }: { id: Buffer }) =>
        count(app, 'tombstones where app_id = $1 and credential_hash = sha256($2)', tenant.id, id);
      const [credential] = authenticator.credentials;
      const [another] = second.authenticator.credentials;
      const all = () =>
        Promise.all([buried(one, credential!), buried(one, another!), buried(other, credential!)]);
      expect(await all()).toEqual([1, 1, 1]);
      await one.register('ada', { credentialId: credential!.id });
      expect(await all()).toEqual([0, 1, 1]);
    });
  });

  describe('an app that changes between start and finish', () => {
    it('finishes no ceremony once it is deleted, and none of its rows remain', async () => {
      const tenant = await Tenant.create(app);
      const { authenticator } = await tenant.register('ada');
      const browser = tenant.browser();
      const registration = await browser.beginRegistration(await tenant.registerTransaction('ada'));
      const free = await browser.beginSignIn();
      await tenant.delete();
      const before = await contentsButTrail(app);
      const answers = [
        await browser.finish('register', registration.answer(new SoftwareAuthenticator())),
        await browser.finish('authenticate', free.answer(authenticator)),
      ];
      for (const { status, body } of answers)
        expect([status, body]).toMatchObject([404, { code: 'app_not_found' }]);
      expect(await contentsButTrail(app)).toEqual(before);
      for (const table of ['flex_users', 'devices', 'transactions', 'nonces', 'tombstones']) {
        expect(await count(app, `${table} where app_id = $1`, tenant.id)).toBe(0);
      }
    });

    it('refuses an origin that was removed and accepts one that was added', async () => {
      const tenant = await Tenant.create(app);
      const browser = tenant.browser();
      const { authenticator } = await tenant.register('ada');
      const begun = await browser.beginSignIn();
      const added = `https://new.${tenant.rpId}`;
      await tenant.change('origins', [added]);
      const finish = () => browser.finish('authenticate', begun.answer(authenticator));
      expect(await refusal(finish, 'origin_not_allowed')).toBe('401 discoverable_login_failed');
      const fromAdded = begun.answer(authenticator, { origin: added });
      expect((await browser.finish('authenticate', fromAdded)).status).toBe(200);
    });

    it('refuses both ceremonies once its RP ID has changed', async () => {
      const tenant = await Tenant.create(app);
      const { authenticator } = await tenant.register('ada');
      const browser = tenant.browser();
      const registration = await browser.beginRegistration(await tenant.registerTransaction('ada'));
      const free = await browser.beginSignIn();
      const rpId = `www.${tenant.rpId}`;
      await tenant.change('rp_id', rpId);
      const overrides = { rpId };
      const register = () =>
        browser.finish('register', registration.answer(new SoftwareAuthenticator(), overrides));
      expect(await refusal(register, 'rp_id_changed')).toBe('400 invalid_request');
      const authenticate = () => browser.finish('authenticate', free.answer(authenticator, overrides));
      expect(await refusal(authenticate, 'rp_id_changed')).toBe('401 discoverable_login_failed');
    });

    it.each([
      ['preferred', 'required'],
      ['required', 'preferred'],
      ['discouraged', 'required'],
    ])(
      'requires user verification when it was %s at the start and is %s at the finish',
      async (then, now) => {
        const tenant = await Tenant.create(app, { user_verification: then });
        const { authenticator } = await tenant.register('ada');
        const browser = tenant.browser();
        const registration = await browser.beginRegistration(await tenant.registerTransaction('ada'));
        const free = await browser.beginSignIn();
        await tenant.change('user_verification', now);
        const overrides = { flags: { uv: false } };
        const register = () =>
          browser.finish('register', registration.answer(new SoftwareAuthenticator(), overrides));
        expect(await refusal(register, 'user_not_verified')).toBe('400 invalid_request');
        const authenticate = () => browser.finish('authenticate', free.answer(authenticator, overrides));
        expect(await refusal(authenticate, 'user_not_verified')).toBe('401 discoverable_login_failed');
        expect((await browser.finish('authenticate', free.answer(authenticator))).status).toBe(200);
      },
    );

    it('accepts an unverified user if neither start nor finish requires verification', async () => {
      const tenant = await Tenant.create(app, { user_verification: 'preferred' });
      const { authenticator } = await tenant.register('ada', { traits: { userVerified: false } });
      expect(await tenant.verify(await tenant.signIn(authenticator))).toMatchObject({ externalId: 'ada' });
    });

    it('refuses an algorithm that was removed, and one that was not offered at the start', async () => {
      const tenant = await Tenant.create(app, { algorithms: [-7, -8] });
      const browser = tenant.browser();
      const begun = await browser.beginRegistration(await tenant.registerTransaction('ada'));
      await tenant.change('algorithms', [-8, -257]);
      for (const algorithm of [-7, -257] as const) {
        const finish = () =>
          browser.finish('register', begun.answer(new SoftwareAuthenticator(), { algorithm }));
        expect(await refusal(finish, 'algorithm_not_offered')).toBe('400 invalid_request');
      }
      const both = begun.answer(new SoftwareAuthenticator(), { algorithm: -8 });
      expect((await browser.finish('register', both)).status).toBe(200);
    });

    it('refuses a handshake that is older than a lifetime shortened after the start', async () => {
      const tenant = await Tenant.create(app);
      const { authenticator } = await tenant.register('ada');
      const browser = tenant.browser();
      const begun = await browser.beginSignIn();
      await tenant.change('handshake_ttl', 1);
      await pause(1_050);
      const finish = () => browser.finish('authenticate', begun.answer(authenticator));
      expect(await refusal(finish, 'handshake_expired')).toBe('401 discoverable_login_failed');
    });
  });

  describe('a passkey that was revoked', () => {
    it('cannot finish a sign-in that was begun before', async () => {
      const passkey = await registerPasskey(aUser());
      await registerPasskey(passkey.user, { browser: passkey.browser });
      const bound = await beginStepUp(passkey);
      const free = await passkey.browser.beginSignIn();
      await passkey.user.revoke(passkey.device.id);
      const boundly = () => passkey.browser.finish('authenticate', bound.answer(passkey.authenticator));
      expect(await refusal(boundly, 'credential_unknown')).toBe('401 webauthn_login_failed');
      const freely = () => passkey.browser.finish('authenticate', free.answer(passkey.authenticator));
      expect(await refusal(freely, 'credential_unknown')).toBe('401 discoverable_login_failed');
    });

    it('voids the transaction of a user without another passkey', async () => {
      const { user, device, browser } = await registerPasskey(aUser());
      const { transactionId } = await user.authenticateTransaction();
      await user.revoke(device.id);
      const answer = await browser.post('authenticate', 'start', { transaction_id: transactionId });
      expect([answer.status, answer.body]).toMatchObject([404, { code: 'transaction_not_found' }]);
    });

    it('voids the nonces of its sign-ins, and no others', async () => {
      const passkey = await registerPasskey(aUser());
      const kept = await registerPasskey(passkey.user);
      const nonces = [await signIn(passkey), await stepUp(passkey), await signIn(kept)];
      await passkey.user.revoke(passkey.device.id);
      const answers = [];
      for (const nonce of nonces) answers.push((await passkey.user.verify(nonce)).status);
      expect(answers).toEqual([401, 401, 200]);
    });

    it('can be registered again by the same authenticator, and gets a tombstone again when revoked again', async () => {
      const passkey = await registerPasskey(aUser());
      const { user, browser, authenticator, device } = passkey;
      const [credential] = authenticator.credentials;
      const tombstone = createHash('sha256').update(credential!.id).digest();
      const buried = () =>
        count(app, 'tombstones where app_id = $1 and credential_hash = $2', TEST.appId, tombstone);
      expect(await buried()).toBe(0);
      await user.revoke(device.id);
      expect(await buried()).toBe(1);
      const again = await beginRegistration(user, browser);
      expect(again.publicKey.excludeCredentials).toEqual([]);
      const body = again.answer(authenticator, { credentialId: credential!.id });
      expect((await browser.finish('register', body)).status).toBe(200);
      expect((await user.verify(await signIn(passkey))).status).toBe(200);
      expect(await user.passkeys()).toMatchObject([{ credId: device.credId, usageCount: 1 }]);
      expect(await buried()).toBe(0);
      const [renewed] = await user.passkeys();
      expect(renewed!.id).not.toBe(device.id);
      expect((await user.revoke(renewed!.id)).status).toBe(204);
      expect(await buried()).toBe(1);
    });
  });

  describe('a passkey that was added after the start', () => {
    it('cannot finish a sign-in if the options did not list it', async () => {
      const passkey = await registerPasskey(aUser());
      const begun = await beginStepUp(passkey);
      const later = await registerPasskey(passkey.user);
      const [credential] = later.authenticator.credentials;
      const finish = () =>
        passkey.browser.finish(
          'authenticate',
          begun.answer(later.authenticator, { credential: credential! }),
        );
      expect(await refusal(finish, 'credential_not_allowed')).toBe('401 webauthn_login_failed');
      expect((await passkey.browser.finish('authenticate', begun.answer(passkey.authenticator))).status).toBe(
        200,
      );
    });
  });

  describe('the signature counter', () => {
    const counterOf = async ({ device }: RegisteredPasskey) =>
      (await sql<{ counter: string }>(app, 'select counter::text from devices where id = $1', device.id))[0]!
        .counter;
    const signInWith = async ({ browser, authenticator }: RegisteredPasskey, counter: number) => {
      const begun = await browser.beginSignIn();
      return browser.finish('authenticate', begun.answer(authenticator, { counter }));
    };

    it('may increase by any number', async () => {
      const passkey = await registerPasskey(aUser(), { traits: { counter: 'increasing' } });
      expect(await counterOf(passkey)).toBe('1');
      for (const counter of [2, 3, 70, 4_294_967_295]) {
        expect((await signInWith(passkey, counter)).status).toBe(200);
        expect(await counterOf(passkey)).toBe(String(counter));
      }
    });

    it('may stay at 0', async () => {
      const passkey = await registerPasskey(aUser());
      for (let i = 0; i < 3; i++) expect((await signInWith(passkey, 0)).status).toBe(200);
      expect(await counterOf(passkey)).toBe('0');
    });

    it.each([
      ['stands still', 7],
      ['falls', 6],
      ['falls to 0', 0],
    ])('reveals a clone when it %s, and is then not stored', async (_, counter) => {
      const passkey = await registerPasskey(aUser(), { traits: { counter: 'increasing' } });
      expect((await signInWith(passkey, 7)).status).toBe(200);
      const finish = () => signInWith(passkey, counter);
      expect(await refusal(finish, 'clone_suspected')).toBe('401 discoverable_login_failed');
      expect(await counterOf(passkey)).toBe('7');
      expect((await signInWith(passkey, 8)).status).toBe(200);
    });

    it('is not compared before the signature is verified', async () => {
      const passkey = await registerPasskey(aUser(), { traits: { counter: 'increasing' } });
      const begun = await passkey.browser.beginSignIn();
      const body = begun.answer(passkey.authenticator, {
        counter: 0,
        mutateSignature: (bytes) => Buffer.concat([bytes.subarray(0, -1), Buffer.from([bytes.at(-1)! ^ 1])]),
      });
      const finish = () => passkey.browser.finish('authenticate', body);
      expect(await refusal(finish, 'signature_invalid')).toBe('401 discoverable_login_failed');
    });
  });
});
