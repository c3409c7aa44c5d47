import { jest } from '@jest/globals';
import { HandshakesService } from '../../src/flex/ceremonies/handshakes.service.js';
import { AppPolicies } from '../../src/flex/apps/app-policies.js';
import { buildApp, type TestApp } from '../support/build-app.js';
import { eventsOf, statementsOf } from '../support/tables.js';
import { Tenant } from '../support/tenant.js';

const MINUTE = 60_000; // ms
const realNow = Date.now.bind(Date);

/** From now on this process believes that it is so many milliseconds later. */
const setClock = (ahead: number) => jest.spyOn(Date, 'now').mockImplementation(() => realNow() + ahead);

describe.each([
  ['an hour ahead', 60 * MINUTE],
  ['an hour behind', -60 * MINUTE],
  ['longer ahead than a handshake lives', 5.5 * MINUTE],
])('with the clock of the service %s', (_how, ahead) => {
  let app: TestApp;
  let tenant: Tenant;
  beforeAll(async () => {
    setClock(ahead);
    app = await buildApp();
    tenant = await Tenant.create(app);
  });
  afterAll(async () => {
    jest.restoreAllMocks();
    await app?.close();
  });

  it('registers a passkey, and signs in with it on a transaction and without one', async () => {
    const { authenticator } = await tenant.register('ada');
    expect(await tenant.verify(await tenant.signIn(authenticator))).toMatchObject({ externalId: 'ada' });
    const browser = tenant.browser();
    const begun = await browser.beginSignIn(await tenant.authenticateTransaction('ada'));
    expect((await browser.finish('authenticate', begun.answer(authenticator))).status).toBe(200);
  });

  it('says so once in the log', () => {
    const lines = app.logLines.filter((line) => line.includes('clock is'));
    expect(lines).toEqual([expect.stringMatching(/"level":40.*(ahead of|behind) the database/)]);
  });
});

describe('the clock of the database', () => {
  let app: TestApp;
  let tenant: Tenant;
  beforeAll(async () => {
    app = await buildApp();
    tenant = await Tenant.create(app, { handshake_ttl: 4 });
  });
  afterEach(() => jest.restoreAllMocks());
  afterAll(() => app?.close());

  it.each([60 * MINUTE, -60 * MINUTE])(
    'ends the life of a handshake, though that of the service jumped by %d ms before it was made',
    async (ahead) => {
      const { authenticator } = await tenant.register(`ada${ahead}`);
      setClock(ahead);
      const browser = tenant.browser();
      const [prompt, late] = [await browser.beginSignIn(), await browser.beginSignIn()];
      expect((await browser.finish('authenticate', prompt.answer(authenticator))).status).toBe(200);
      // Nothing can be asked for its expiry but the handshake itself.
      await new Promise((resolve) => setTimeout(resolve, 4_050));
      for (const clock of [ahead, 0, -ahead]) {
        setClock(clock);
        expect((await browser.finish('authenticate', late.answer(authenticator))).status).toBe(401);
      }
    },
  );

  it('refuses a handshake that was made by a clock far ahead of it, as it would live too long', async () => {
    const { authenticator } = await tenant.register('bea');
    const policy = await app.application.get(AppPolicies, { strict: false }).get(tenant.id);
    const handshakes = app.application.get(HandshakesService, { strict: false });
    for (const [ahead, status] of [
      [0, 200],
      [31_000, 401],
      [60 * MINUTE, 401],
    ] as const) {
      const issued = handshakes.issue('authenticate', policy, { hash: null, now: realNow() + ahead });
      const browser = tenant.browser();
      const begun = await browser.beginSignIn();
      const response = authenticator.get(
        { ...begun.publicKey, challenge: issued.challenge },
        { origin: tenant.origin },
      );
      const events = await eventsOf(app, async () => {
        const body = { handshake_id: issued.id, handshake_response: response };
        expect((await browser.finish('authenticate', body)).status).toBe(status);
      });
      expect(events.map(({ reason }) => reason)).toEqual([status === 200 ? null : 'handshake_of_the_future']);
    }
  });

  it('is not asked for by any ceremony', async () => {
    const asked = jest.spyOn(app.database, 'readClock');
    const { authenticator } = await tenant.register('cleo');
    await tenant.signIn(authenticator);
    expect(asked).not.toHaveBeenCalled();
    // Who starts a sign-in asks for the app alone, which was read a moment ago.
    expect(await statementsOf(app, () => tenant.browser().beginSignIn())).toBe(0);
  });
});
