import { randomBytes } from 'node:crypto';
import { get } from 'node:http';
import { ApiKeysService } from '../../src/flex/api-keys/api-keys.service.js';
import { AppServer } from '../support/app-server.js';
import { buildApp, type TestApp } from '../support/build-app.js';
import { flexError } from '../support/flex-error.js';
import { type HttpAnswer, newAddress } from '../support/http-answer.js';
import { contents, count, sql, tablesHolding } from '../support/tables.js';
import { TestUser } from '../support/test-user.js';

type Method = 'GET' | 'POST' | 'PATCH' | 'DELETE';

describe('API keys', () => {
  let app: TestApp;
  let server: AppServer;
  let other: AppServer;
  /** Every call that needs a key, about the same user of `server`. */
  let calls: [Method, string, object?][];
  beforeAll(async () => {
    app = await buildApp();
    [server, other] = [await AppServer.create(app), await AppServer.create(app)];
    const { nonce } = await server.tenant.register('ada');
    const { id } = await server.find('ada');
    const [device] = await server.devices('ada');
    calls = [
      ['POST', '/transactions/register', { external_id: 'ada', passkey_display_name: 'Ada' }],
      ['POST', '/transactions/authenticate', { external_id: 'ada' }],
      ['POST', '/authenticate/verify', { nonce }],
      ['GET', '/users?identifier=ada'],
      ...[`/users/${id}`, '/external-users/ada'].flatMap((user): typeof calls => [
        ['GET', user],
        ['PATCH', user, { status: 'inactive' }],
        ['GET', `${user}/devices`],
        ['PATCH', `${user}/devices/${device!.id}`, { friendly_name: 'x' }],
        ['DELETE', `${user}/devices/${device!.id}`],
        ['DELETE', user],
      ]),
    ];
  });
  afterAll(() => app?.close());

  const lastUse = async (id: string) => {
    const [row] = await sql<{ at: string | null }>(
      app,
      'select last_used_at::text as at from api_keys where id = $1',
      id,
    );
    return row!.at;
  };
  const idOf = (key: string) => key.slice(3, 15);

  it('are required on every route of the management side, with the same refusal for every wrong key', async () => {
    const [, id, secret] = server.key.split(/_(.{12})_/) as ['kw', string, string];
    const flipped = (secret.startsWith('A') ? 'B' : 'A') + secret.slice(1);
    const strangers: Record<string, AppServer> = {
      missing: server.withText(''),
      malformed: server.withText('secret'),
      'of an unknown id': server.withText(`kw_${'0'.repeat(12)}_${secret}`),
      wrong: server.withText(`kw_${id}_${flipped}`),
      'with another secret': server.withText(`kw_${id}_${randomBytes(32).toString('base64url')}`),
      'in another case': server.withText(`KW_${id}_${secret}`),
      'with more at its end': server.withText(`${server.key}A`),
      'cut short': server.withText(server.key.slice(0, -1)),
      revoked: await server.withKey({ revoked_at: 'now()' }),
      expired: await server.withKey({ expires_at: `now() - interval '1 second'` }),
      "another app's": server.withText(other.key),
      "a user's token": server.withText(await new TestUser(app).token()),
    };
    const before = await contents(app);
    const answers = new Set<string>();
    for (const stranger of Object.values(strangers)) {
      for (const call of calls) {
        const answer = await stranger.call(...call);
        expect(flexError(answer)).toBe('401 invalid_access_token');
        answers.add(answer.text);
      }
    }
    expect(answers.size).toBe(1);
    expect(await contents(app)).toEqual(before);
  });

  it('are required before an unknown app is reported', async () => {
    for (const id of ['nobody', '%00', server.tenant.id.toUpperCase()]) {
      const answer = await server.ask({ url: `/v1/apps/${id}/users` });
      expect(flexError(answer)).toBe('401 invalid_access_token');
    }
  });

  it('are accepted only as a bearer token in the Authorization header', async () => {
    const url = `/v1/apps/${server.tenant.id}/users`;
    for (const authorization of [
      server.key,
      `Basic ${server.key}`,
      `Bearer${server.key}`,
      `Bearer ${server.key} x`,
    ]) {
      expect(flexError(await server.ask({ url, headers: { authorization } }))).toBe(
        '401 invalid_access_token',
      );
    }
    const inQuery = `${url}?access_token=${server.key}&authorization=Bearer%20${server.key}`;
    expect(flexError(await server.withText('').ask({ url: inQuery }))).toBe('401 invalid_access_token');
    for (const authorization of [`bearer ${server.key}`, `BEARER  ${server.key}`]) {
      expect((await server.ask({ url, headers: { authorization } })).status).toBe(200);
    }
  });

  it('are refused when the request has several Authorization headers', async () => {
    await app.application.listen(0, '127.0.0.1');
    const { port } = app.application.getHttpServer().address() as { port: number };
    const [right, wrong] = [`Bearer ${server.key}`, 'Bearer kw_wrong'];
    const url = `http://127.0.0.1:${port}/v1/apps/${server.tenant.id}/users`;
    const statusOf = (authorization: string[]) =>
      new Promise<number | undefined>((resolve, reject) => {
        const headers = authorization.flatMap((value) => ['authorization', value]);
        get(url, { headers: ['host', 'keyway.example', ...headers], agent: false }, (answer) => {
          resolve(answer.resume().statusCode);
        }).on('error', reject);
      });
    expect(await statusOf([right])).toBe(200);
    for (const several of [
      [right, wrong],
      [wrong, right],
      [right, right],
    ])
      expect(await statusOf(several)).toBe(401);
  });

  it('are limited to 300 guesses a minute from one network, which does not block valid keys in use', async () => {
    const [network, elsewhere] = [newAddress(), newAddress()];
    const url = `/v1/apps/${server.tenant.id}/users`;
    const ask = (stranger: AppServer, remoteAddress: string) => stranger.ask({ url, remoteAddress });
    const aGuess = () =>
      server.withText(`kw_${randomBytes(6).toString('hex')}_${randomBytes(32).toString('base64url')}`);
    expect((await ask(server, network)).status).toBe(200);
    for (let i = 0; i < 300; i++)
      expect(flexError(await ask(aGuess(), network))).toBe('401 invalid_access_token');
    // One a second is still looked up, as a server's may be among them that was started just now.
    const unknown = await server.withKey({});
    expect((await ask(unknown, network)).status).toBe(200);
    const beyond = await ask(aGuess(), network);
    expect(flexError(beyond)).toBe('429 exceeded_attempts');
    expect(Number(beyond.headers['retry-after'])).toBeGreaterThan(0);
    expect((await ask(await server.withKey({}), network)).status).toBe(429);
    expect((await ask(unknown, network)).status).toBe(200);
    expect((await ask(server, network)).status).toBe(200);
    expect((await ask(aGuess(), elsewhere)).status).toBe(401);
  });

  it('work side by side for one app, each until it expires or is revoked', async () => {
    const second = await server.withKey({ expires_at: `now() + interval '1 hour'` });
    expect((await second.call('GET', '/users')).status).toBe(200);
    await sql(app, 'update api_keys set expires_at = now() where id = $1', idOf(second.key));
    expect(flexError(await second.call('GET', '/users'))).toBe('401 invalid_access_token');
    const third = await server.withKey({});
    expect((await third.call('GET', '/users')).status).toBe(200);
    await sql(app, 'update api_keys set revoked_at = now() where id = $1', idOf(third.key));
    expect(flexError(await third.call('GET', '/users'))).toBe('401 invalid_access_token');
    expect((await server.call('GET', '/users')).status).toBe(200);
  });

  it('open their own app alone, even if a key of another app has the same id', async () => {
    const [mine, theirs] = [await server.withKey({}), await other.withKey({})];
    const id = idOf(mine.key);
    await sql(app, 'update api_keys set id = $1 where id = $2', id, idOf(theirs.key));
    const twin = other.withText(`kw_${id}_${theirs.key.slice(16)}`);
    for (const each of [mine, twin]) expect((await each.call('GET', '/users')).status).toBe(200);
    const swapped = [server.withText(twin.key), other.withText(mine.key)];
    for (const each of swapped) {
      expect(flexError(await each.call('GET', '/users'))).toBe('401 invalid_access_token');
    }
    await sql(
      app,
      'update api_keys set revoked_at = now() where id = $1 and app_id = $2',
      id,
      mine.tenant.id,
    );
    expect(flexError(await mine.call('GET', '/users'))).toBe('401 invalid_access_token');
    expect((await twin.call('GET', '/users')).status).toBe(200);
    await sql(app, 'delete from api_keys where id = $1', id);
  });

  it('have their last use recorded at most once a minute, and only when they were valid', async () => {
    const used = await server.withKey({});
    const id = idOf(used.key);
    await used.withText(`kw_${id}_${'A'.repeat(43)}`).call('GET', '/users');
    await used.ask({ url: `/v1/apps/${other.tenant.id}/users` });
    expect(await lastUse(id)).toBeNull();
    await Promise.all(Array.from({ length: 20 }, () => used.call('GET', '/users')));
    const first = await lastUse(id);
    expect(first).not.toBeNull();
    await used.call('GET', '/users');
    expect(await lastUse(id)).toBe(first);
    const row = 'update api_keys set last_used_at = now() - interval';
    await sql(app, `${row} '59 seconds' where id = $1`, id);
    const recent = await lastUse(id);
    await used.call('GET', '/users');
    expect(await lastUse(id)).toBe(recent);
    await sql(app, `${row} '61 seconds' where id = $1`, id);
    await used.call('GET', '/users');
    expect(await lastUse(id)).not.toBe(recent);
    expect(
      await count(app, `api_keys where id = $1 and last_used_at > now() - interval '10 seconds'`, id),
    ).toBe(1);
  });

  it('appear in no log line and no table, and neither do the transactions and nonces of their calls', async () => {
    const created = await app.application
      .get(ApiKeysService, { strict: false })
      .create(server.tenant.id, null);
    const secrets = [server.key, other.key, created.key].map((key) => key.slice(16));
    const { nonce, authenticator } = await server.tenant.register('eve');
    const transactionId = await server.authenticateTransaction('eve');
    const signedIn = await server.tenant.signIn(authenticator);
    secrets.push(nonce, signedIn, transactionId, await server.registerTransaction('eve'));
    await server.call('GET', '/users/x');
    expect((await server.withText(created.key).call('GET', '/users')).status).toBe(200);
    await server.withText(other.key).call('GET', '/users');
    await server.verify(nonce);
    await server.verify(nonce);
    await other.verify(signedIn);
    // Swapped by mistake, a secret stands where the app, the user or a parameter should.
    for (const secret of [other.key, created.key, signedIn, transactionId]) {
      for (const url of [`/v1/apps/${secret}`, `/v1/apps/${secret}/users`]) await server.ask({ url });
      for (const path of [`/users/${secret}`, `/users?identifier=${secret}`]) await server.call('GET', path);
      await server.verify(`${secret}.`);
    }
    const log = app.logLines.join();
    for (const secret of secrets) {
      expect(log).not.toContain(secret);
      expect(log).not.toContain(Buffer.from(secret, 'base64url').toString('hex'));
      expect(await tablesHolding(app, secret)).toEqual([]);
    }
    expect(await tablesHolding(app, idOf(server.key))).toContain('api_keys');
    expect(log).toContain(`"app":"${server.tenant.id}","actor":"key:${idOf(server.key)}"`);
  });
});

