import { randomUUID } from 'node:crypto';
import type { Passkey } from '../../src/flex/devices/passkey.js';
import { Passage } from '../../src/passage/passage.js';
import { Browser } from '../support/browser.js';
import { buildApp, TEST, type TestApp } from '../support/build-app.js';
import { failureOf, remotePassage, startProvider } from '../support/providers.js';
import { SILENTLY, SoftwareAuthenticator } from '../support/software-authenticator.js';
import { changeApp, count, shuffleCreation, sql, UNKNOWN_ID } from '../support/tables.js';
import { Tenant } from '../support/tenant.js';

interface Subject {
  readonly passage: Passage;
  /** The service that keeps the passkeys. */
  readonly app: TestApp;
  readonly flexUrl: string;
}

const PROVIDERS: Record<string, () => Promise<Subject>> = {
  EmbeddedPassage: async () => {
    const app = await buildApp();
    const passage = app.application.get<Passage>(Passage, { strict: false });
    return { passage, app, flexUrl: `${TEST.publicUrl}/v1` };
  },
  RemotePassage: async () => {
    const { app, settings } = await startProvider();
    return { passage: remotePassage(settings), app, flexUrl: settings.baseUrl };
  },
};

const anExternalId = (): string => randomUUID();
const code = (name: string) => expect.objectContaining({ name: 'AppError', code: name }) as Error;

