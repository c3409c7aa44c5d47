import { setTimeout as pause } from 'node:timers/promises';
import type { Browser, Route } from 'playwright-core';
import { launchChromium } from './chromium.js';
import { DemoServer } from './demo-server.js';
import { DemoUser, whoSignedIn } from './demo-user.js';
import { eventually } from '../support/eventually.js';
import { bundleClients, NEW_HOST, OLD_HOST, SdkPage } from './sdk-page.js';
import type { VirtualAuthenticator } from './virtual-authenticator.js';

let server: DemoServer;
let browser: Browser;
let script: string;
const open: SdkPage[] = [];

/** How each client is made; both speak to another host than the page's own. */
const published = `new Published('demo')`;
const firstPublished = `new FirstPublished('demo')`;
const dropIn = `new DropIn('demo', { baseUrl: '${NEW_HOST}/v1' })`;
const onSameHost = `new DropIn('demo', { baseUrl: '/v1' })`;

beforeAll(async () => {
  [server, browser, script] = await Promise.all([DemoServer.start(), launchChromium(), bundleClients()]);
});
afterEach(async () => {
  await Promise.all(open.splice(0).map((page) => page.leave()));
});
afterAll(async () => {
  await browser?.close();
  await server?.kill();
});

async function aPage(): Promise<SdkPage> {
  const page = await SdkPage.open(browser, server, script);
  open.push(page);
  return page;
}

/** A user with a passkey, on a page with their authenticator. */
async function aUser(name: string): Promise<{
  page: SdkPage;
  user: DemoUser;
  authenticator: VirtualAuthenticator;
}> {
  const page = await aPage();
  const user = await DemoUser.signIn(server, name);
  const authenticator = await page.plugIn();
  const transaction = await user.registerTransaction();
  await page.text(dropIn, `passkey.register('${transaction}')`);
  return { page, user, authenticator };
}

describe.each([
  ['the published SDK 0.1.3, unmodified', firstPublished, OLD_HOST],
  ['the published SDK 1.0.2, unmodified', published, OLD_HOST],
  ['the drop-in client', dropIn, NEW_HOST],
])('%s', (title, client, host) => {
  it('registers a passkey, and signs in with and without a transaction', async () => {
    const page = await aPage();
    const user = await DemoUser.signIn(server, `user of ${title}`);
    await page.plugIn();
    expect(await page.call(client, 'passkey.canRegisterPasskey()')).toEqual({ value: true });
    expect(await page.call(client, 'passkey.canAuthenticateWithPasskey()')).toEqual({ value: true });

    const registration = await user.registerTransaction();
    const registered = await page.text(
      client,
      `passkey.register('${registration}', { authenticatorAttachment: 'platform' })`,
    );
    expect(await user.verify(registered)).toBe('register');

    const transactionId = await user.authenticateTransaction();
    const confirmed = await page.text(client, `passkey.authenticate({ transactionId: '${transactionId}' })`);
    expect(await user.verify(confirmed)).toBe('authenticate');

    const signedIn = await page.text(client, 'passkey.authenticate()');
    expect(await whoSignedIn(server, signedIn)).toBe(user.name);

    const routes = ['register', 'authenticate', 'authenticate'].flatMap((kind) => [
      `${host}/v1/apps/demo/${kind}/transactions/webauthn/start`,
      `${host}/v1/apps/demo/${kind}/transactions/webauthn/finish`,
    ]);
    const sent = (method: string) => page.requested.filter((request) => request.startsWith(method));
    expect(sent('POST')).toEqual(routes.map((url) => `POST ${url}`));
    expect(sent('OPTIONS')).toContain(`OPTIONS ${routes[0]}`);
  });

  it('signs in from autofill', async () => {
    const { page, user } = await aUser(`autofilled by ${title}`);
    const nonce = await page.text(client, 'passkey.authenticate({ isConditionalMediation: true })');
    expect(await whoSignedIn(server, nonce)).toBe(user.name);
    await page.hasRequested('conditional passkey');
  });

  it('throws the refusal of the server', async () => {
    const page = await aPage();
    await page.plugIn();
    expect(await page.call(client, `passkey.register('no-such-transaction')`)).toMatchObject({
      error: {
        name: 'PassageError',
        statusCode: 404,
        statusText: expect.any(String),
        message: 'The transaction does not exist.',
      },
    });
  });
});

