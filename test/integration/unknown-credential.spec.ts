import { randomBytes } from 'node:crypto';
import { buildApp, type TestApp } from '../support/build-app.js';
import type { GetOverrides } from '../support/ceremony-overrides.js';
import type { HttpAnswer } from '../support/http-answer.js';
import { SoftwareAuthenticator } from '../support/software-authenticator.js';
import { eventsOf, sql } from '../support/tables.js';
import { Tenant } from '../support/tenant.js';

const REFUSED = { code: 'discoverable_login_failed', error: 'The sign-in could not be verified.' };
const TOLD = { ...REFUSED, reason: 'unknown_credential' };

describe('an unknown credential at a discoverable sign-in', () => {
  let app: TestApp;
  beforeAll(async () => {
    app = await buildApp();
  });
  afterAll(() => app?.close());

  /** An app whose user has revoked a passkey that an authenticator still holds. */
  const aRevokedPasskey = async (columns: Record<string, unknown> = {}) => {
    const tenant = await Tenant.create(app, columns);
    const { authenticator } = await tenant.register('ada');
    await tenant.register('ada');
    const [{ id }] = (await sql<{ id: string }>(
      app,
      'select id from devices where app_id = $1 and credential_id = $2',
      tenant.id,
      authenticator.credentials[0]!.id,
    )) as [{ id: string }];
    await tenant.revoke('ada', id);
    return { tenant, authenticator };
  };

  /** An authenticator with a passkey that nobody has registered. */
  const aStranger = async (tenant: Tenant) => {
    const authenticator = new SoftwareAuthenticator();
    const begun = await tenant.browser().beginRegistration(await tenant.registerTransaction('eve'));
    authenticator.create(begun.publicKey, { origin: tenant.origin });
    return authenticator;
  };

  const signIn = async (
    tenant: Tenant,
    authenticator: SoftwareAuthenticator,
    overrides: Partial<GetOverrides> = {},
  ): Promise<HttpAnswer> => {
    const browser = tenant.browser();
    return browser.finish('authenticate', (await browser.beginSignIn()).answer(authenticator, overrides));
  };
  const outcomeOf = ({ status, body }: HttpAnswer) => [status, body];

  it('is told apart if it was revoked, and in nothing but the reason', async () => {
    const { tenant, authenticator } = await aRevokedPasskey();
    const revoked = await signIn(tenant, authenticator);
    const stranger = await signIn(tenant, await aStranger(tenant));
    expect(outcomeOf(revoked)).toStrictEqual([401, TOLD]);
    expect(outcomeOf(stranger)).toStrictEqual([401, REFUSED]);
    const named = ({ headers }: HttpAnswer) => Object.keys(headers).sort();
    expect(named(revoked)).toEqual(named(stranger));
  });

  it('is audited the same in either case', async () => {
    const { tenant, authenticator } = await aRevokedPasskey();
    const stranger = await aStranger(tenant);
    const events = await eventsOf(app, async () => {
      await signIn(tenant, authenticator);
      await signIn(tenant, stranger);
    });
    const event = { type: 'passkey.refused', reason: 'credential_unknown', userId: null, deviceId: null };
    expect(events).toMatchObject([event, event]);
  });

  it.each([
    ['any', TOLD, TOLD],
    ['never', REFUSED, REFUSED],
  ])('is told by an app that says %s', async (setting, revoked, unknown) => {
    const { tenant, authenticator } = await aRevokedPasskey({ unknown_credential: setting });
    expect(outcomeOf(await signIn(tenant, authenticator))).toStrictEqual([401, revoked]);
    expect(outcomeOf(await signIn(tenant, await aStranger(tenant)))).toStrictEqual([401, unknown]);
  });

  it('is not told where challenge, origin, RP ID or flags do not hold', async () => {
    const { tenant, authenticator } = await aRevokedPasskey({ unknown_credential: 'any' });
    const wrong: Partial<GetOverrides>[] = [
      { clientData: { challenge: randomBytes(32).toString('base64url') } },
      { clientData: { type: 'webauthn.create' } },
      { origin: 'https://evil.example' },
      { crossOrigin: true, topOrigin: 'https://evil.example' },
      { rpId: 'evil.example' },
      { flags: { up: false } },
      { flags: { uv: false } },
      { flags: { be: false, bs: true } },
    ];
    for (const overrides of wrong) {
      const outcome = outcomeOf(await signIn(tenant, authenticator, overrides));
      expect([overrides, ...outcome]).toStrictEqual([overrides, 401, REFUSED]);
    }
    const malformed = await signIn(tenant, authenticator, {
      mutateAuthenticatorData: (bytes) => bytes.subarray(0, 36),
    });
    expect(malformed.status).toBe(400);
    expect(malformed.body).toStrictEqual({ code: 'invalid_request', error: expect.any(String) as string });
  });

  it('is not told for a handshake that is forged, spent, expired or of another app', async () => {
    const { tenant, authenticator } = await aRevokedPasskey();
    const kept = await tenant.register('ada');
    const browser = tenant.browser();
    const begun = await browser.beginSignIn();
    const body = begun.answer(authenticator);
    const forged = { ...body, handshake_id: `${body.handshake_id.slice(0, -3)}AAA` };
    expect(outcomeOf(await browser.finish('authenticate', forged))).toStrictEqual([401, REFUSED]);
    expect((await browser.finish('authenticate', begun.answer(kept.authenticator))).status).toBe(200);
    const other = await aRevokedPasskey();
    const elsewhere = await other.tenant.browser().beginSignIn();
    const foreign = { ...elsewhere.answer(other.authenticator) };
    expect(outcomeOf(await browser.finish('authenticate', foreign))).toStrictEqual([401, REFUSED]);
  });

  it('is not told on a transaction', async () => {
    const { tenant, authenticator } = await aRevokedPasskey({ unknown_credential: 'any' });
    const browser = tenant.browser();
    const begun = await browser.beginSignIn(await tenant.authenticateTransaction('ada'));
    const credential = authenticator.credentials[0]!;
    const answer = await browser.finish('authenticate', begun.answer(authenticator, { credential }));
    expect(outcomeOf(answer)).toStrictEqual([401, { ...REFUSED, code: 'webauthn_login_failed' }]);
  });

  it('is told three times a handshake at most, however many ask at once', async () => {
    const { tenant, authenticator } = await aRevokedPasskey();
    const browser = tenant.browser();
    const body = (await browser.beginSignIn()).answer(authenticator);
    const answers = await Promise.all(Array.from({ length: 8 }, () => browser.finish('authenticate', body)));
    const told = answers.filter((answer) => JSON.stringify(answer.body) === JSON.stringify(TOLD));
    expect(told).toHaveLength(3);
    expect(outcomeOf(await signIn(tenant, authenticator))).toStrictEqual([401, TOLD]);
  });

  it('is not told with the user handle of an inactive user, in any of its forms', async () => {
    const { tenant, authenticator } = await aRevokedPasskey({ unknown_credential: 'any' });
    await sql(app, `update flex_users set status = 'inactive' where app_id = $1`, tenant.id);
    for (const userHandle of ['bytes', 'text'] as const) {
      const outcome = outcomeOf(await signIn(tenant, authenticator, { userHandle }));
      expect([userHandle, ...outcome]).toStrictEqual([userHandle, 401, REFUSED]);
    }
    // The handle alone tells whose passkey it was.
    await sql(app, 'delete from user_handles where app_id = $1', tenant.id);
    expect(outcomeOf(await signIn(tenant, authenticator))).toStrictEqual([401, TOLD]);
  });

  it('is not told without a user handle, as the user could be inactive', async () => {
    const { tenant, authenticator } = await aRevokedPasskey({ unknown_credential: 'any' });
    expect(outcomeOf(await signIn(tenant, authenticator, { userHandle: 'none' }))).toStrictEqual([
      401,
      REFUSED,
    ]);
    expect(outcomeOf(await signIn(tenant, authenticator))).toStrictEqual([401, TOLD]);
  });

  it('is not told for a passkey of an inactive user, which comes back with them', async () => {
    const tenant = await Tenant.create(app, { unknown_credential: 'any' });
    const { authenticator } = await tenant.register('ada');
    await sql(app, `update flex_users set status = 'inactive' where app_id = $1`, tenant.id);
    const { status, body } = await signIn(tenant, authenticator);
    expect([status, body]).toMatchObject([403, { code: 'user_not_active' }]);
    expect(body).not.toHaveProperty('reason');
  });

  it('is not told for a passkey that only another app has revoked', async () => {
    const { tenant, authenticator } = await aRevokedPasskey();
    const other = await Tenant.create(app);
    const credential = { ...authenticator.credentials[0]!, rpId: other.rpId };
    expect(tenant.id).not.toBe(other.id);
    expect(outcomeOf(await signIn(other, authenticator, { credential }))).toStrictEqual([401, REFUSED]);
  });
});