describe.each(Object.entries(PROVIDERS))('the contract of Passage, implemented by %s', (name, start) => {
  let passage: Passage;
  let app: TestApp;
  let flexUrl: string;

  beforeAll(async () => {
    ({ passage, app, flexUrl } = await start());
    await changeApp(app, TEST.appId, 'conditional_create', 'on');
  });
  afterAll(() => app?.close());

  /** Registers a passkey of the user, up to its nonce. */
  const register = async (externalId: string, authenticator = new SoftwareAuthenticator()) => {
    const browser = new Browser(app);
    const transaction = await passage.createRegisterTransaction(externalId, 'Ada');
    const begun = await browser.beginRegistration(transaction);
    const finished = await browser.finish('register', begun.answer(authenticator));
    const { nonce } = finished.expect<{ nonce: string }>();
    return { browser, authenticator, begun, transaction, nonce };
  };
  const signIn = async (browser: Browser, authenticator: SoftwareAuthenticator, transaction?: string) => {
    const begun = await browser.beginSignIn(transaction);
    const finished = await browser.finish('authenticate', begun.answer(authenticator));
    return finished.expect<{ nonce: string }>().nonce;
  };
  const aUserWithPasskey = async (externalId = anExternalId()) => {
    const { browser, authenticator, nonce } = await register(externalId);
    const [device] = (await passage.getDevices(externalId)).devices;
    return { externalId, browser, authenticator, nonce, device: device! };
  };
  const deactivate = (externalId: string) =>
    sql(app, `update flex_users set status = 'inactive' where external_id = $1`, externalId);

  describe('the app', () => {
    it('has the id and the URL that browsers use', () => {
      expect(passage.appId).toBe(TEST.appId);
      expect(passage.flexUrl).toBe(flexUrl);
    });

    it('is returned with its current origins', async () => {
      const stepUp = { by: 'off', maxAge: 300, acrValues: [], amrValues: [] };
      const rules = { maxPasskeysPerUser: 50, lastPasskey: 'warn', stepUp };
      const shop = { id: TEST.appId, name: 'The Shop', rpId: TEST.rpId, ...rules };
      expect(await passage.getApp()).toEqual({ ...shop, origins: [TEST.origin] });
      const origins = [TEST.origin, 'https://m.shop.example'];
      await changeApp(app, TEST.appId, 'origins', origins);
      expect(await passage.getApp()).toEqual({ ...shop, origins });
      await changeApp(app, TEST.appId, 'origins', [TEST.origin]);
    });
  });

  describe('a user', () => {
    it('is null before the first register transaction', async () => {
      const externalId = anExternalId();
      expect(await passage.getUser(externalId)).toBeNull();
      await passage.createRegisterTransaction(externalId, 'Ada');
      const user = await passage.getUser(externalId);
      expect(user).toMatchObject({ externalId, status: 'active', loginCount: 0, lastLoginAt: null });
      expect(user!.createdAt).toBeInstanceOf(Date);
      expect(user!.updatedAt).toEqual(user!.createdAt);
      expect(user!.id).not.toBe(externalId);
    });

    it('has the count and the time of their sign-ins', async () => {
      const { externalId, browser, authenticator } = await aUserWithPasskey();
      expect(await passage.getUser(externalId)).toMatchObject({ loginCount: 0, lastLoginAt: null });
      await signIn(browser, authenticator);
      const user = await passage.getUser(externalId);
      expect(user).toMatchObject({ loginCount: 1, lastLoginAt: expect.any(Date) });
      expect(user!.lastLoginAt!.getTime()).toBeGreaterThan(user!.createdAt.getTime());
    });

    it('is returned as inactive once deactivated', async () => {
      const { externalId } = await aUserWithPasskey();
      await deactivate(externalId);
      expect(await passage.getUser(externalId)).toMatchObject({ status: 'inactive' });
    });

    it.each(['a b+c', '100%2Fx', '?&=#/..;', 'Ümläut 🔑', "'; --", '%', 'long'.repeat(63)])(
      'is found under the external ID %j alone',
      async (externalId) => {
        const { device } = await aUserWithPasskey(externalId);
        expect(await passage.getUser(externalId)).toMatchObject({ externalId });
        expect((await passage.getDevices(externalId)).devices).toEqual([device]);
        for (const other of [externalId.toUpperCase() + '_', `${externalId} `, externalId.slice(0, -1), '']) {
          expect(await passage.getUser(other)).toBeNull();
        }
        await passage.revokeDevice(externalId, device.id);
      },
    );

    it('is not found by their id, or by their external ID in other letter case', async () => {
      const { externalId } = await aUserWithPasskey(`Case-${anExternalId()}`);
      const { id } = (await passage.getUser(externalId))!;
      for (const other of [id, externalId.toLowerCase()]) {
        expect(await passage.getUser(other)).toBeNull();
        expect((await passage.getDevices(other)).devices).toEqual([]);
      }
    });
  });

  describe('the passkeys', () => {
    it('are an empty list without RP ID and user handles for an unknown user', async () => {
      await passage.getApp();
      const nothing = { devices: [], ...(await passage.recentRules()), rpId: null, signalUserHandles: [] };
      expect(await passage.getDevices(anExternalId())).toEqual(nothing);
    });

    it('are an empty list with RP ID and limit, and no user handle to signal, for a known user without any', async () => {
      const externalId = anExternalId();
      await passage.createRegisterTransaction(externalId, 'Ada');
      expect(await passage.getDevices(externalId)).toEqual({
        devices: [],
        limit: 50,
        lastPasskey: 'warn',
        rpId: TEST.rpId,
        signalUserHandles: [],
      });
    });

    it('have no user handle to signal while one more is being registered', async () => {
      const externalId = anExternalId();
      const { begun } = await register(externalId);
      expect((await passage.getDevices(externalId)).signalUserHandles).toEqual([begun.publicKey.user.id]);
      await passage.createRegisterTransaction(externalId, 'Ada');
      expect((await passage.getDevices(externalId)).signalUserHandles).toEqual([]);
    });

    it('are returned with every member', async () => {
      const externalId = anExternalId();
      const { authenticator, begun } = await register(externalId);
      const { devices, ...rest } = await passage.getDevices(externalId);
      expect(rest).toEqual({
        limit: 50,
        lastPasskey: 'warn',
        rpId: TEST.rpId,
        signalUserHandles: [begun.publicKey.user.id],
      });
      const device: Passkey = devices[0]!;
      expect(devices).toEqual([
        {
          id: expect.stringMatching(/^[\w-]{1,64}$/),
          credId: authenticator.credentials[0]!.id.toString('base64url'),
          friendlyName: expect.any(String),
          type: 'passkey',
          icons: {
            light: expect.stringContaining(`${TEST.publicUrl}/icons/passkey/light.svg?v=`),
            dark: expect.stringContaining(`${TEST.publicUrl}/icons/passkey/dark.svg?v=`),
          },
          usageCount: 0,
          lastLoginAt: null,
          createdAt: expect.any(Date),
          updatedAt: device.createdAt,
          provider: null,
          synced: true,
          transports: ['internal', 'hybrid'],
          // The protocol's device does not tell these.
          nameCode: name === 'EmbeddedPassage' ? 'passkey' : null,
          automatic: name === 'EmbeddedPassage' ? false : null,
          createdFrom: null,
          lastUsedFrom: null,
        },
      ]);
    });

    it('lists the passkeys of a user oldest first', async () => {
      const externalId = anExternalId();
      for (let i = 0; i < 5; i++) await register(externalId);
      const ids = async () => (await passage.getDevices(externalId)).devices.map(({ id }) => id);
      const oldestFirst = await shuffleCreation(app, 'devices', await ids());
      expect(await ids()).toEqual(oldestFirst);
    });

    it('have the count and the time of their last use', async () => {
      const { externalId, browser, authenticator, device } = await aUserWithPasskey();
      await signIn(browser, authenticator);
      const [used] = (await passage.getDevices(externalId)).devices;
      expect(used).toEqual({ ...device, usageCount: 1, lastLoginAt: expect.any(Date) });
    });
  });

  describe('renaming', () => {
    it('changes the name, and returns the changed passkey', async () => {
      const { externalId, device } = await aUserWithPasskey();
      const friendlyName = 'Zoë’s 🔑 & "laptop"';
      const renamed = await passage.renameDevice(externalId, device.id, friendlyName);
      expect(renamed).toEqual({ ...device, friendlyName, nameCode: null, updatedAt: expect.any(Date) });
      expect(renamed.updatedAt.getTime()).toBeGreaterThan(device.updatedAt.getTime());
      expect((await passage.getDevices(externalId)).devices).toEqual([renamed]);
    });

    it('refuses an unknown passkey and the passkey of another user with device_not_found', async () => {
      const mine = await aUserWithPasskey();
      const other = await aUserWithPasskey();
      const rename = (externalId: string, id: string) => passage.renameDevice(externalId, id, 'Mine now');
      await expect(rename(other.externalId, mine.device.id)).rejects.toEqual(code('device_not_found'));
      await expect(rename(anExternalId(), mine.device.id)).rejects.toEqual(code('device_not_found'));
      await expect(rename(mine.externalId, UNKNOWN_ID)).rejects.toEqual(code('device_not_found'));
      await expect(rename(mine.externalId, '..')).rejects.toEqual(code('device_not_found'));
      expect((await passage.getDevices(mine.externalId)).devices).toEqual([mine.device]);
    });
  });

  describe('revoking', () => {
    it('removes the passkey, and voids its nonces', async () => {
      const { externalId, browser, authenticator, nonce, device } = await aUserWithPasskey();
      const begun = await browser.beginSignIn();
      await passage.revokeDevice(externalId, device.id);
      expect((await passage.getDevices(externalId)).devices).toEqual([]);
      await expect(passage.verifyNonce(nonce)).rejects.toEqual(code('invalid_nonce'));
      expect((await browser.finish('authenticate', begun.answer(authenticator))).status).toBe(401);
      await expect(passage.revokeDevice(externalId, device.id)).rejects.toEqual(code('device_not_found'));
    });

    it('refuses an unknown passkey and the passkey of another user with device_not_found', async () => {
      const mine = await aUserWithPasskey();
      const other = await aUserWithPasskey();
      const revoke = (externalId: string, id: string) => passage.revokeDevice(externalId, id);
      await expect(revoke(other.externalId, mine.device.id)).rejects.toEqual(code('device_not_found'));
      await expect(revoke(anExternalId(), mine.device.id)).rejects.toEqual(code('device_not_found'));
      for (const id of [UNKNOWN_ID, '', '.', '..', '../..', 'a/b', 'x'.repeat(65)]) {
        await expect(revoke(mine.externalId, id)).rejects.toEqual(code('device_not_found'));
      }
      expect((await passage.getDevices(mine.externalId)).devices).toEqual([mine.device]);
    });
  });

  describe('a register transaction', () => {
    it('allows the user to register one passkey', async () => {
      const externalId = anExternalId();
      const { browser, transaction, nonce, begun } = await register(externalId);
      expect(begun.publicKey.user).toMatchObject({ name: 'Ada', displayName: 'Ada' });
      expect(await passage.verifyNonce(nonce)).toMatchObject({ externalId, kind: 'register' });
      expect((await browser.post('register', 'start', { transaction_id: transaction })).status).toBe(404);
      expect((await passage.getDevices(externalId)).devices).toHaveLength(1);
    });

    it('has the username as the name of the account, where the provider can tell it from the display name', async () => {
      const transaction = await passage.createRegisterTransaction(anExternalId(), 'Ada Lovelace', {
        username: 'ada',
      });
      const { publicKey } = await new Browser(app).beginRegistration(transaction);
      expect(passage.showsUsernames).toBe(name === 'EmbeddedPassage');
      expect(publicKey.user).toMatchObject({
        name: passage.showsUsernames ? 'ada' : 'Ada Lovelace',
        displayName: 'Ada Lovelace',
      });
    });

    it('creates the user once, even if many are requested at once', async () => {
      const externalId = anExternalId();
      const asked = Array.from({ length: 8 }, () => passage.createRegisterTransaction(externalId, 'Ada'));
      expect(new Set(await Promise.all(asked)).size).toBe(8);
      expect(await count(app, 'flex_users where external_id = $1', externalId)).toBe(1);
    });

    it('is conditional if that is asked for, and the passkey may then be made without its user', async () => {
      const externalId = anExternalId();
      const browser = new Browser(app);
      const transaction = await passage.createRegisterTransaction(externalId, 'Ada', { conditional: true });
      const begun = await browser.beginRegistration(transaction);
      const body = begun.answer(new SoftwareAuthenticator(), SILENTLY);
      const { nonce } = (await browser.finish('register', body)).expect<{ nonce: string }>();
      expect(await passage.verifyNonce(nonce)).toMatchObject({ externalId, kind: 'register' });
      const asked = await passage.createRegisterTransaction(externalId, 'Ada');
      const refused = (await browser.beginRegistration(asked)).answer(new SoftwareAuthenticator(), SILENTLY);
      expect((await browser.finish('register', refused)).status).toBe(400);
    });

    it('is refused as a second conditional one, with the time to wait, and where the app allows none', async () => {
      const externalId = anExternalId();
      const ask = () => passage.createRegisterTransaction(externalId, 'Ada', { conditional: true });
      await ask();
      const failure = await failureOf(ask());
      expect(failure.code).toBe('too_many_requests');
      expect(failure.retryAfter).toBeGreaterThan(290);
      await changeApp(app, TEST.appId, 'conditional_create', 'off');
      await expect(ask()).rejects.toEqual(code('access_denied'));
    });

    it('is refused to an inactive user', async () => {
      const { externalId } = await aUserWithPasskey();
      await deactivate(externalId);
      await expect(passage.createRegisterTransaction(externalId, 'Ada')).rejects.toEqual(
        code('user_not_active'),
      );
    });

    it('is refused to a user who has as many passkeys as the app allows', async () => {
      const { externalId } = await aUserWithPasskey();
      await changeApp(app, TEST.appId, 'max_passkeys_per_user', 1);
      try {
        await expect(passage.createRegisterTransaction(externalId, 'Ada')).rejects.toEqual(
          code('too_many_passkeys'),
        );
      } finally {
        await changeApp(app, TEST.appId, 'max_passkeys_per_user', 20);
      }
    });
  });

  describe('an authenticate transaction', () => {
    it('allows the user to sign in once', async () => {
      const { externalId, browser, authenticator, device } = await aUserWithPasskey();
      const transaction = await passage.createAuthenticateTransaction(externalId);
      const nonce = await signIn(browser, authenticator, transaction);
      expect(await passage.verifyNonce(nonce)).toEqual({
        externalId,
        kind: 'authenticate',
        deviceId: device.id,
      });
      expect((await browser.post('authenticate', 'start', { transaction_id: transaction })).status).toBe(404);
    });

    it('is refused to an unknown user, to a user without passkeys and to an inactive one', async () => {
      const ask = (externalId: string) => passage.createAuthenticateTransaction(externalId);
      await expect(ask(anExternalId())).rejects.toEqual(code('user_not_found'));
      const bare = anExternalId();
      await passage.createRegisterTransaction(bare, 'Ada');
      await expect(ask(bare)).rejects.toEqual(code('user_has_no_passkeys'));
      const { externalId } = await aUserWithPasskey();
      await deactivate(externalId);
      await expect(ask(externalId)).rejects.toEqual(code('user_not_active'));
    });
  });

  describe('a nonce', () => {
    it('is verified once, even if many calls verify it at once', async () => {
      const { externalId, device, nonce } = await aUserWithPasskey();
      const asked = Array.from({ length: 10 }, () => passage.verifyNonce(nonce));
      const outcomes = await Promise.allSettled(asked);
      const proofs = outcomes.flatMap((it) => (it.status === 'fulfilled' ? [it.value] : []));
      expect(proofs).toEqual([{ externalId, kind: 'register', deviceId: device.id }]);
      const refusals = outcomes.flatMap((it) => (it.status === 'rejected' ? [it.reason as unknown] : []));
      expect(refusals).toEqual(Array(9).fill(code('invalid_nonce')));
    });

    it.each([
      ['well-formed', 'A'.repeat(43)],
      ['short', 'x'],
      ['empty', ''],
      ['long', 'x'.repeat(300)],
      ['other text', 'ä b\n'],
      ['not well-formed text', '\ud800'],
    ])('is invalid if it was never issued: %s', (_what, nonce) =>
      expect(passage.verifyNonce(nonce)).rejects.toEqual(code('invalid_nonce')),
    );

    it('is invalid for another app, and stays valid for its own', async () => {
      const tenant = await Tenant.create(app);
      const { nonce } = await tenant.register(anExternalId());
      await expect(passage.verifyNonce(nonce)).rejects.toEqual(code('invalid_nonce'));
      expect(await tenant.verify(nonce)).toMatchObject({ kind: 'register' });
    });

    it('is void once its user is inactive', async () => {
      const { externalId, nonce } = await aUserWithPasskey();
      await deactivate(externalId);
      await expect(passage.verifyNonce(nonce)).rejects.toEqual(code('invalid_nonce'));
    });
  });
});