describe.each([
  ['the published SDK 1.0.2, unmodified', published],
  ['the drop-in client', dropIn],
])('%s, which knows kinds of authenticators', (_title, client) => {
  it('asks for a platform authenticator by default', async () => {
    const page = await aPage();
    for (const [options, attachment] of [
      ['', 'platform'],
      [', null', 'platform'],
      [', {}', 'platform'],
      [`, { authenticatorAttachment: 'any' }`, 'any'],
    ]) {
      const started = page.page.waitForRequest('**/register/transactions/webauthn/start');
      expect(await page.call(client, `passkey.register('transactionId'${options})`)).toMatchObject({
        error: { statusCode: 404 },
      });
      expect((await started).postDataJSON()).toEqual({
        transaction_id: 'transactionId',
        authenticator_attachment: attachment,
      });
    }
  });
});

describe('the drop-in client’s hints', () => {
  it('are sent with a start, and then any authenticator that they allow is asked for', async () => {
    const page = await aPage();
    const hints = ['security-key', 'hybrid'];
    const options = `{ hints: ${JSON.stringify(hints)} }`;
    for (const [kind, call, more] of [
      ['register', `passkey.register('transactionId', ${options})`, { authenticator_attachment: 'any' }],
      ['authenticate', `passkey.authenticate({ transactionId: 'transactionId', ...${options} })`, {}],
    ] as const) {
      const started = page.page.waitForRequest(`**/${kind}/transactions/webauthn/start`);
      expect(await page.call(dropIn, call)).toMatchObject({ error: { statusCode: 404 } });
      expect((await started).postDataJSON()).toEqual({ transaction_id: 'transactionId', hints, ...more });
    }
  });
});

