import { randomBytes } from 'node:crypto';
import { exportJWK, generateKeyPair } from 'jose';
import { openServices } from '../../src/cli/services.js';
import { Database } from '../../src/database/database.js';
import { judge } from '../../src/doctor/database-check.js';
import { reportOn } from '../../src/database/database-report.js';
import { examine } from '../../src/doctor/doctor.js';
import type { Finding } from '../../src/doctor/finding.js';
import { type FakeServer, fakeServer } from '../support/fake-server.js';
import { TestWeb } from '../support/https-site.js';
import { createTestDatabase, type TestDatabase } from '../support/test-database.js';
import { sqlOn } from '../e2e/sql-on.js';

const MODEL = 'kw_abcdefghijkl_';
const ALIVE = { body: { status: 'ok' } };

let database: TestDatabase;
let web: TestWeb;
let issuer: FakeServer;
let keys: object[];
beforeAll(async () => {
  database = await createTestDatabase();
  const opened = await Database.open({ kind: 'postgresql', url: database.url, poolMax: 2 }, 'commands');
  await opened.migrate();
  await opened.close();
  const { publicKey } = await generateKeyPair('ES256');
  keys = [{ ...(await exportJWK(publicKey)), kid: 'first', use: 'sig' }];
  issuer = await fakeServer((_request, response) => response.end(JSON.stringify({ keys })));
});
beforeEach(async () => {
  web = new TestWeb();
  await web.site('passkeys.shop.example', { '/health/live': ALIVE });
  await web.site('shop.example');
});
afterEach(() => web.close());
afterAll(async () => {
  await issuer.close();
  await database.drop();
});

const settings = (): Record<string, string> => ({
  NODE_ENV: 'test',
  PUBLIC_URL: 'https://passkeys.shop.example',
  DATABASE_URL: database.url,
  KEYWAY_SECRET: randomBytes(32).toString('base64'),
  APP_ID: 'shop',
  APP_ORIGINS: 'https://shop.example',
  APP_RP_ID: 'shop.example',
  APP_API_KEY: `${MODEL}${randomBytes(32).toString('base64url')}`,
  JWT_JWKS_URI: `${issuer.url}/jwks`,
  JWT_ISSUER: 'https://login.shop.example',
  JWT_AUDIENCE: 'keyway',
});

const examined = (variables: Record<string, string> = settings()) =>
  examine({
    variables,
    version: '1.2.3',
    web: web.terms,
    appsIn: async (settings) => {
      const { services, close } = await openServices(settings);
      return services.apps.list().finally(close);
    },
  });
const of = (findings: readonly Finding[], check: string) => findings.filter((it) => it.check === check);
const bad = (findings: readonly Finding[]) => findings.filter(({ state }) => state !== 'ok');

/** The database as its owner changes it for one examination. */
async function changed(sql: string, undo: string, work: () => Promise<void>): Promise<void> {
  await sqlOn(database.url, sql);
  await work().finally(() => sqlOn(database.url, undo));
}

