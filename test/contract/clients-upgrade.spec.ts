import { PassageFlex as ServerClient } from '../../packages/node/src/index.js';
import { AppServer } from '../support/app-server.js';
import { buildApp, type TestApp } from '../support/build-app.js';
import { eventually } from '../support/eventually.js';
import { installWebAuthn, type PasswordManager } from '../support/page.js';
import { count } from '../support/tables.js';

/** What is called of the client, which is compiled with the types of browsers, and this file is not. */
interface BrowserClient {
  readonly PassageError: new () => Error & { readonly code: string };
  readonly PassageFlex: new (
    appId: string,
    options: { readonly baseUrl: string },
  ) => {
    readonly passkey: {
      canUpgrade(): Promise<boolean>;
      register(transactionId: string): Promise<string>;
      upgrade(
        transactionId: string,
        options?: { readonly signal?: AbortSignal; readonly onCreated?: (credentialId: string) => void },
      ): Promise<string | null>;
    };
  };
}
const BROWSER_CLIENT = '../../packages/browser/src/index.js';
const { PassageError, PassageFlex } = (await import(BROWSER_CLIENT)) as BrowserClient;

let app: TestApp;
let origin: string;
/** Method and path of each request that the page sent. */
const sent: string[] = [];
const fetch = globalThis.fetch;

beforeAll(async () => {
  app = await buildApp();
  await app.application.listen(0, '127.0.0.1');
  origin = await app.application.getUrl();
  globalThis.fetch = (url, options) => {
    sent.push(`${options?.method} ${new URL(url).pathname}`);
    return fetch(url, options);
  };
});
afterAll(async () => {
  globalThis.fetch = fetch;
  await app?.close();
});

/** An application that allows automatic upgrades: its page, its server, and the password manager of its visitor. */
async function anApplication() {
  const server = await AppServer.create(app, { conditional_create: 'on' });
  const manager = installWebAuthn(server.tenant.origin);
  const settings = { appId: server.tenant.id, apiKey: server.key, baseUrl: `${origin}/v1` };
  const { auth } = new ServerClient(settings);
  const { passkey } = new PassageFlex(server.tenant.id, { baseUrl: settings.baseUrl });
  const transaction = (externalId: string) =>
    auth.createRegisterTransaction(externalId, 'Ada', { conditional: true });
  const passkeys = () => count(app, 'devices where app_id = $1', server.tenant.id);
  sent.length = 0;
  return { server, manager, auth, passkey, transaction, passkeys };
}

const codeOf = async (call: Promise<unknown>): Promise<string> => {
  const error = await call.then(
    (value) => new Error(`expected a refusal, got ${String(value)}`),
    (reason: unknown) => reason,
  );
  if (!(error instanceof PassageError)) throw error;
  return error.code;
};

