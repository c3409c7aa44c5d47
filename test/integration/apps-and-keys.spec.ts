import { randomBytes } from 'node:crypto';
import { ApiKeysService } from '../../src/flex/api-keys/api-keys.service.js';
import type { AppFields } from '../../src/flex/apps/app.js';
import { AppsService } from '../../src/flex/apps/apps.service.js';
import { embeddedPassageOf } from '../../src/config/configuration.js';
import { Browser } from '../support/browser.js';
import { buildApp, buildAppOn, TEST, type TestApp } from '../support/build-app.js';
import { newAddress, send } from '../support/http-answer.js';
import { SoftwareAuthenticator } from '../support/software-authenticator.js';
import { contents, count, eventsOf, shuffleCreation, sql, TABLES } from '../support/tables.js';
import { Tenant } from '../support/tenant.js';
import { importRows } from '../support/transfer.js';

const anAndroidOrigin = () => `android:apk-key-hash:${randomBytes(32).toString('base64url')}`;

let app: TestApp;
let apps: AppsService;
let keys: ApiKeysService;
let made = 0;

beforeAll(async () => {
  app = await buildApp();
  apps = app.application.get(AppsService, { strict: false });
  keys = app.application.get(ApiKeysService, { strict: false });
});
afterAll(() => app?.close());

/** Makes an app on a domain of its own. */
const anApp = async (fields: Partial<AppFields> = {}) => {
  const id = `app-${(made += 1)}`;
  const rpId = `${id}.example`;
  return apps.create(id, { rpId, origins: [`https://${rpId}`], ...fields });
};

/** The code and sentence that work was refused with, once it is certain that nothing was changed. */
const refusal = async (work: () => Promise<unknown>): Promise<{ code: string; message: string }> => {
  const before = await contents(app);
  const error: unknown = await work().then(
    () => new Error('it was done'),
    (reason: unknown) => reason,
  );
  expect(await contents(app)).toEqual(before);
  const { code, message } = error as { code: string; message: string };
  return { code, message };
};