describe('two apps with users of the same external IDs', () => {
  let app: TestApp;
  let one: AppServer;
  let two: AppServer;
  beforeAll(async () => {
    app = await buildApp();
    [one, two] = [await AppServer.create(app), await AppServer.create(app)];
  });
  afterAll(() => app?.close());

  /** Everything `server` can learn of the user. */
  const all = async (server: AppServer) => [await server.list(), await server.user('same')];
  const withoutLinks = (seen: unknown) =>
    JSON.stringify(seen).replace(/"created_before":\d+|created_before=\d+/g, '');

  it('are kept apart on every route', async () => {
    const credentialId = Buffer.alloc(32, 7);
    for (const each of [one, two]) await each.tenant.register('same', { credentialId });
    const [mine, theirs] = [await one.find('same'), await two.find('same')];
    const [[device], [theirDevice]] = [await one.devices('same'), await two.devices('same')];
    expect(mine.id).not.toBe(theirs.id);
    expect(device!.cred_id).toBe(theirDevice!.cred_id);
    const [before, rows] = [withoutLinks(await all(two)), await contents(app)];
    const nobody: Promise<HttpAnswer>[] = [
      one.call('GET', `/users/${theirs.id}`),
      one.call('GET', `/users/${theirs.id}/devices`),
      one.call('PATCH', `/users/${theirs.id}`, { status: 'inactive' }),
      one.call('DELETE', `/users/${theirs.id}`),
      one.call('DELETE', `/users/${theirs.id}/devices/${theirDevice!.id}`),
      one.call('PATCH', `/users/${theirs.id}/devices/${theirDevice!.id}`, { friendly_name: 'x' }),
    ];
    for (const answer of await Promise.all(nobody)) expect(flexError(answer)).toBe('404 user_not_found');
    for (const user of [`/users/${mine.id}`, '/external-users/same']) {
      const path = `${user}/devices/${theirDevice!.id}`;
      expect(flexError(await one.call('DELETE', path))).toBe('404 device_not_found');
      expect(flexError(await one.call('PATCH', path, { friendly_name: 'x' }))).toBe('404 device_not_found');
    }
    expect((await one.list(`?id=${theirs.id}`)).users).toEqual([]);
    expect(await contents(app)).toEqual(rows);

    await one.call('PATCH', `/external-users/same/devices/${device!.id}`, { friendly_name: 'Mine' });
    await one.call('PATCH', '/external-users/same', { status: 'inactive' });
    expect(withoutLinks(await all(two))).toBe(before);
    await one.call('DELETE', `/external-users/same/devices/${device!.id}`);
    expect(withoutLinks(await all(two))).toBe(before);
    await one.call('DELETE', '/external-users/same');
    expect(withoutLinks(await all(two))).toBe(before);
    expect((await one.list()).users).toEqual([]);
    expect((await two.call('POST', '/transactions/authenticate', { external_id: 'same' })).status).toBe(201);
    const unknown = await one.call('POST', '/transactions/authenticate', { external_id: 'same' });
    expect(flexError(unknown)).toBe('404 user_not_found');
  });
});
