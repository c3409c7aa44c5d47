import type { FinishBody } from '../support/browser.js';
import { buildApp, type TestApp } from '../support/build-app.js';
import type { GetOverrides } from '../support/ceremony-overrides.js';
import { flexError } from '../support/flex-error.js';
import { SoftwareAuthenticator } from '../support/software-authenticator.js';
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
      expect(events).toMatchObject([{ type: 'passkey.refused', reason: 'backup_eligibility_changed' }]);
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
          expect.objectContaining({ ...who, type: 'passkey.used' }),
          expect.objectContaining({ ...who, type: 'passkey.backup_changed' }),
        ]),
      );
      expect(events[0]!.requestId).toBe(events[1]!.requestId);
      // It is the stored flag from now on.
      const next = await eventsOf(app, async () => (await signIn(tenant, authenticator)).expect());
      expect(next).toMatchObject([{ type: 'passkey.used' }]);
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
      expect(types).toEqual(['passkey.backup_changed', ...Array<string>(12).fill('passkey.used')]);
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
        'passkey.registered',
        'passkey.refused',
        'passkey.refused',
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

    it('is refused of a passkey with a trusted attestation', async () => {
      const { tenant, authenticator } = await changed();
      await sql(app, `update devices set attestation_trust = 'trusted' where app_id = $1`, tenant.id);
      await refuses(tenant, authenticator);
    });
  });

  describe('a ceremony in a cross-origin frame in an unknown page', () => {
    const framed = { crossOrigin: true };

    it('is refused unless the app allows it, and then both kinds are accepted', async () => {
      const tenant = await Tenant.create(app);
      const { authenticator } = await tenant.register('ada');
      const events = await eventsOf(app, async () => {
        expect(flexError(await signIn(tenant, authenticator, framed))).toBe('401 discoverable_login_failed');
      });
      expect(events).toMatchObject([{ type: 'passkey.refused', reason: 'cross_origin' }]);

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

  describe('ES384 and ES512', () => {
    it('are not offered, and refused, unless the app lists them', async () => {
      const tenant = await Tenant.create(app);
      const browser = tenant.browser();
      const begun = await browser.beginRegistration(await tenant.registerTransaction('ada'));
      expect(begun.publicKey.pubKeyCredParams.map(({ alg }) => alg)).toEqual([-7, -8, -257]);
      const answer = begun.answer(new SoftwareAuthenticator(), { algorithm: -35 });
      const events = await eventsOf(app, async () => {
        expect(flexError(await browser.finish('register', answer))).toBe('400 invalid_request');
      });
      expect(events).toMatchObject([{ type: 'passkey.refused', reason: 'algorithm_not_offered' }]);
    });

    it.each([-35, -36] as const)(
      'register and sign in as %i in an app that lists them',
      async (algorithm) => {
        const tenant = await Tenant.create(app, { algorithms: [-36, -35] });
        const { authenticator } = await tenant.register('ada', { traits: { algorithms: [algorithm] } });
        (await signIn(tenant, authenticator)).expect();
        const rows = await sql(app, 'select algorithm from devices where app_id = $1', tenant.id);
        expect(rows).toEqual([{ algorithm }]);
        const mutateSignature = (bytes: Buffer) => bytes.fill(1, bytes.length - 4);
        expect(flexError(await signIn(tenant, authenticator, { mutateSignature }))).toBe(
          '401 discoverable_login_failed',
        );
      },
    );
  });

  describe('hints of a start', () => {
    it('are in the options of both ceremonies, with an attachment that fits', async () => {
      const tenant = await Tenant.create(app);
      await tenant.register('ada');
      const browser = tenant.browser();
      const hints = ['security-key', 'hybrid'];
      const { publicKey } = await browser.beginRegistration(await tenant.registerTransaction('ada'), {
        hints,
        authenticator_attachment: 'any',
      });
      expect(publicKey).toMatchObject({
        hints,
        authenticatorSelection: { authenticatorAttachment: 'cross-platform' },
      });
      for (const named of [{}, { transaction_id: await tenant.authenticateTransaction('ada') }]) {
        const answer = await browser.post('authenticate', 'start', { ...named, hints });
        expect(answer.expect()).toMatchObject({ handshake: { challenge: { publicKey: { hints } } } });
      }
    });

    it.each([null, []])('are left out when they are %j', async (hints) => {
      const answer = await (await Tenant.create(app)).browser().post('authenticate', 'start', { hints });
      expect(answer.text).not.toContain('hints');
      answer.expect();
    });

    it.each([
      ['a text', 'hybrid'],
      ['an object', { 0: 'hybrid' }],
      ['unknown', ['phone']],
      ['one twice', ['hybrid', 'hybrid']],
      ['too many', ['hybrid', 'security-key', 'client-device', 'hybrid']],
      ['a number among them', ['hybrid', 1]],
      ['nested', [['hybrid']]],
    ])('are refused when they are %s', async (_, hints) => {
      const tenant = await Tenant.create(app);
      const browser = tenant.browser();
      const transaction_id = await tenant.registerTransaction('ada');
      for (const [kind, body] of [
        ['authenticate', { hints }],
        ['register', { transaction_id, hints }],
      ] as const) {
        const answer = await browser.post(kind, 'start', body);
        expect(flexError(answer)).toBe('400 invalid_request');
        expect(answer.text).toContain('hints');
      }
    });
  });

  describe('clientExtensionResults', () => {
    const numbers = (length: number) => Array.from({ length }, (_, index) => index % 256);
    const asObject = (length: number) => Object.fromEntries(Object.entries(numbers(length)));

    it.each<[string, unknown]>([
      ['of credProps', { credProps: { rk: true } }],
      ['of prf, as objects of numbers', { prf: { results: { first: asObject(32), second: asObject(32) } } }],
      ['of largeBlob, as a list of 10,000 numbers', { largeBlob: { blob: numbers(10_000) } }],
      ['of an extension of tomorrow, nested deeply', JSON.parse('['.repeat(500) + ']'.repeat(500))],
      ['with U+0000', { prf: '\0' }],
      ['that are a text', 'none'],
    ])('are accepted and dropped %s, in both ceremonies', async (_, clientExtensionResults) => {
      const tenant = await Tenant.create(app);
      const browser = tenant.browser();
      const authenticator = new SoftwareAuthenticator();
      const withResults = (body: FinishBody) => ({
        ...body,
        handshake_response: { ...body.handshake_response, clientExtensionResults },
      });
      const begun = await browser.beginRegistration(await tenant.registerTransaction('ada'));
      const registered = await browser.finish('register', withResults(begun.answer(authenticator)));
      expect(registered.body).toEqual({ nonce: expect.any(String) });
      const signing = (await browser.beginSignIn()).answer(authenticator);
      const signedIn = await browser.finish('authenticate', withResults(signing));
      expect(signedIn.body).toEqual({ nonce: expect.any(String) });
    });

    it('make no body longer than 64 KiB, and no other member hold as many values', async () => {
      const tenant = await Tenant.create(app);
      const browser = tenant.browser();
      const begun = await browser.beginRegistration(await tenant.registerTransaction('ada'));
      const answer = begun.answer(new SoftwareAuthenticator());
      const { handshake_response: response } = answer;
      const long = { ...response, clientExtensionResults: { largeBlob: { blob: numbers(30_000) } } };
      expect(flexError(await browser.finish('register', { ...answer, handshake_response: long }))).toBe(
        '413 invalid_request',
      );
      for (const body of [
        { ...answer, handshake_response: { ...response, surprise: numbers(10_000) } },
        { ...answer, clientExtensionResults: numbers(10_000) },
      ]) {
        const refused = await browser.finish('register', body);
        expect(flexError(refused)).toBe('400 invalid_request');
        expect(refused.text).toContain('too many values');
      }
      (await browser.finish('register', answer)).expect();
    });
  });
});