describe('the client for browsers, upgrading a login with a password', () => {
  it('lets the password manager create a passkey without a prompt, and resolves to its nonce', async () => {
    const { server, manager, auth, passkey, transaction } = await anApplication();
    const created: string[] = [];
    expect(await passkey.canUpgrade()).toBe(true);
    const nonce = await passkey.upgrade(await transaction('ada'), { onCreated: (id) => created.push(id) });
    expect(manager.requested).toEqual(['conditional']);
    expect(await auth.verify(nonce!)).toMatchObject({ externalId: 'ada', kind: 'register' });
    expect((await server.devices('ada')).map(({ cred_id }) => cred_id)).toEqual(created);
  });

  it.each<[string, Partial<PasswordManager>]>([
    ['cannot be asked what it is capable of', { capabilities: undefined }],
    ['is not capable of it', { capabilities: () => Promise.resolve({ conditionalCreate: false }) }],
    ['knows autofill alone', { capabilities: () => Promise.resolve({ conditionalGet: true }) }],
    ['fails to tell', { capabilities: () => Promise.reject(new Error('not now')) }],
  ])('resolves to null, sends no request and shows nothing where the browser %s', async (_, traits) => {
    const { manager, passkey } = await anApplication();
    Object.assign(manager, traits);
    expect(await passkey.canUpgrade()).toBe(false);
    expect(await passkey.upgrade('any transaction')).toBeNull();
    expect(sent).toEqual([]);
    expect(manager.requested).toEqual([]);
  });

  it('resolves to null where the browser has no passkeys at all', async () => {
    const { passkey } = await anApplication();
    Object.defineProperty(globalThis, 'PublicKeyCredential', { value: undefined, configurable: true });
    expect(await passkey.canUpgrade()).toBe(false);
    expect(await passkey.upgrade('any transaction')).toBeNull();
  });

  it.each([
    'NotAllowedError',
    'InvalidStateError',
    'ConstraintError',
    'NotSupportedError',
    'UnknownError',
  ] as const)(
    'resolves to null where the browser declines with a %s, and the server is told of no passkey',
    async (silently) => {
      const { manager, passkey, transaction, passkeys } = await anApplication();
      manager.silently = silently;
      expect(await passkey.upgrade(await transaction('ada'))).toBeNull();
      expect(manager.requested).toEqual(['conditional']);
      expect(sent.filter((it) => it.endsWith('/finish'))).toEqual([]);
      expect(await passkeys()).toBe(0);
    },
  );

  it('throws for a page on a domain that may not use the passkeys of the app', async () => {
    const { manager, passkey, transaction } = await anApplication();
    manager.silently = 'SecurityError';
    Object.defineProperty(globalThis, 'location', { value: new URL('https://elsewhere.example') });
    expect(await codeOf(passkey.upgrade(await transaction('ada')))).toBe('origin_not_allowed');
  });

  it('throws for an ordinary transaction before the browser creates what the server would refuse', async () => {
    const { manager, auth, passkey } = await anApplication();
    const ordinary = await auth.createRegisterTransaction('ada', 'Ada');
    expect(await codeOf(passkey.upgrade(ordinary))).toBe('invalid_argument');
    expect(manager.requested).toEqual([]);
  });

  it('throws what the server refuses', async () => {
    const { server, manager, passkey, transaction } = await anApplication();
    const given = await transaction('ada');
    await server.tenant.change('conditional_create', 'off');
    expect(await codeOf(passkey.upgrade(given))).toBe('operation_not_allowed');
    expect(await codeOf(passkey.upgrade('unknown'))).toBe('transaction_not_found');
    expect(manager.requested).toEqual([]);
  });

  it('refuses an empty transaction, and sends nothing', async () => {
    const { passkey } = await anApplication();
    expect(await codeOf(passkey.upgrade(''))).toBe('invalid_argument');
    expect(sent).toEqual([]);
  });

  it('ends by its signal, and when another ceremony begins, which then has the browser to itself', async () => {
    const { server, manager, passkey, transaction } = await anApplication();
    manager.silently = 'waiting';
    const given = await transaction('ada');
    const page = new AbortController();
    const left = codeOf(passkey.upgrade(given, { signal: page.signal }));
    await eventually(() => expect(manager.requested).toHaveLength(1));
    page.abort();
    expect(await left).toBe('ceremony_aborted');

    const overtaken = codeOf(passkey.upgrade(given));
    await eventually(() => expect(manager.requested).toHaveLength(2));
    const nonce = await passkey.register(await server.registerTransaction('ada'));
    expect(await overtaken).toBe('ceremony_aborted');
    expect((await server.verify(nonce)).status).toBe(200);
  });
});

describe('the client for Node servers', () => {
  it('asks for a conditional transaction in both of its forms, and for no other by default', async () => {
    const { server, auth } = await anApplication();
    const passage = new ServerClient({
      appId: server.tenant.id,
      apiKey: server.key,
      baseUrl: `${origin}/v1`,
    });
    await auth.createRegisterTransaction('ada', 'Ada', { conditional: true });
    await auth.createRegisterTransaction({ externalId: 'bob', passkeyDisplayName: 'Bob', conditional: true });
    await passage.createRegisterTransaction({
      externalId: 'eve',
      passkeyDisplayName: 'Eve',
      conditional: true,
    });
    await auth.createRegisterTransaction('ada', 'Ada');
    await auth.createRegisterTransaction('ada', 'Ada', { conditional: false });
    await auth.createRegisterTransaction({ externalId: 'bob', passkeyDisplayName: 'Bob' });
    const made = (conditional: boolean) =>
      count(app, 'transactions where app_id = $1 and conditional = $2', server.tenant.id, conditional);
    expect([await made(true), await made(false)]).toEqual([3, 3]);
  });

  it('throws exceeded_attempts with the time to wait for a second one', async () => {
    const { transaction } = await anApplication();
    await transaction('ada');
    const refused = {
      statusCode: 429,
      errorCode: 'exceeded_attempts',
      retryAfter: expect.any(Number) as number,
    };
    await expect(transaction('ada')).rejects.toMatchObject(refused);
  });
});