describe('the drop-in client’s autofill', () => {
  const autofill = 'passkey.authenticate({ isConditionalMediation: true })';

  // The published SDK says that it is not, as it asks for a capability by a name that browsers have given up.
  it('is reported as available', async () => {
    const page = await aPage();
    await page.plugIn();
    expect(await page.call(dropIn, 'passkey.canUseConditionalMediation()')).toEqual({ value: true });
  });

  it('is aborted when another ceremony begins, and can be started again', async () => {
    const { page, user, authenticator } = await aUser('impatient');
    await authenticator.touch(false);
    const offer = page.call(dropIn, autofill);
    await page.hasRequested('conditional pending');

    await authenticator.touch(true);
    const nonce = await page.text(dropIn, 'passkey.authenticate()');
    expect(await whoSignedIn(server, nonce)).toBe(user.name);
    expect(await offer).toMatchObject({ error: { code: 'ceremony_aborted', statusCode: 0 } });
    await page.hasRequested('conditional AbortError', 'prompt passkey');

    expect(await whoSignedIn(server, await page.text(dropIn, autofill))).toBe(user.name);
  });

  it('is aborted by a registration and by a second call for autofill', async () => {
    const { page, authenticator } = await aUser('twofold');
    const newcomer = await DemoUser.signIn(server, 'newcomer');
    await authenticator.touch(false);
    const offers = [page.call(dropIn, autofill)];
    await page.hasRequested('conditional pending');
    offers.push(page.call(dropIn, autofill));
    await page.hasRequested('conditional AbortError', 'conditional pending');

    await authenticator.touch(true);
    const transactionId = await newcomer.registerTransaction();
    const nonce = await page.text(dropIn, `passkey.register('${transactionId}')`);
    expect(await newcomer.verify(nonce)).toBe('register');
    for (const offer of await Promise.all(offers)) {
      expect(offer).toMatchObject({ error: { code: 'ceremony_aborted' } });
    }
    expect(await page.requests()).toEqual(['conditional AbortError', 'conditional AbortError']);
  });

  it('leaves no prompt open when it is cancelled just before the prompt opens', async () => {
    const { page, authenticator } = await aUser('hasty');
    await authenticator.touch(false);
    await page.page.evaluate(`{
      const { get } = navigator.credentials;
      navigator.credentials.get = function (options) {
        new DropIn('demo', { baseUrl: '/v1' }).passkey.cancel();
        return get.call(this, options);
      };
    }`);
    expect(await page.call(dropIn, autofill)).toMatchObject({ error: { code: 'ceremony_aborted' } });
    await page.hasRequested('conditional AbortError');
  });

  it('does not block a sign-in when an extension ignores its abort', async () => {
    const { page, user } = await aUser('extended');
    await page.page.evaluate(`{
      const get = navigator.credentials.get;
      navigator.credentials.get = function (options) {
        return options.mediation === 'conditional' ? new Promise(() => {}) : get.call(this, options);
      };
    }`);
    const started = page.page.waitForResponse('**/authenticate/transactions/webauthn/start');
    const offer = page.call(dropIn, autofill);
    await started;
    const nonce = await page.text(dropIn, 'passkey.authenticate()');
    expect(await whoSignedIn(server, nonce)).toBe(user.name);
    expect(await offer).toMatchObject({ error: { code: 'ceremony_aborted' } });
  });

  it('begins when the page becomes visible', async () => {
    const { page, user } = await aUser('elsewhere');
    await page.page.evaluate(`{
      let state = 'hidden';
      Object.defineProperty(document, 'visibilityState', { get: () => state });
      globalThis.comeIntoView = () => {
        state = 'visible';
        document.dispatchEvent(new Event('visibilitychange'));
      };
    }`);
    const offer = page.text(dropIn, autofill);
    await page.page.waitForTimeout(200);
    expect(await page.requests()).toEqual([]);
    await page.page.evaluate('comeIntoView()');
    expect(await whoSignedIn(server, await offer)).toBe(user.name);
  });

  it('is renewed when its handshake expires, and can then be used', async () => {
    const { page, user, authenticator } = await aUser('patient');
    await authenticator.touch(false);
    await page.page.clock.install();
    const offer = page.text(dropIn, autofill);
    await page.hasRequested('conditional pending');
    // Its owner is back, which the authenticator notices when it is asked the next time.
    await authenticator.touch(true);
    await page.page.clock.fastForward('03:50');
    expect(await page.requests()).toEqual(['conditional pending']);
    await page.page.clock.fastForward('00:20');
    await page.hasRequested('conditional AbortError', 'conditional passkey');
    expect(await whoSignedIn(server, await offer)).toBe(user.name);
  });
});

describe('the drop-in client’s signal', () => {
  it('aborts autofill, and allows the next ceremony to begin', async () => {
    const { page, user, authenticator } = await aUser('departing');
    await authenticator.touch(false);
    await page.page.evaluate('globalThis.leaving = new AbortController()');
    const offer = page.call(
      dropIn,
      'passkey.authenticate({ isConditionalMediation: true, signal: leaving.signal })',
    );
    await page.hasRequested('conditional pending');
    await page.page.evaluate('leaving.abort()');
    expect(await offer).toMatchObject({ error: { code: 'ceremony_aborted', statusCode: 0 } });
    await page.hasRequested('conditional AbortError');
    await authenticator.touch(true);
    expect(await whoSignedIn(server, await page.text(dropIn, 'passkey.authenticate()'))).toBe(user.name);
  });

  it('sends no request when it was aborted before the call, and does not abort a waiting ceremony', async () => {
    const { page, authenticator } = await aUser('early');
    await authenticator.touch(false);
    const offer = page.call(dropIn, 'passkey.authenticate({ isConditionalMediation: true })');
    await page.hasRequested('conditional pending');
    const { requested } = page;
    const before = requested.length;
    expect(await page.call(dropIn, 'passkey.authenticate({ signal: AbortSignal.abort() })')).toMatchObject({
      error: { code: 'ceremony_aborted' },
    });
    expect(requested).toHaveLength(before);
    expect(await page.requests()).toEqual(['conditional pending']);
    await page.call(dropIn, 'passkey.cancel()');
    await offer;
  });

  it('does not stop the finish of a passkey that the authenticator has created', async () => {
    const page = await aPage();
    const user = await DemoUser.signIn(server, 'too late to abort');
    await page.plugIn();
    await page.page.evaluate('globalThis.leaving = new AbortController()');
    const transaction = await user.registerTransaction();
    const nonce = await page.text(
      dropIn,
      `passkey.register('${transaction}', {
        signal: leaving.signal,
        onCreated: (id) => { globalThis.created = id; leaving.abort(); },
      })`,
    );
    expect(await user.verify(nonce)).toBe('register');
    expect(await page.page.evaluate('created')).toMatch(/^[\w-]{16,}$/);
  });
});

