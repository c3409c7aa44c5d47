import { buildApp, TEST, type TestApp } from '../support/build-app.js';
import { fakeServer } from '../support/fake-server.js';
import { installWebAuthn } from '../support/page.js';
import { changeApp } from '../support/tables.js';
import { secondsAgo, TestUser } from '../support/test-user.js';

/** What is called of the client, which is compiled with the types of browsers, and this file is not. */
interface UserApi {
  list(): Promise<{ readonly passkeys: readonly { readonly id: string }[]; readonly lastPasskey: string }>;
  rename(id: string, name: string): Promise<{ readonly friendlyName: string }>;
  revoke(id: string, options?: { readonly nonce?: string }): Promise<void>;
  beginRegistration(options?: { readonly nonce?: string }): Promise<{ readonly transactionId: string }>;
  verify(nonce: string): Promise<{ readonly kind: string }>;
  erase(options?: { readonly nonce?: string }): Promise<void>;
}
interface BrowserClient {
  readonly UserApi: new (baseUrl: string, getToken: () => Promise<string>) => UserApi;
  readonly PassageFlex: new (
    appId: string,
    options: { readonly baseUrl: string },
  ) => { readonly passkey: { register(transactionId: string): Promise<string> } };
  readonly withStepUp: <T>(api: UserApi, act: object, run: (nonce?: string) => Promise<T>) => Promise<T>;
  readonly challengeIn: (error: unknown) => object | null;
}
const BROWSER_CLIENT = '../../packages/browser/src/index.js';
const { UserApi, PassageFlex, withStepUp, challengeIn } = (await import(BROWSER_CLIENT)) as BrowserClient;

let app: TestApp;
const fetch = globalThis.fetch;
beforeAll(async () => {
  app = await buildApp();
  await app.application.listen(0, '127.0.0.1');
  const url = await app.application.getUrl();
  globalThis.fetch = (to, options) => fetch((to as string).replace(TEST.publicUrl, url), options);
  await changeApp(app, TEST.appId, 'step_up', 'either');
});
afterAll(async () => {
  globalThis.fetch = fetch;
  await app?.close();
});

/** A page on which somebody has added a passkey, and whose token is then of an old sign-in. */
async function aPage() {
  installWebAuthn(TEST.origin);
  const told: object[] = [];
  const { PublicKeyCredential } = globalThis as unknown as { PublicKeyCredential: object };
  Object.assign(PublicKeyCredential, {
    signalAllAcceptedCredentials: (signal: object) => Promise.resolve(void told.push(signal)),
  });
  let user = new TestUser(app, { auth_time: secondsAgo(-20) });
  const api = new UserApi(TEST.publicUrl, () => user.token());
  const { passkey } = new PassageFlex(TEST.appId, { baseUrl: `${TEST.publicUrl}/v1` });
  const nonce = await passkey.register((await api.beginRegistration()).transactionId);
  expect(await api.verify(nonce)).toMatchObject({ kind: 'register' });
  // From here on no token is fresh: none has this `acr`.
  await changeApp(app, TEST.appId, 'step_up_acr', ['gold']);
  const age = (seconds: number) => (user = user.on(app, { auth_time: secondsAgo(seconds) }));
  const [{ id }] = (await api.list()).passkeys as [{ id: string }];
  return { api, id, told, age };
}

describe('the client of the user’s API', () => {
  it('lists and renames without step-up', async () => {
    const { api, id } = await aPage();
    expect(await api.list()).toMatchObject({ lastPasskey: 'warn', passkeys: [{ id }] });
    expect(await api.rename(id, 'Work')).toMatchObject({ friendlyName: 'Work' });
  });

  it('throws what the server asks for where there is no step-up', async () => {
    const { api, id } = await aPage();
    const error = await api.revoke(id).catch((reason: unknown) => reason);
    expect(error).toMatchObject({ statusCode: 401, code: 'insufficient_user_authentication' });
    expect(challengeIn(error)).toEqual({ by: 'either', maxAge: 300, acrValues: ['gold'] });
    expect(challengeIn(new Error('other'))).toBeNull();
  });

  it('asks for a passkey, and does the act again with its nonce', async () => {
    const { api, id } = await aPage();
    const nonces: unknown[] = [];
    await withStepUp(api, { act: 'revoke', target: id }, (nonce) => {
      nonces.push(nonce);
      return api.revoke(id, nonce === undefined ? {} : { nonce });
    });
    expect(nonces).toEqual([undefined, expect.stringMatching(/^[\w-]{43}$/)]);
    expect((await api.list()).passkeys).toEqual([]);
  });

  it('throws what is refused even so, and asks for nothing where no passkey counts', async () => {
    const { api, age } = await aPage();
    age(60);
    let tries = 0;
    const adding = () =>
      withStepUp(api, { act: 'add' }, (nonce) => {
        tries += 1;
        return api.beginRegistration(nonce === undefined ? {} : { nonce });
      });
    await expect(adding()).rejects.toMatchObject({ code: 'insufficient_user_authentication' });
    expect(tries).toBe(2);
    await changeApp(app, TEST.appId, 'step_up', 'fresh-token');
    await expect(adding()).rejects.toMatchObject({ code: 'insufficient_user_authentication' });
    expect(tries).toBe(3);
    await changeApp(app, TEST.appId, 'step_up', 'either');
  });

  it('erases its user, and tells the browser that no passkey is left', async () => {
    const { api, told } = await aPage();
    await withStepUp(api, { act: 'erase' }, (nonce) => api.erase(nonce === undefined ? {} : { nonce }));
    expect(told).toEqual([
      { rpId: TEST.rpId, userId: expect.any(String) as string, allAcceptedCredentialIds: [] },
    ]);
    expect((await api.list()).passkeys).toEqual([]);
  });

  it.each(['null', '{}', '{"signals":null}'])('takes %s for no answer to an erasure', async (body) => {
    const odd = await fakeServer((_request, response) => {
      response.setHeader('content-type', 'application/json').end(body);
    });
    const { fetch } = globalThis;
    globalThis.fetch = (_to, options) => fetch(`${odd.url}/user`, options);
    const api = new UserApi(TEST.publicUrl, () => Promise.resolve('a token'));
    await expect(api.erase()).rejects.toMatchObject({ code: 'invalid_response' });
    globalThis.fetch = fetch;
    await odd.close();
  });
});
