import { buildApp, TEST, type TestApp } from '../support/build-app.js';
import { statementsOf } from '../support/tables.js';
import { Tenant } from '../support/tenant.js';

const HASH = Buffer.alloc(32, 0xab).toString('base64url');
const FINGERPRINT = Array(32).fill('AB').join(':');

const DOCUMENTS = {
  'passkey-endpoints': {
    enroll: 'https://www.example.com/account/passkeys/add',
    manage: 'https://www.example.com/account/passkeys',
  },
  webauthn: { origins: ['https://example.de'] },
  'apple-app-site-association': { webcredentials: { apps: ['ABCDE12345.com.example.app'] } },
  'assetlinks.json': [
    {
      relation: ['delegate_permission/common.handle_all_urls', 'delegate_permission/common.get_login_creds'],
      target: {
        namespace: 'android_app',
        package_name: 'com.example.app',
        sha256_cert_fingerprints: [FINGERPRINT],
      },
    },
  ],
};
const NAMES = Object.keys(DOCUMENTS);

describe('well-known documents', () => {
  let app: TestApp;
  let tenant: Tenant;
  let silent: Tenant;
  beforeAll(async () => {
    app = await buildApp();
    silent = await Tenant.create(app);
    tenant = await Tenant.create(app, {
      passkey_endpoints_enroll: DOCUMENTS['passkey-endpoints'].enroll,
      passkey_endpoints_manage: DOCUMENTS['passkey-endpoints'].manage,
      related_origins: ['https://example.de'],
      apple_app_ids: ['ABCDE12345.com.example.app'],
      android_origins: [`android:apk-key-hash:${HASH}`],
      android_packages: ['com.example.app'],
    });
  });
  afterAll(() => app?.close());

  const get = (name: string, headers: Record<string, string>) =>
    app.application.inject({ method: 'GET', url: `/.well-known/${name}`, headers });

  it.each(Object.entries(DOCUMENTS))(
    'serve /.well-known/%s on the RP ID of the app',
    async (name, document) => {
      const answer = await get(name, { host: tenant.rpId });
      expect(answer.statusCode).toBe(200);
      expect(answer.headers).toMatchObject({
        'content-type': 'application/json; charset=utf-8',
        'cache-control': 'public, max-age=300',
      });
      expect(answer.headers.vary).toMatch(/\bHost\b/);
      expect(answer.json()).toEqual(document);
    },
  );

  it('know the host in any case and with a port', async () => {
    for (const host of [tenant.rpId.toUpperCase(), `${tenant.rpId}:8443`]) {
      expect((await get('webauthn', { host })).statusCode).toBe(200);
    }
  });

  it('read one row by the index of RP IDs, and none for a host that can be no RP ID', async () => {
    expect(await statementsOf(app, () => get('webauthn', { host: tenant.rpId }))).toBe(1);
    for (const host of ['127.0.0.1', '[::1]:3000', 'com', 'a b', 'ex_ample.com']) {
      expect(await statementsOf(app, () => get('webauthn', { host }))).toBe(0);
    }
  });

  describe.each(NAMES)('%s', (name) => {
    it.each([
      ['a host below the RP ID', () => `www.${tenant.rpId}`],
      ['an unknown host', () => 'other.example'],
      ['the RP ID with a dot behind it', () => `${tenant.rpId}.`],
      ['the host of an app that has nothing to say', () => silent.rpId],
    ])('is not found on %s, in the shape of an error that caches do not keep', async (_what, host) => {
      const answer = await get(name, { host: host() });
      expect(answer.statusCode).toBe(404);
      expect(answer.headers['content-type']).toMatch(/^application\/problem\+json/);
      expect(answer.headers.vary).toMatch(/\bHost\b/);
      expect(answer.headers['cache-control'] ?? 'no-store').toBe('no-store');
    });
  });

  it('do not believe X-Forwarded-Host from a caller that is no trusted proxy', async () => {
    const forwarded = { 'x-forwarded-host': tenant.rpId, forwarded: `host=${tenant.rpId}` };
    expect((await get('webauthn', { host: 'other.example', ...forwarded })).statusCode).toBe(404);
  });
});

describe('well-known documents behind a trusted proxy', () => {
  let app: TestApp;
  afterAll(() => app?.close());

  it('go by the host that the proxy was asked for', async () => {
    const http = { host: '127.0.0.1', port: 0, publicUrl: TEST.publicUrl, trustProxy: ['loopback'] };
    app = await buildApp({ http });
    const tenant = await Tenant.create(app, { related_origins: ['https://example.de'] });
    const answer = await app.application.inject({
      method: 'GET',
      url: '/.well-known/webauthn',
      headers: { host: 'keyway.internal', 'x-forwarded-host': tenant.rpId },
    });
    expect(answer.statusCode).toBe(200);
    expect(answer.json()).toEqual({ origins: ['https://example.de'] });
  });
});
