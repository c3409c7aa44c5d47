import { buildApp, type TestApp } from '../support/build-app.js';
import type { GetOverrides } from '../support/ceremony-overrides.js';
import { flexError } from '../support/flex-error.js';
import type { SoftwareAuthenticator } from '../support/software-authenticator.js';
import { auditTrail, contentsButTrail, eventsOf, sql } from '../support/tables.js';
import { Tenant } from '../support/tenant.js';

describe('the rules of an app for its ceremonies', () => {
  let app: TestApp;
  beforeAll(async () => {
    app = await buildApp();
  });
  afterAll(() => app?.close());

  const signIn = async (
    tenant: Tenant,
    authenticator: SoftwareAuthenticator,
    overrides: Partial<GetOverrides> = {},
  ) => {
    const browser = tenant.browser();
    return browser.finish('authenticate', (await browser.beginSignIn()).answer(authenticator, overrides));
  };

  describe('a changed backup-eligible flag', () => {
    /** An app, and a passkey that was not backup-eligible when it was registered, but is now. */
    async function changed(columns: Record<string, unknown> = {}) {
      const tenant = await Tenant.create(app, columns);
      const traits = { backupEligible: false, backedUp: false };
      const { authenticator } = await tenant.register('ada', { traits });
      const [credential] = authenticator.credentials;
      credential!.backupEligible = true;
      credential!.backedUp = true;
      return { tenant, authenticator, credential: credential! };
    }

    const deviceOf = async (tenant: Tenant) => {
      const [device] = await sql<{ id: string; userId: string; eligible: boolean; synced: boolean }>(
        app,
        `select id, user_id as "userId", backup_eligible as eligible, backed_up as synced from devices
         where app_id = $1`,
        tenant.id,
      );
      return device!;
    };

    const refuses = async (tenant: Tenant, authenticator: SoftwareAuthenticator) => {
      const before = await contentsButTrail(app);
      const events = await eventsOf(app, async () => {
        expect(flexError(await signIn(tenant, authenticator))).toBe('401 discoverable_login_failed');
      });
      expect(events).toMatchObject([{ type: 'refused', reason: 'backup_eligibility_changed' }]);
      expect(await contentsButTrail(app)).toEqual(before);
    };

    it('is accepted, written and audited with the sign-in', async () => {
      const { tenant, authenticator } = await changed();
      const events = await eventsOf(app, async () => (await signIn(tenant, authenticator)).expect());
      const { id: deviceId, userId, eligible, synced } = await deviceOf(tenant);
      expect({ eligible, synced }).toEqual({ eligible: true, synced: true });
      const who = { appId: tenant.id, userId, deviceId, userAgent: 'Keyway tests' };
      expect(events).toHaveLength(2);
      expect(events).toEqual(
        expect.arrayContaining([
          expect.objectContaining({ ...who, type: 'authenticated' }),
          expect.objectContaining({ ...who, type: 'passkey.backup_changed' }),
        ]),
      );
      expect(events[0]!.requestId).toBe(events[1]!.requestId);
      // It is the stored flag from now on.
      const next = await eventsOf(app, async () => (await signIn(tenant, authenticator)).expect());
      expect(next).toMatchObject([{ type: 'authenticated' }]);
    });

    it('is recorded in both directions, on a transaction as well', async () => {
      const { tenant, authenticator, credential } = await changed();
      (await signIn(tenant, authenticator)).expect();
      Object.assign(credential, { backupEligible: false, backedUp: false });
      const browser = tenant.browser();
      const begun = await browser.beginSignIn(await tenant.authenticateTransaction('ada'));
      (await browser.finish('authenticate', begun.answer(authenticator))).expect();
      expect(await deviceOf(tenant)).toMatchObject({ eligible: false, synced: false });
    });

    it('is recorded once by sign-ins that race', async () => {
      const { tenant, authenticator } = await changed();
      const events = await eventsOf(app, async () => {
        const answers = await Promise.all(Array.from({ length: 12 }, () => signIn(tenant, authenticator)));
        for (const answer of answers) answer.expect();
      });
      const types = events.map(({ type }) => type).sort();
      expect(types).toEqual([...Array<string>(12).fill('authenticated'), 'passkey.backup_changed']);
    });

    it('is written by no sign-in that is refused', async () => {
      const { tenant, authenticator } = await changed();
      const before = await contentsButTrail(app);
      const mutateSignature = (bytes: Buffer) => bytes.fill(1, bytes.length - 4);
      expect(flexError(await signIn(tenant, authenticator, { mutateSignature }))).toBe(
        '401 discoverable_login_failed',
      );
      const browser = tenant.browser();
      const answer = (await browser.beginSignIn()).answer(authenticator);
      await tenant.change('user_verification', 'required');
      await sql(app, `update flex_users set status = 'inactive' where app_id = $1`, tenant.id);
      expect(flexError(await browser.finish('authenticate', answer))).toBe('403 user_not_active');
      await sql(app, `update flex_users set status = 'active' where app_id = $1`, tenant.id);
      expect(await deviceOf(tenant)).toMatchObject({ eligible: false });
      expect((await contentsButTrail(app)).devices).toBe(before.devices);
      expect((await auditTrail(app)).filter((it) => it.appId === tenant.id).map(({ type }) => type)).toEqual([
        'registered',
        'refused',
        'refused',
      ]);
    });

    it('is refused if the app refuses it, whether it did so at the start or does so now', async () => {
      const { tenant, authenticator } = await changed({ backup_eligibility_change: 'refuse' });
      await refuses(tenant, authenticator);
      const browser = tenant.browser();
      const begunStrictly = (await browser.beginSignIn()).answer(authenticator);
      await tenant.change('backup_eligibility_change', 'record');
      expect(flexError(await browser.finish('authenticate', begunStrictly))).toBe(
        '401 discoverable_login_failed',
      );
      // A start may still see the app as it was five seconds ago; a finish does not.
      const { tenant: other, authenticator: theirs } = await changed();
      const page = other.browser();
      const begunLeniently = (await page.beginSignIn()).answer(theirs);
      await other.change('backup_eligibility_change', 'refuse');
      expect(flexError(await page.finish('authenticate', begunLeniently))).toBe(
        '401 discoverable_login_failed',
      );
      expect(await deviceOf(other)).toMatchObject({ eligible: false });
    });

    it('is refused by an app with a list of allowed models', async () => {
      const { tenant, authenticator } = await changed();
      await tenant.change('aaguid_allow', ['00000000-0000-0000-0000-000000000000']);
      await refuses(tenant, authenticator);
    });

    it('is refused of a passkey whose attestation is trusted', async () => {
      const { tenant, authenticator } = await changed();
      await sql(app, `update devices set attestation_trust = 'trusted' where app_id = $1`, tenant.id);
      await refuses(tenant, authenticator);
    });
  });

  describe('a ceremony in a cross-origin frame whose page is unknown', () => {
    const framed = { crossOrigin: true };

    it('is refused unless the app allows it, and then both kinds are accepted', async () => {
      const tenant = await Tenant.create(app);
      const { authenticator } = await tenant.register('ada');
      const events = await eventsOf(app, async () => {
        expect(flexError(await signIn(tenant, authenticator, framed))).toBe('401 discoverable_login_failed');
      });
      expect(events).toMatchObject([{ type: 'refused', reason: 'cross_origin' }]);

      const framing = await Tenant.create(app, { unknown_frames: 'allow' });
      const browser = framing.browser();
      const begun = await browser.beginRegistration(await framing.registerTransaction('ada'));
      (await browser.finish('register', begun.answer(authenticator, framed))).expect();
      (await signIn(framing, authenticator, framed)).expect();
      const listed = { ...framed, topOrigin: 'https://portal.example' };
      expect(flexError(await signIn(framing, authenticator, listed))).toBe('401 discoverable_login_failed');
    });

    it('is refused if the app allowed it only at the start, or only now', async () => {
      const tenant = await Tenant.create(app, { unknown_frames: 'allow' });
      const { authenticator } = await tenant.register('ada');
      const browser = tenant.browser();
      const begun = await browser.beginSignIn();
      await tenant.change('unknown_frames', 'refuse');
      expect(flexError(await browser.finish('authenticate', begun.answer(authenticator, framed)))).toBe(
        '401 discoverable_login_failed',
      );
      const other = await Tenant.create(app);
      const { authenticator: theirs } = await other.register('ada');
      const page = other.browser();
      const begunStrictly = await page.beginSignIn();
      await other.change('unknown_frames', 'allow');
      expect(flexError(await page.finish('authenticate', begunStrictly.answer(theirs, framed)))).toBe(
        '401 discoverable_login_failed',
      );
    });
  });
});