describe('keyway doctor', () => {
  it('finds nothing to do where all is well, but for the superuser of the tests', async () => {
    const findings = await examined();
    expect(bad(findings)).toEqual([
      { check: 'database-rights', state: 'warn', sentence: expect.stringContaining('is a superuser') },
    ]);
    expect(of(findings, 'versions')[0]!.sentence).toMatch(
      /^Keyway 1\.2\.3, Node 2\d\..*, PostgreSQL 1\d.*, schema Migration\d+_\w+\.$/,
    );
    expect([...new Set(findings.map(({ check }) => check))]).toEqual([
      'versions',
      'settings',
      'database',
      'database-version',
      'database-rights',
      'database-limits',
      'database-connections',
      'database-pooler',
      'schema',
      'clock',
      'app',
      'redis',
      'public-url',
      'origin',
      'token-keys',
    ]);
  });

  it('says of each setting what a start would say, and looks at the rest', async () => {
    const rest = { ...settings(), KEYWAY_SECRET: '' };
    const findings = await examined({
      ...rest,
      PUBLIC_URL: 'http://passkeys.shop.example',
      JWT_AUDIENC: 'x',
    });
    expect(of(findings, 'settings').map(({ sentence }) => sentence)).toEqual([
      expect.stringMatching(/^Unset JWT_AUDIENC|JWT_AUDIENC/),
      expect.stringMatching(/^Set PUBLIC_URL to/),
      expect.stringMatching(/^Set KEYWAY_SECRET to/),
      expect.stringMatching(/^To run the demo instead/),
    ]);
    expect(of(findings, 'database')[0]).toMatchObject({ state: 'ok' });
    expect(of(findings, 'token-keys')[0]).toMatchObject({ state: 'ok' });
    expect(of(findings, 'unseen')[0]).toMatchObject({
      state: 'warn',
      sentence: 'Not looked at before the above is mended: PUBLIC_URL, the app of APP_ID.',
    });
  });

  it('warns of what a start warns of', async () => {
    const findings = await examined({
      ...settings(),
      APP_VERSION: '1',
      NODE_ENV: 'production',
      JWT_JWKS_URI: 'https://nowhere.invalid/jwks',
      WEBHOOK_ALLOWED_NETWORKS: '10.0.0.0/8',
    });
    expect(bad(of(findings, 'settings'))).toEqual([
      { check: 'settings', state: 'warn', sentence: expect.stringContaining('APP_VERSION') },
      { check: 'settings', state: 'warn', sentence: expect.stringContaining('10.0.0.0/8') },
    ]);
  });

  it('reads the metadata files as a start does', async () => {
    const findings = await examined({ ...settings(), AUTHENTICATOR_METADATA_FILE: 'package-lock.json' });
    expect(of(findings, 'metadata-files')).toEqual([
      {
        check: 'metadata-files',
        state: 'fail',
        sentence: expect.stringMatching(/^AUTHENTICATOR_METADATA_FILE .* cannot be used: /),
      },
    ]);
  });

  describe('of the database', () => {
    it('says why it is out of reach, as a start does, without its password', async () => {
      const findings = await examined({
        ...settings(),
        DATABASE_URL: 'postgresql://keyway:hush-hush@127.0.0.1:1/keyway',
      });
      expect(of(findings, 'database')).toEqual([
        {
          check: 'database',
          state: 'fail',
          sentence: expect.stringMatching(
            /^Cannot connect to the database 127\.0\.0\.1:1\/keyway .*ECONNREFUSED.*: set DATABASE_URL/,
          ),
        },
      ]);
      expect(JSON.stringify(findings)).not.toContain('hush-hush');
    });

    it('says that a schema is missing, behind, or newer', async () => {
      const empty = await createTestDatabase();
      const missing = of(await examined({ ...settings(), DATABASE_URL: empty.url }), 'schema');
      await empty.drop();
      expect(missing).toMatchObject([
        {
          state: 'fail',
          sentence: expect.stringMatching(/^The database schema is not up to date: run .*_initial/),
        },
      ]);
      const newer = `insert into mikro_orm_migrations (name) values ('Migration20990101000000_later')`;
      const undo = `delete from mikro_orm_migrations where name like '%2099%'`;
      await changed(newer, undo, async () => {
        expect(of(await examined(), 'schema')).toMatchObject([
          {
            state: 'warn',
            sentence: expect.stringContaining('newer than this version: Migration20990101000000_later'),
          },
        ]);
      });
    });

    it('asks a role for its rights, and says what to grant', async () => {
      const role = `doctor_${randomBytes(4).toString('hex')}`;
      const url = new URL(database.url);
      url.username = role;
      url.password = 'doctor';
      await sqlOn(
        database.url,
        `create role ${role} login password 'doctor' connection limit 12;
         grant select, insert, update, delete on all tables in schema public to ${role};
         revoke update on devices from ${role}; revoke all on nonces from ${role};
         alter role ${role} set timezone = 'Asia/Kathmandu'`,
      );
      const asRole = () => examined({ ...settings(), DATABASE_URL: url.href });
      try {
        expect(of(await asRole(), 'database-rights')).toEqual([
          {
            check: 'database-rights',
            state: 'fail',
            sentence:
              `The role ${role} may not read and write devices, nonces: run "grant select, insert, update, delete on all ` +
              `tables in schema public to ${role}" as their owner.`,
          },
        ]);
        await sqlOn(database.url, `grant all on all tables in schema public to ${role}`);
        const findings = await asRole();
        expect(of(findings, 'database-rights')).toMatchObject([
          { state: 'ok', sentence: expect.stringContaining('may serve, and not migrate') },
        ]);
        expect(of(findings, 'database')[0]!.sentence).toContain('Asia/Kathmandu');
        // The role's limit counts, where it is lower than the server's: ten of the pool, readiness, and commands.
        expect(of(findings, 'database-connections')).toMatchObject([
          {
            state: 'fail',
            sentence: expect.stringMatching(/^The server allows 12 connections, .* a replica needs 11/),
          },
        ]);
        await sqlOn(database.url, `revoke select on mikro_orm_migrations from ${role}`);
        expect(of(await asRole(), 'schema')).toMatchObject([
          { state: 'fail', sentence: expect.stringContaining('grant select on public.mikro_orm_migrations') },
        ]);
      } finally {
        await sqlOn(database.url, `drop owned by ${role}; drop role ${role}`);
      }
    });

    it('says that it only reads', async () => {
      const DATABASE_URL = `${database.url}?options=-c%20default_transaction_read_only%3Don`;
      expect(of(await examined({ ...settings(), DATABASE_URL }), 'database')).toMatchObject([
        { state: 'fail', sentence: expect.stringContaining('only reads') },
      ]);
    });

    it('judges clocks, versions, distance and room for a replica', async () => {
      const url = database.url;
      const report = await reportOn({ kind: 'postgresql', url, poolMax: 10 });
      const judged = (changes: object) =>
        bad(judge({ ...report, isSuperuser: false, ...changes }, { poolMax: 10 })).map(
          ({ check, state }) => `${check} ${state}`,
        );
      expect(judged({})).toEqual([]);
      expect(judged({ clockOffset: -6_000 })).toEqual(['clock warn']);
      expect(judged({ clockOffset: 31_000 })).toEqual(['clock fail']);
      expect(judged({ versionNumber: 140_012 })).toEqual(['database-version fail']);
      expect(judged({ versionNumber: 190_000 })).toEqual(['database-version warn']);
      expect(judged({ roundTrip: 51 })).toEqual(['database warn']);
      expect(judged({ connections: { most: 100, open: 88 } })).toEqual(['database-connections warn']);
      expect(judged({ connections: { most: 12, open: 0 } })).toEqual(['database-connections fail']);
      expect(judged({ boundsWarning: 'Sessions do not keep it' })).toEqual(['database-limits warn']);
    });

    it('says what a start says of an app that cannot be made', async () => {
      expect(of(await examined({ ...settings(), APP_RP_ID: '' }), 'app')).toMatchObject([
        {
          state: 'fail',
          sentence: expect.stringMatching(/^The app shop does not exist yet: set APP_ORIGINS/),
        },
      ]);
      await insertApp('other', 'shop.example');
      expect(of(await examined(), 'app')).toMatchObject([
        {
          state: 'fail',
          sentence: expect.stringMatching(/^APP_RP_ID shop.example belongs to the app other/),
        },
      ]);
      await sqlOn(database.url, 'delete from apps');
    });
  });

  describe('of the web', () => {
    it('tells a name that is unknown, a certificate that is not accepted, and a network that forbids', async () => {
      const publicUrl = async () => of(await examined(), 'public-url')[0]!;
      await web.site('passkeys.shop.example', { '/health/live': ALIVE }, { certificateFor: 'other.example' });
      expect(await publicUrl()).toMatchObject({
        state: 'fail',
        sentence: expect.stringMatching(/certificate .* not accepted \(ERR_TLS_CERT_ALTNAME_INVALID\)/),
      });
      const ended = { notBefore: new Date(0), notAfter: new Date(1e12) };
      await web.site('passkeys.shop.example', { '/health/live': ALIVE }, ended);
      expect((await publicUrl()).sentence).toContain('CERT_HAS_EXPIRED');
      const ending = { notAfter: new Date(Date.now() + 5 * 86_400_000) };
      await web.site('passkeys.shop.example', { '/health/live': ALIVE }, ending);
      expect(await publicUrl()).toMatchObject({
        state: 'warn',
        sentence: expect.stringContaining('renew it'),
      });
      await web.remove('passkeys.shop.example');
      expect(await publicUrl()).toMatchObject({
        state: 'fail',
        sentence: 'passkeys.shop.example has no address in DNS: correct the name, or add it to DNS.',
      });
      web.point('passkeys.shop.example', '127.0.0.1');
      expect(await publicUrl()).toMatchObject({
        state: 'warn',
        sentence: expect.stringMatching(/^Cannot tell from here: .*ECONNREFUSED/),
      });
    });

    it('tells that something else than Keyway answers at PUBLIC_URL', async () => {
      await web.site('passkeys.shop.example', { '/health/live': { status: 502, body: 'Bad gateway' } });
      expect(of(await examined(), 'public-url')).toMatchObject([
        { state: 'fail', sentence: expect.stringMatching(/answers 502, and not as Keyway does/) },
      ]);
    });

    it('sends nothing to link-local addresses, where metadata services are', async () => {
      web.point('shop.example', '169.254.169.254');
      await web.remove('shop.example');
      expect(of(await examined(), 'origin')).toMatchObject([
        { state: 'fail', sentence: expect.stringContaining('neither public nor private') },
      ]);
    });
  });

  describe('of well-known documents', () => {
    const WEBAUTHN = '/.well-known/webauthn';
    const LINKS = '/.well-known/assetlinks.json';
    beforeAll(() =>
      insertApp('shop', 'shop.example', {
        related_origins: `'{https://shop.example.net}'`,
        android_packages: `'{com.example.shop}'`,
        android_origins: `'{android:apk-key-hash:zAAyUIMe5eFUUzI0LKFTCGWkdVAt4pfDyQZWIB0KYkY}'`,
        passkey_endpoints_enroll: `'https://shop.example/add'`,
        apple_app_ids: `'{ABCDE12345.com.example.shop}'`,
      }),
    );
    afterAll(() => sqlOn(database.url, 'delete from apps'));

    const FINGERPRINT =
      'CC:00:32:50:83:1E:E5:E1:54:53:32:34:2C:A1:53:08:65:A4:75:50:2D:E2:97:C3:C9:06:56:20:1D:0A:62:46';
    const statement = {
      relation: [
        'delegate_permission/common.handle_all_urls',
        'delegate_permission/common.get_login_creds',
        'delegate_permission/common.other',
      ],
      target: {
        namespace: 'android_app',
        package_name: 'com.example.shop',
        sha256_cert_fingerprints: [FINGERPRINT],
      },
    };
    const good = {
      [WEBAUTHN]: { body: { origins: ['https://more.example', 'https://shop.example.net'] } },
      [LINKS]: { body: [{ relation: ['x'], target: { namespace: 'web' } }, statement] },
      '/.well-known/passkey-endpoints': { body: { enroll: 'https://shop.example/add' } },
      '/.well-known/apple-app-site-association': {
        body: { applinks: {}, webcredentials: { apps: ['ABCDE12345.com.example.shop'] } },
        headers: { 'content-type': 'application/octet-stream' },
      },
    };
    const documents = async (answers: Parameters<TestWeb['site']>[1]) => {
      await web.site('shop.example', { ...good, ...answers });
      return bad(of(await examined(), 'well-known'));
    };

    it('accepts those that say what the app says, and more', async () => {
      expect(await documents({})).toEqual([]);
      expect(web.requests.filter((it) => it.includes('.well-known')).sort()).toEqual([
        'shop.example/.well-known/apple-app-site-association',
        'shop.example/.well-known/assetlinks.json',
        'shop.example/.well-known/passkey-endpoints',
        'shop.example/.well-known/webauthn',
      ]);
    });

    it.each([
      ['is not there', WEBAUTHN, { status: 404 }, /answers 404: let the site pass that path on/],
      ['redirects', LINKS, { status: 301, headers: { location: '/other' } }, /redirects \(301\)/],
      [
        'has another type',
        WEBAUTHN,
        { ...good[WEBAUTHN], headers: { 'content-type': 'text/html' } },
        /is not application\/json/,
      ],
      [
        'is no JSON',
        WEBAUTHN,
        { body: '<p>', headers: { 'content-type': 'application/json' } },
        /is not JSON/,
      ],
      [
        'lacks an origin',
        WEBAUTHN,
        { body: { origins: [] } },
        /lacks some of what the app says: .*shop\.example\.net/,
      ],
      [
        'lacks a certificate',
        LINKS,
        { body: [{ ...statement, target: { ...statement.target, sha256_cert_fingerprints: ['00'] } }] },
        /lacks some of what the app says/,
      ],
      ['is too long', WEBAUTHN, { body: { origins: ['x'.repeat(300_000)] } }, /is not JSON/],
    ])('refuses one that %s', async (_what, path, answer, sentence) => {
      expect(await documents({ [path]: answer })).toEqual([
        { check: 'well-known', state: 'fail', sentence: expect.stringMatching(sentence) },
      ]);
    });

    it('says that more related origins are listed than browsers read', async () => {
      const origins = [1, 2, 3, 4, 5, 6].map((n) => `https://shop${n}.example.net`);
      await changed(
        `update apps set related_origins = '{${origins.map((it) => it.replace('.example', '')).join(',')}}'`,
        `update apps set related_origins = '{https://shop.example.net}'`,
        async () => {
          const findings = await documents({
            [WEBAUTHN]: { body: { origins: origins.map((it) => it.replace('.example', '')) } },
          });
          expect(findings).toMatchObject([
            { state: 'warn', sentence: expect.stringContaining('the first 5') },
          ]);
        },
      );
    });
  });

  describe('of the keys of tokens', () => {
    it('says why they cannot be fetched, and what to do', async () => {
      await issuer.close();
      expect(of(await examined(), 'token-keys')).toMatchObject([
        {
          state: 'fail',
          sentence: expect.stringMatching(/cannot be fetched \(keys_unreachable\): check network/),
        },
      ]);
      await issuer.start();
      const [before] = [keys];
      keys = [{ kty: 'RSA', use: 'enc' }];
      expect(of(await examined(), 'token-keys')).toMatchObject([
        { state: 'fail', sentence: expect.stringContaining('has no key for signatures') },
      ]);
      keys = before;
    });
  });

  it('shows no secret, whatever is wrong', async () => {
    const secrets = {
      KEYWAY_SECRET: randomBytes(32).toString('base64'),
      APP_API_KEY: `${MODEL}${randomBytes(32).toString('base64url')}`,
      REDIS_URL: 'redis://user:redis-password@127.0.0.1:1',
    };
    const variants: Record<string, string>[] = [
      {},
      { PUBLIC_URL: 'x' },
      { APP_ORIGINS: 'https://other.example' },
      { NODE_ENV: 'production' },
    ];
    for (const broken of variants) {
      const text = JSON.stringify(await examined({ ...settings(), ...secrets, ...broken }));
      for (const secret of [secrets.KEYWAY_SECRET, secrets.APP_API_KEY, 'redis-password']) {
        expect(text).not.toContain(secret);
      }
    }
  });

  it('says that Redis does not count', async () => {
    const findings = await examined({ ...settings(), REDIS_URL: 'redis://127.0.0.1:1' });
    expect(of(findings, 'redis')).toMatchObject([
      {
        state: 'fail',
        sentence: expect.stringContaining('(ECONNREFUSED), and each replica counts for itself'),
      },
    ]);
  });
});

const insertApp = (id: string, rpId: string, fields: Record<string, string> = {}) =>
  sqlOn(
    database.url,
    `insert into apps (${['id', 'name', 'rp_id', 'origins', ...Object.keys(fields)].join()})
      values ('${id}', '${id}', '${rpId}', '{https://${rpId}}', ${Object.values(fields).join() || ''})`.replace(
      ', )',
      ')',
    ),
  );