describe('a passkey that was revoked on the server', () => {
  it.each([
    ['in a prompt', 'passkey.authenticate()'],
    ['by autofill', 'passkey.authenticate({ isConditionalMediation: true })'],
  ])(
    'is forgotten by the browser after the drop-in client tried to sign in with it %s',
    async (how, call) => {
      const { page, user, authenticator } = await aUser(`revoked ${how}`);
      expect(await authenticator.credentials()).toHaveLength(1);
      await user.revokeAll();
      expect(await page.call(dropIn, call)).toMatchObject({
        error: { code: 'discoverable_login_failed', statusCode: 401, reason: 'unknown_credential' },
      });
      await eventually(async () => expect(await authenticator.credentials()).toEqual([]));
    },
  );

  it('is kept by the browser where the refusal does not tell that it is unknown', async () => {
    const { page, user, authenticator } = await aUser('revoked on a transaction');
    const second = await user.registerTransaction();
    await authenticator.unplug();
    const other = await page.plugIn();
    await page.text(dropIn, `passkey.register('${second}')`);
    const transaction = await user.authenticateTransaction();
    await user.revokeAll();
    expect(
      await page.call(dropIn, `passkey.authenticate({ transactionId: '${transaction}' })`),
    ).toMatchObject({ error: { code: 'transaction_not_found', reason: null } });
    expect(await other.credentials()).toHaveLength(1);
  });
});

describe('the renewal of the drop-in client’s autofill', () => {
  const autofill = 'passkey.authenticate({ isConditionalMediation: true })';
  const start = '**/authenticate/transactions/webauthn/start';

  it('survives failures of the network and the server, with growing intervals between its requests', async () => {
    const { page, user, authenticator } = await aUser('persistent');
    await authenticator.touch(false);
    await page.page.clock.install();
    const offer = page.text(onSameHost, autofill);
    await page.hasRequested('conditional pending');
    await authenticator.touch(true);

    const failures = [
      (route: Route) => route.abort(),
      (route: Route) => route.fulfill({ status: 502, body: '<h1>Bad gateway</h1>' }),
      (route: Route) => route.fulfill({ status: 503, json: { code: 'internal_server_error' } }),
      (route: Route) =>
        route.fulfill({
          status: 429,
          headers: { 'retry-after': '7' },
          json: { code: 'exceeded_attempts' },
        }),
    ];
    const asked: number[] = [];
    await page.page.route(start, async (route) => {
      asked.push(await page.page.evaluate('Date.now()'));
      await (failures.shift() ?? ((each: Route) => each.continue()))(route);
    });
    let isOver = false;
    void offer.finally(() => (isOver = true)).catch(() => undefined);
    await page.page.clock.fastForward('03:55');
    while (!isOver) {
      await page.page.clock.fastForward(1_000);
      await pause(50);
    }
    expect(await whoSignedIn(server, await offer)).toBe(user.name);
    expect(await page.requests()).toEqual(['conditional AbortError', 'conditional passkey']);
    const pauses = asked.slice(1).map((time, index) => (time - asked[index]!) / 1_000);
    expect(pauses).toHaveLength(4);
    for (const [index, least] of [5, 10, 20, 7].entries()) {
      expect(pauses[index]).toBeGreaterThanOrEqual(least);
      expect(pauses[index]).toBeLessThan(least + 3);
    }
  });

  it('stops at once when it is cancelled, and is not tried if the first start fails', async () => {
    const { page, authenticator } = await aUser('resigned');
    await authenticator.touch(false);
    await page.page.clock.install();
    let asked = 0;
    const fail = (route: Route) => {
      asked += 1;
      return route.abort();
    };
    await page.page.route(start, fail);
    expect(await page.call(onSameHost, autofill)).toMatchObject({ error: { code: 'network_unreachable' } });
    await page.page.unroute(start);

    const offer = page.call(onSameHost, autofill);
    await page.hasRequested('conditional pending');
    await page.page.route(start, fail);
    await page.page.clock.fastForward('04:10');
    await eventually(() => expect(asked).toBe(2));
    await page.page.waitForTimeout(200);
    await page.call(onSameHost, 'passkey.cancel()');
    expect(await offer).toMatchObject({ error: { code: 'ceremony_aborted' } });
    await page.page.clock.fastForward('05:00');
    await page.page.waitForTimeout(200);
    expect(asked).toBe(2);
  });
});