describe('an app', () => {
  it('has the defaults of the schema, unless fields are given', async () => {
    const tenant = await Tenant.create(app);
    const created = await apps.create('plain', { rpId: 'plain.example', origins: ['https://plain.example'] });
    const { createdAt, updatedAt, ...rest } = await apps.get(tenant.id);
    expect(created).toMatchObject({
      ...rest,
      id: 'plain',
      name: 'plain',
      rpId: 'plain.example',
      origins: ['https://plain.example'],
    });
    expect(created.createdAt.getTime()).toBeGreaterThanOrEqual(createdAt.getTime());
    expect(created.updatedAt.getTime()).toBeGreaterThanOrEqual(updatedAt.getTime());
  });

  it('changes in the named fields, and in no other', async () => {
    const { id, ...before } = await anApp({ name: ' Keys & Co ', relatedOrigins: ['https://keys.test'] });
    expect(before.name).toBe('Keys & Co');
    const changes: Partial<AppFields> = {
      androidOrigins: [anAndroidOrigin()],
      userVerification: 'preferred',
      algorithms: [-257, -7],
      maxPasskeysPerUser: 3,
      ceremonyTimeout: 60,
      nonceTtl: 45,
    };
    const { updatedAt, ...after } = await apps.update(id, changes);
    const { updatedAt: updatedBefore, ...others } = before;
    expect(after).toEqual({ id, ...others, ...changes });
    expect(updatedAt.getTime()).toBeGreaterThan(updatedBefore.getTime());
    expect(await apps.update(id, { relatedOrigins: [], nonceTtl: null })).toMatchObject({
      relatedOrigins: [],
      nonceTtl: null,
      ceremonyTimeout: 60,
    });
  });

  it.each<[string, Partial<AppFields>, RegExp]>([
    ['a public suffix', { rpId: 'co.uk' }, /^Set the RP ID to localhost or /],
    ['an RP ID with a scheme', { rpId: 'https://a.example' }, /^Set the RP ID to /],
    ['no origins', { origins: [] }, /^Set the origins to one or more/],
    [
      'an http origin',
      { origins: ['http://a.example'] },
      /^Set entry 1 of the origins, "http:\/\/a\.example", to .* http is for localhost/,
    ],
    ['an origin with a path', { origins: ['https://a.example/x'] }, /exactly https:\/\/a\.example\.$/],
    [
      'an origin on another domain',
      { origins: ['https://elsewhere.example'] },
      /as related origins: https:\/\/elsewhere/,
    ],
    [
      'a related http origin',
      { relatedOrigins: ['http://localhost:1'] },
      /^Set entry 1 of the related origins/,
    ],
    ['an Android origin among others', { origins: [anAndroidOrigin()] }, /listed apart/],
    ['a short Android hash', { androidOrigins: ['android:apk-key-hash:AAAA'] }, /43 base64url/],
    [
      'a top origin with a slash',
      { topOrigins: ['https://b.example/'] },
      /of the top origins, "https:\/\/b\.example\/", to exactly/,
    ],
    ['an unknown algorithm', { algorithms: [-8, -65_535] }, /^Set the algorithms to one or more of ES256, /],
    ['no algorithm', { algorithms: [] }, /^Set the algorithms/],
    ['an algorithm twice', { algorithms: [-7, -7] }, /each once/],
    [
      'a limit of no passkeys',
      { maxPasskeysPerUser: 0 },
      /passkeys per user to a whole number from 1 to 1000/,
    ],
    [
      'a nonce lifetime of over an hour',
      { nonceTtl: 3_601 },
      /nonces to a whole number of seconds from 30 to 3600/,
    ],
    [
      'a name with a bidirectional override',
      { name: 'a\u202Eb' },
      /^Set the name to the name that users see/,
    ],
    ['a blank name', { name: '  ' }, /^Set the name/],
  ])('is neither created nor changed with %s', async (_what, fields, sentence) => {
    const { id } = await anApp();
    const made = await refusal(() => anApp(fields));
    const changed = await refusal(() => apps.update(id, fields));
    for (const { code, message } of [made, changed]) {
      expect(code).toBe('invalid_app');
      expect(message).toMatch(sentence);
    }
  });

  it('is refused with all problems at once, checked together with its stored fields', async () => {
    const { id, rpId } = await anApp();
    const { message } = await refusal(() => apps.update(id, { rpId: 'com', origins: ['x'], nonceTtl: 1 }));
    expect(message.split('\n')).toHaveLength(3);
    const moved = await refusal(() => apps.update(id, { rpId: 'moved.example' }));
    expect(moved.message).toMatch(/^Set the origins to some on moved\.example or below/);
    const inner = await refusal(() => apps.update(id, { relatedOrigins: [`https://a.${rpId}`] }));
    expect(inner.message).toMatch(/^Set the related origins to some that are not on /);
    await expect(apps.create('a b', { rpId: 'ab.example', origins: ['https://ab.example'] })).rejects.toThrow(
      'Set the id to 1 to 64 letters, digits, hyphens or underscores.',
    );
  });

  it('counts its own devices without keys, and not those of other apps', async () => {
    const [one, other] = [await anApp(), await anApp()];
    const rows = ['d1', 'd2'].map((id) => ({ type: 'legacy_device', external_id: 'ada', id }));
    await importRows(app, rows, { appId: one.id });
    expect(await apps.get(one.id)).toMatchObject({ users: 1, passkeys: 0, legacyDevices: 2 });
    expect(await apps.get(other.id)).toMatchObject({ legacyDevices: 0 });
  });

  it('has an id and an RP ID that no other app has', async () => {
    const [one, other] = [await anApp(), await anApp()];
    const again = await refusal(() =>
      apps.create(one.id, { rpId: 'new.example', origins: ['https://new.example'] }),
    );
    expect(again).toMatchObject({ code: 'app_exists', message: expect.stringContaining(one.id) });
    const taken = { rpId: one.rpId, origins: one.origins };
    for (const work of [() => apps.create('another', taken), () => apps.update(other.id, taken)]) {
      const { code, message } = await refusal(work);
      expect({ code, message }).toEqual({
        code: 'rp_id_taken',
        message: `The RP ID ${one.rpId} belongs to the app ${one.id}: choose another one.`,
      });
    }
  });

  it('is checked against its stored fields when the settings name only the RP ID or the origins', async () => {
    const start = (fields: { rpId?: string; origins?: string[] }) => {
      const passage = { ...embeddedPassageOf(app.configuration), app: { id: TEST.appId, ...fields } };
      return buildAppOn(app.configuration.database, { passage });
    };
    for (const fields of [{ origins: ['https://elsewhere.example'] }, { rpId: 'elsewhere.example' }]) {
      const { message } = await refusal(() => start(fields));
      expect(message).toMatch(
        /^The app shop has the RP ID .*: set APP_ORIGINS and APP_RP_ID so that they fit\.$/,
      );
    }
  });

  it('gets an RP ID once when two apps ask for it at the same time', async () => {
    for (let round = 0; round < 10; round += 1) {
      const fields = { rpId: `race-${round}.example`, origins: [`https://race-${round}.example`] };
      const both = ['x', 'y'].map((it) => apps.create(`race-${round}-${it}`, fields));
      const outcomes = await Promise.allSettled(both);
      expect(outcomes.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
      const lost = outcomes.find((it) => it.status === 'rejected')!;
      expect(lost.reason).toMatchObject({ code: 'rp_id_taken' });
      expect(await count(app, 'apps where rp_id = $1', fields.rpId)).toBe(1);
    }
  });

  it('keeps every one of several simultaneous changes', async () => {
    const { id } = await anApp();
    for (let seconds = 60; seconds < 70; seconds += 1) {
      const changes: Partial<AppFields>[] = [
        { nonceTtl: seconds },
        { handshakeTtl: seconds },
        { registerTransactionTtl: seconds },
        { authenticateTransactionTtl: seconds },
      ];
      await Promise.all(changes.map((change) => apps.update(id, change)));
      expect(await apps.get(id)).toMatchObject(Object.assign({}, ...changes) as object);
    }
  });

  it('is deleted with all its rows, and keeps only its events in the audit trail', async () => {
    const [tenant, other] = [await Tenant.create(app), await Tenant.create(app)];
    const { authenticator } = await tenant.register('ada');
    await tenant.authenticateTransaction('ada');
    await tenant.signIn(authenticator);
    await other.register('ada');
    await keys.create(tenant.id, null);
    await sql(app, `insert into tombstones (app_id, credential_hash) values ($1, sha256('x'))`, tenant.id);
    await sql(
      app,
      `insert into flex_users (app_id, id, external_id, user_handle)
       select $1, 'many-' || i, 'many-' || i, decode(md5(i::text), 'hex') from generate_series(1, 2500) i`,
      tenant.id,
    );
    const ofOthers = await Promise.all(TABLES.map((table) => othersIn(table, tenant.id)));
    const events = await count(app, 'audit_events where app_id = $1', tenant.id);
    expect(events).toBeGreaterThan(0);
    expect(await apps.delete(tenant.id)).toMatchObject({ users: 2_501, passkeys: 1, keys: 1 });
    expect(await Promise.all(TABLES.map((table) => othersIn(table, tenant.id)))).toEqual(ofOthers);
    for (const table of ['api_keys', 'flex_users', 'devices', 'tombstones', 'transactions', 'nonces']) {
      expect(await count(app, `${table} where app_id = $1`, tenant.id)).toBe(0);
    }
    expect(await count(app, 'audit_events where app_id = $1', tenant.id)).toBe(events);
    expect(await refusal(() => apps.delete(tenant.id))).toEqual({
      code: 'app_not_found',
      message: `There is no app "${tenant.id}".`,
    });
  });

  const othersIn = (table: string, id: string): Promise<number> =>
    ['users', 'spent_handshakes'].includes(table)
      ? count(app, table)
      : count(app, `${table} where ${table === 'apps' ? 'id' : 'app_id'} <> $1`, id);

  it('is reported as app_not_found under another id', async () => {
    for (const work of [
      () => apps.get('nobody'),
      () => apps.update('nobody', {}),
      () => keys.list('nobody'),
    ]) {
      expect(await refusal(work)).toMatchObject({ code: 'app_not_found' });
    }
  });
});

describe('the origins of an app', () => {
  const related = 'https://shop.test';
  const android = anAndroidOrigin();
  let tenant: Tenant;
  beforeAll(async () => {
    tenant = await Tenant.create(app);
    await apps.update(tenant.id, {
      relatedOrigins: [related],
      androidOrigins: [android],
      ceremonyTimeout: 90,
    });
  });

  /** The statuses of a registration and of a sign-in whose client data name this origin; the reasons, where refused. */
  const ceremoniesOn = async (origin: string) => {
    const browser = new Browser(app, { appId: tenant.id, origin: tenant.origin });
    const authenticator = new SoftwareAuthenticator();
    const statuses: number[] = [];
    const events = await eventsOf(app, async () => {
      const begun = await browser.beginRegistration(await tenant.registerTransaction('ada'));
      statuses.push((await browser.finish('register', begun.answer(authenticator, { origin }))).status);
      const known = statuses[0] === 200 ? authenticator : (await tenant.register('ada')).authenticator;
      const signIn = await browser.beginSignIn();
      statuses.push((await browser.finish('authenticate', signIn.answer(known, { origin }))).status);
    });
    return { statuses, reasons: events.flatMap(({ reason }) => reason ?? []) };
  };

  const corsOf = async (origin: string): Promise<unknown> => {
    const answer = await send(app, {
      url: `/v1/apps/${tenant.id}`,
      headers: { origin },
      remoteAddress: newAddress(),
    });
    return answer.headers['access-control-allow-origin'];
  };

  it('run ceremonies, related and Android origins included, and no other origin does', async () => {
    for (const origin of [tenant.origin, related, android]) {
      expect(await ceremoniesOn(origin)).toEqual({ statuses: [200, 200], reasons: [] });
    }
    const near = [`${related}:8443`, 'http://shop.test', 'https://a.shop.test', 'https://elsewhere.example'];
    for (const origin of [...near, anAndroidOrigin(), android.toUpperCase(), TEST.origin]) {
      const reasons = ['origin_not_allowed', 'origin_not_allowed'];
      expect(await ceremoniesOn(origin)).toEqual({ statuses: [400, 401], reasons });
    }
  });

  it('are allowed by CORS, except Android origins, which do not need it', async () => {
    expect(await corsOf(tenant.origin)).toBe(tenant.origin);
    expect(await corsOf(related)).toBe(related);
    expect(await corsOf(android)).toBeUndefined();
    expect(await corsOf('https://a.shop.test')).toBeUndefined();
  });

  it('are returned in the members of the protocol, and the app’s timeout in the options', async () => {
    const { app: told } = (await send(app, { url: `/v1/apps/${tenant.id}` })).expect<{ app: object }>();
    expect(told).toMatchObject({ auth_origin: tenant.origin, additional_auth_origins: [related] });
    expect((await tenant.browser().beginSignIn()).publicKey.timeout).toBe(90_000);
    const registering = await tenant.browser().beginRegistration(await tenant.registerTransaction('ada'));
    expect(registering.publicKey.timeout).toBe(90_000);
    const hasty = await Tenant.create(app, { ceremony_timeout: 90, handshake_ttl: 30 });
    expect((await hasty.browser().beginSignIn()).publicKey.timeout).toBe(30_000);
  });
});

describe('an API key', () => {
  const asks = async (appId: string, key: string): Promise<number> => {
    const headers = { authorization: `Bearer ${key}` };
    return (await send(app, { url: `/v1/apps/${appId}/users`, headers, remoteAddress: newAddress() })).status;
  };

  it('is shown once, and stored as the SHA-256 of its secret alone', async () => {
    const { id: appId } = await anApp();
    const { id, key, expiresAt } = await keys.create(appId, null);
    expect(key).toMatch(/^kw_[A-Za-z0-9]{12}_[A-Za-z0-9_-]{43}$/);
    expect({ id, expiresAt }).toEqual({ id: key.slice(3, 15), expiresAt: null });
    const [row] = await sql<{ kept: string; isHash: boolean }>(
      app,
      `select k::text as kept, secret_hash = sha256(convert_to($2, 'UTF8')) as "isHash" from api_keys k where id = $1`,
      id,
      key.slice(16),
    );
    expect(row!.isHash).toBe(true);
    expect(row!.kept).not.toContain(key.slice(16));
    expect(JSON.stringify(await keys.list(appId))).not.toContain(key.slice(16));
  });

  it('opens its own app alone until it is revoked, immediately and for good', async () => {
    const [mine, theirs] = [await anApp(), await anApp()];
    const [one, two] = [await keys.create(mine.id, null), await keys.create(mine.id, 3_600)];
    expect([await asks(mine.id, one.key), await asks(mine.id, two.key)]).toEqual([200, 200]);
    expect(await asks(theirs.id, one.key)).toBe(401);
    const revoked = await keys.revoke(one.id);
    expect(revoked).toMatchObject({ id: one.id, appId: mine.id, state: 'revoked' });
    expect([await asks(mine.id, one.key), await asks(mine.id, two.key)]).toEqual([401, 200]);
    expect(await keys.revoke(one.id)).toEqual(revoked);
    expect((await keys.list(mine.id)).map(({ id, state }) => ({ id, state }))).toEqual([
      { id: one.id, state: 'revoked' },
      { id: two.id, state: 'active' },
    ]);
    expect((await apps.get(mine.id)).keys).toBe(1);
  });

  it('lists the keys of an app oldest first', async () => {
    const { id: appId } = await anApp();
    const made: string[] = [];
    for (let i = 0; i < 5; i++) made.push((await keys.create(appId, null)).id);
    const oldestFirst = await shuffleCreation(app, 'api_keys', made);
    expect((await keys.list(appId)).map(({ id }) => id)).toEqual(oldestFirst);
  });

  it('expires at the given time by the clock of the database', async () => {
    const { id: appId } = await anApp();
    const { id, key, expiresAt } = await keys.create(appId, 90 * 86_400);
    expect(Math.abs(expiresAt!.getTime() - Date.now() - 90 * 86_400_000)).toBeLessThan(10_000);
    expect(await asks(appId, key)).toBe(200);
    await sql(app, 'update api_keys set expires_at = now() where id = $1', id);
    expect(await asks(appId, key)).toBe(401);
    expect(await keys.list(appId)).toMatchObject([{ id, state: 'expired' }]);
    expect((await apps.get(appId)).keys).toBe(0);
  });

  it('has its last use recorded at most once a minute', async () => {
    const { id: appId } = await anApp();
    const { id, key } = await keys.create(appId, null);
    const lastUse = async () => (await keys.list(appId))[0]!.lastUsedAt;
    expect(await lastUse()).toBeNull();
    await asks(appId, `${key.slice(0, -1)}${key.endsWith('A') ? 'B' : 'A'}`);
    expect(await lastUse()).toBeNull();
    await asks(appId, key);
    const first = await lastUse();
    expect(Math.abs(first!.getTime() - Date.now())).toBeLessThan(10_000);
    await asks(appId, key);
    expect(await lastUse()).toEqual(first);
    await sql(app, `update api_keys set last_used_at = now() - interval '61 seconds' where id = $1`, id);
    await asks(appId, key);
    expect((await lastUse())!.getTime()).toBeGreaterThanOrEqual(first!.getTime());
  });

  it('is refused for an unknown app, and cannot be revoked by an unknown id', async () => {
    expect(await refusal(() => keys.create('nobody', null))).toMatchObject({ code: 'app_not_found' });
    expect(await refusal(() => keys.revoke('0123456789ab'))).toEqual({
      code: 'key_not_found',
      message: 'There is no API key "0123456789ab".',
    });
  });
});