describe('the drop-in client’s errors', () => {
  it('say that the authenticator already holds a passkey for the account', async () => {
    const { page, user } = await aUser('twice');
    const transactionId = await user.registerTransaction();
    expect(await page.call(dropIn, `passkey.register('${transactionId}')`)).toMatchObject({
      error: { code: 'passkey_already_registered', statusCode: 0 },
    });
  });

  it('say that no passkey was used when verification fails and when there is no passkey', async () => {
    const { page, authenticator } = await aUser('stranger');
    await authenticator.recogniseOwner(false);
    const cancelled = { error: { name: 'PassageError', code: 'passkey_cancelled', statusCode: 0 } };
    expect(await page.call(dropIn, 'passkey.authenticate()')).toMatchObject(cancelled);
    const other = await aPage();
    await other.plugIn();
    expect(await other.call(dropIn, 'passkey.authenticate()')).toMatchObject(cancelled);
  });

  it('do not abort autofill when an argument is invalid', async () => {
    const { page, user, authenticator } = await aUser('careless');
    await authenticator.touch(false);
    const offer = page.call(dropIn, 'passkey.authenticate({ isConditionalMediation: true })');
    await page.hasRequested('conditional pending');
    for (const call of [`register('')`, 'register()', `authenticate({ transactionId: '' })`]) {
      expect(await page.call(dropIn, `passkey.${call}`)).toMatchObject({
        error: { code: 'invalid_argument', statusCode: 0 },
      });
    }
    expect(await page.requests()).toEqual(['conditional pending']);

    // Null is nothing at all, as elsewhere in JavaScript: this one is a sign-in, and takes the offer's place.
    await authenticator.touch(true);
    expect(await whoSignedIn(server, await page.text(dropIn, 'passkey.authenticate(null)'))).toBe(user.name);
    expect(await offer).toMatchObject({ error: { code: 'ceremony_aborted' } });
  });

  it('carry the code of the server', async () => {
    const { page, user } = await aUser('refused');
    const transactionId = await user.authenticateTransaction();
    const code = async (call: string) => {
      const outcome = await page.call(dropIn, call);
      if (!('error' in outcome)) return outcome;
      expect(outcome.error.statusText).toBe(outcome.error.code);
      return [outcome.error.statusCode, outcome.error.code];
    };
    const notFound = [404, 'transaction_not_found'];
    expect(await code(`passkey.register('${transactionId}')`)).toEqual(notFound);
    expect(await code(`passkey.authenticate({ transactionId: 'no-such' })`)).toEqual(notFound);
    expect(await code(`passkey.authenticate({ transactionId: '' })`)).toEqual([0, 'invalid_argument']);
    expect(await code(`passkey.register('')`)).toEqual([0, 'invalid_argument']);

    const { page: bobs } = await aUser('refused too');
    await bobs.page.route('**/authenticate/transactions/webauthn/finish', async (route) => {
      const body = route.request().postDataJSON() as { handshake_response: { response: object } };
      body.handshake_response.response = { ...body.handshake_response.response, signature: 'AAAA' };
      await route.continue({ postData: JSON.stringify(body) });
    });
    expect(await bobs.call(onSameHost, 'passkey.authenticate()')).toMatchObject({
      error: { code: 'discoverable_login_failed', statusCode: 401 },
    });
  });

  it('distinguish an unreachable server from a response that is not of the protocol', async () => {
    const page = await aPage();
    await page.plugIn();
    await page.page.route('**/start', (route) => route.abort());
    expect(await page.call(onSameHost, 'passkey.authenticate()')).toMatchObject({
      error: { code: 'network_unreachable', statusCode: 0 },
    });
    await page.page.route('**/start', (route) =>
      route.fulfill({ status: 502, body: '<h1>Bad gateway</h1>' }),
    );
    expect(await page.call(onSameHost, 'passkey.authenticate()')).toMatchObject({
      error: { code: 'invalid_response', statusCode: 502 },
    });
  });

  it('report an invalid response of the server for options that no browser could use', async () => {
    const page = await aPage();
    await page.plugIn();
    const [rp, user] = [{ name: 'Demo' }, { id: 'AAAA', name: 'ada', displayName: 'Ada' }];
    const pubKeyCredParams = [{ type: 'public-key', alg: -7 }];
    const sound = { challenge: 'AAAA', rp, user, pubKeyCredParams };
    let publicKey: object | undefined;
    await page.page.route('**/start', (route) =>
      route.fulfill({ json: { handshake: { id: 'h1', challenge: { publicKey } } } }),
    );
    const refuses = async (call: string, ...options: (object | undefined)[]) => {
      for (publicKey of options) {
        const outcome = await page.call(onSameHost, call);
        expect([publicKey, outcome]).toMatchObject([publicKey, { error: { code: 'invalid_response' } }]);
      }
    };
    const always = [undefined, {}, { ...sound, challenge: '%' }, { ...sound, timeout: 'soon' }];
    await refuses(
      `passkey.register('transactionId')`,
      ...always,
      { ...sound, rp: {} },
      { ...sound, user: { ...user, id: 1 } },
      { ...sound, pubKeyCredParams: {} },
      { ...sound, excludeCredentials: [null] },
    );
    await refuses('passkey.authenticate()', ...always, {
      challenge: 'AAAA',
      allowCredentials: [{ type: 'public-key' }],
    });
  });

  it('say in a sentence what is wrong with a setting', async () => {
    const page = await aPage();
    const made = (appId: string, baseUrl: string) =>
      page.page.evaluate<string>(`{
        let said = 'made';
        try { new DropIn(${appId}, { baseUrl: ${baseUrl} }); } catch (error) { said = error.code + ': ' + error.message; }
        said;
      }`);
    expect(await made(`''`, `'/v1'`)).toBe('invalid_argument: appId is required.');
    expect(await made(`'demo'`, 'undefined')).toContain('baseUrl is required');
    expect(await made(`'demo'`, `'http://passkeys.example.com/v1'`)).toContain('must be https');
    expect(await made(`'demo'`, `'//passkeys.example.com/v1'`)).toContain('must be an absolute URL');
    expect(await made(`'demo'`, `'https://passkeys.example.com'`)).toContain('must end with /v1');
    expect(await made(`'demo'`, `'/passkeys/v1/'`)).toBe('made');
  });
});

describe('the demo server', () => {
  it('logs no error during these tests', () => {
    expect(server.complaints()).toEqual([]);
  });
});
