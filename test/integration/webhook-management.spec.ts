import { Webhook } from 'standardwebhooks';
import { randomBytes } from 'node:crypto';
import { ApiKeysService } from '../../src/flex/api-keys/api-keys.service.js';
import { PurgeService } from '../../src/flex/purge.service.js';
import { MAX_WEBHOOKS, WebhooksService } from '../../src/flex/webhooks/webhooks.service.js';
import { AppServer } from '../support/app-server.js';
import { buildApp, buildAppOn, TEST, type TestApp } from '../support/build-app.js';
import { eventually } from '../support/eventually.js';
import { flexError } from '../support/flex-error.js';
import { registerPasskey } from '../support/flows.js';
import { changeApp, contents, sql, UNKNOWN_ID } from '../support/tables.js';
import { TestUser } from '../support/test-user.js';
import { withLoopbackWebhooks } from '../support/webhook-app.js';
import { WebhookReceiver } from '../support/webhook-receiver.js';

interface WebhookJson {
  readonly id: string;
  readonly secret?: string;
  readonly disabled_for: string | null;
}

let app: TestApp;
let receiver: WebhookReceiver;
let server: AppServer;
let webhooks: WebhooksService;
const create = (body: object = {}, by = server) =>
  by.call('POST', '/webhooks', { url: receiver.url, events: ['passkey.registered'], ...body });
const made = async (by = server) => (await create({}, by)).expect<{ webhook: WebhookJson }>(201).webhook;
const withScopes = (scopes: string, of = server) => of.withKey({ scopes: `'{${scopes}}'` });

beforeAll(async () => {
  app = await buildApp(withLoopbackWebhooks());
  webhooks = app.application.get(WebhooksService, { strict: false });
});
afterAll(() => app?.close());
beforeEach(async () => {
  receiver = await new WebhookReceiver().start();
  server = await withScopes('webhooks', await AppServer.own(app));
  await changeApp(app, TEST.appId, 'webhook_hosts', ['127.0.0.1', 'hooks.example.com']);
});
afterEach(async () => {
  await sql(app, 'delete from webhooks');
  await receiver.close();
});

describe('the scopes of API keys', () => {
  const acts: [string, string, Parameters<AppServer['call']>][] = [
    ['identity', 'links an identity', ['PUT', '/external-users/nobody/identity', { subject: 'a' }]],
    ['identity', 'unlinks an identity', ['DELETE', '/external-users/nobody/identity']],
    ['erase', 'erases a user', ['DELETE', '/external-users/nobody']],
    ['erase', 'erases a user by our id', ['DELETE', `/users/${UNKNOWN_ID}`]],
    ['webhooks', 'lists webhooks', ['GET', '/webhooks']],
    ['webhooks', 'creates a webhook', ['POST', '/webhooks', { url: 'https://a.example/', events: [] }]],
    ['webhooks', 'lists dead events', ['GET', `/webhooks/${UNKNOWN_ID}/dead`]],
    ['webhooks', 'tests a webhook', ['POST', `/webhooks/${UNKNOWN_ID}/test`]],
    ['webhooks', 'rotates a secret', ['POST', `/webhooks/${UNKNOWN_ID}/rotate`]],
    ['webhooks', 'disables a webhook', ['POST', `/webhooks/${UNKNOWN_ID}/disable`]],
    ['webhooks', 'enables a webhook', ['POST', `/webhooks/${UNKNOWN_ID}/enable`]],
    ['webhooks', 'replays events', ['POST', `/webhooks/${UNKNOWN_ID}/replay`]],
  ];

  it.each(acts)('%s is what a key needs that %s', async (scope, _what, call) => {
    const others = ['identity', 'events', 'erase', 'webhooks'].filter((it) => it !== scope);
    const before = await contents(app);
    const refused = await (await withScopes(others.join())).call(...call);
    expect(flexError(refused)).toBe('403 operation_not_allowed');
    expect(refused.as<{ error: string }>().error).toBe(`The API key needs the scope ${scope}.`);
    const after = await contents(app);
    expect({ ...after, api_keys: '' }).toEqual({ ...before, api_keys: '' });
    expect((await (await withScopes(scope)).call(...call)).status).not.toBe(403);
  });

  it('are not asked of the original protocol and its reads', async () => {
    const plain = await withScopes('');
    const name = `plain-${randomBytes(4).toString('hex')}`;
    await plain.registerTransaction(name);
    expect((await plain.list()).total_users).toBeGreaterThan(0);
    expect(await plain.devices(name)).toEqual([]);
    expect((await plain.call('PATCH', `/external-users/${name}`, { status: 'inactive' })).status).toBe(200);
    expect(flexError(await plain.verify('unknown'))).toBe('401 invalid_nonce');
  });

  it('are none for a new key, unless they are named', async () => {
    const keys = app.application.get(ApiKeysService, { strict: false });
    expect((await keys.create(TEST.appId, null)).scopes).toEqual([]);
    const named = await keys.create(TEST.appId, null, ['erase', 'webhooks']);
    expect(named.scopes).toEqual(['erase', 'webhooks']);
    expect((await keys.list(TEST.appId)).at(-1)).toMatchObject({
      id: named.id,
      scopes: ['erase', 'webhooks'],
    });
  });
});

describe('the key of the settings', () => {
  const newKey = () => `kw_${randomBytes(6).toString('hex')}_${randomBytes(32).toString('base64url')}`;
  const scopesAfter = async (apiKey: string, apiKeyScopes?: readonly string[]) => {
    const { passage } = app.configuration;
    if (passage.mode !== 'embedded') throw new Error('The tests have the embedded provider.');
    const own = { ...passage.app, apiKey, ...(apiKeyScopes && { apiKeyScopes }) };
    const started = await buildAppOn(app.configuration.database, {
      passage: { ...passage, app: own } as never,
    });
    await started.close();
    const [row] = await sql<{ scopes: string[] }>(
      app,
      'select scopes from api_keys where id = $1',
      apiKey.split('_')[1],
    );
    return row!.scopes;
  };

  it('has the scopes of APP_API_KEY_SCOPES, and without it those it has or its predecessor had', async () => {
    const [first, second] = [newKey(), newKey()];
    expect(await scopesAfter(first)).toEqual([]);
    expect(await scopesAfter(first, ['erase'])).toEqual(['erase']);
    expect(await scopesAfter(first)).toEqual(['erase']);
    expect(await scopesAfter(second)).toEqual(['erase']);
    expect(await scopesAfter(second, [])).toEqual([]);
  });
});

describe('a webhook that a server makes', () => {
  it('is told of events, and shows its secret once', async () => {
    const { id, secret } = await made();
    await registerPasskey(new TestUser(app));
    const [{ body, headers }] = (await eventually(() => receiver.expect(1))) as [
      (typeof receiver.received)[0],
    ];
    expect(new Webhook(secret!).verify(body, headers)).toMatchObject({ type: 'passkey.registered' });
    const listed = (await server.call('GET', '/webhooks')).expect<{ webhooks: WebhookJson[] }>().webhooks;
    expect(listed).toEqual([
      {
        id,
        url: receiver.url,
        events: ['passkey.registered'],
        created_at: expect.any(String),
        disabled_at: null,
        disabled_for: null,
        waiting: expect.any(Number),
        dead: 0,
      },
    ]);
  });

  it.each([
    [
      'a host that the app does not list',
      { url: 'https://other.example.com/' },
      403,
      'operation_not_allowed',
    ],
    ['a host below a listed one', { url: 'https://a.hooks.example.com/' }, 403, 'operation_not_allowed'],
    ['another port', { url: 'https://hooks.example.com:8443/' }, 400, 'invalid_request'],
    ['a user name', { url: 'https://127.0.0.1@hooks.example.com/' }, 400, 'invalid_request'],
    ['http', { url: 'http://hooks.example.com/' }, 400, 'invalid_request'],
    ['a private address', { url: 'https://10.0.0.1/' }, 400, 'invalid_request'],
    ['a number for an address', { url: 'https://167772161/' }, 400, 'invalid_request'],
    ['no URL', { url: 'hooks' }, 400, 'invalid_request'],
    ['a URL that is no text', { url: 7 }, 400, 'invalid_request'],
    ['no events', { events: [] }, 400, 'invalid_request'],
    ['an unknown event', { events: ['passkey.lost'] }, 400, 'invalid_request'],
    ['an event twice', { events: ['user.deleted', 'user.deleted'] }, 400, 'invalid_request'],
    ['events that are no list', { events: 'user.deleted' }, 400, 'invalid_request'],
  ])('is refused with %s', async (_what, body, status, code) => {
    const before = await contents(app);
    expect(flexError(await create(body))).toBe(`${status} ${code}`);
    expect((await contents(app)).webhooks).toBe(before.webhooks);
  });

  it('may not be pointed anywhere where the app lists no host', async () => {
    await changeApp(app, TEST.appId, 'webhook_hosts', []);
    expect(flexError(await create())).toBe('403 operation_not_allowed');
  });

  it('is told nothing, and is not enabled, once the app does not list its host any more', async () => {
    const { id } = await made();
    await changeApp(app, TEST.appId, 'webhook_hosts', ['hooks.example.com']);
    await registerPasskey(new TestUser(app));
    await eventually(async () =>
      expect(await sql(app, 'select attempts, last_problem from webhook_deliveries')).toEqual([
        { attempts: 1, last_problem: 'address_refused' },
      ]),
    );
    const test = await server.call('POST', `/webhooks/${id}/test`);
    expect(test.expect()).toEqual({ delivered: false, status: null, problem: 'address_refused' });
    expect(receiver.received).toEqual([]);
    (await server.call('POST', `/webhooks/${id}/disable`)).expect();
    expect(flexError(await server.call('POST', `/webhooks/${id}/enable`))).toBe('403 operation_not_allowed');
  });

  it('is one of twenty at most that are enabled, also when they are made at once', async () => {
    const answers = await Promise.all(Array.from({ length: MAX_WEBHOOKS + 5 }, () => create()));
    expect(answers.filter(({ status }) => status === 201)).toHaveLength(MAX_WEBHOOKS);
    for (const answer of answers.filter(({ status }) => status !== 201)) {
      expect(flexError(answer)).toBe('409 too_many_webhooks');
    }
    const { id } = answers.find(({ status }) => status === 201)!.as<{ webhook: WebhookJson }>().webhook;
    (await server.call('POST', `/webhooks/${id}/disable`)).expect();
    await made();
    expect(flexError(await server.call('POST', `/webhooks/${id}/enable`))).toBe('409 too_many_webhooks');
  });

  it('is not there for another key, another app or an unknown id, and is left as it is', async () => {
    const { id } = await made();
    const operators = await webhooks.create(
      TEST.appId,
      { url: receiver.url, events: ['user.deleted'] },
      null,
    );
    const colleague = await withScopes('webhooks');
    const stranger = await withScopes('webhooks', await AppServer.create(app));
    const before = await contents(app);
    const asked: [AppServer, string][] = [
      [colleague, id],
      [stranger, id],
      [server, operators.id],
      [server, UNKNOWN_ID],
      [server, 'x'],
    ];
    for (const [by, webhook] of asked) {
      for (const act of ['test', 'rotate', 'disable', 'enable', 'replay']) {
        const refused = await by.call('POST', `/webhooks/${webhook}/${act}`);
        expect(flexError(refused)).toBe('404 webhook_not_found');
      }
      expect(flexError(await by.call('GET', `/webhooks/${webhook}/dead`))).toBe('404 webhook_not_found');
    }
    for (const by of [colleague, stranger]) {
      expect((await by.call('GET', '/webhooks')).expect()).toEqual({ webhooks: [] });
    }
    expect((await contents(app)).webhooks).toBe(before.webhooks);
    expect(receiver.received).toEqual([]);
  });

  it('is disabled when its key is revoked, in that very statement', async () => {
    const { id } = await made();
    const other = await made(await withScopes('webhooks'));
    await app.application.get(ApiKeysService, { strict: false }).revoke(server.key.split('_')[1]!);
    const find = (which: string) => webhooks.get({ appId: TEST.appId, id: which, keyId: null });
    expect(await find(id)).toMatchObject({ disabledFor: 'key_ended' });
    expect(await find(other.id)).toMatchObject({ disabledFor: null });
    await registerPasskey(new TestUser(app));
    await eventually(() => receiver.expect(1));
    expect(receiver.received).toHaveLength(1);
  });

  it('is told nothing more from the moment at which its key ends, and then is disabled', async () => {
    const { id } = await made();
    await sql(app, `update api_keys set expires_at = now() where id = $1`, server.key.split('_')[1]);
    await registerPasskey(new TestUser(app));
    await new Promise((resolve) => setTimeout(resolve, 2_500));
    expect(receiver.received).toEqual([]);
    await app.application.get(PurgeService, { strict: false }).purge();
    expect(await webhooks.get({ appId: TEST.appId, id, keyId: null })).toMatchObject({
      disabledFor: 'key_ended',
    });
  });
});

describe('the secret of a webhook', () => {
  const told = async () => {
    const { length } = receiver.received;
    await registerPasskey(new TestUser(app));
    return (await eventually(() => receiver.expect(length + 1))).at(-1)!;
  };
  const rotated = async (id: string, body: object = {}) =>
    (await server.call('POST', `/webhooks/${id}/rotate`, body)).expect<{ webhook: { secret: string } }>()
      .webhook.secret;

  it('signs for 24 hours more beside the one that replaces it', async () => {
    const { id, secret: old } = await made();
    const secret = await rotated(id);
    const both = await told();
    for (const each of [old!, secret])
      expect(new Webhook(each).verify(both.body, both.headers)).toBeDefined();
    await sql(app, `update webhooks set old_secret_until = now()`);
    const one = await told();
    expect(new Webhook(secret).verify(one.body, one.headers)).toBeDefined();
    expect(() => new Webhook(old!).verify(one.body, one.headers)).toThrow('No matching signature');
    const [row] = await sql<{ hours: number }>(
      app,
      `select extract(epoch from old_secret_until - now())::float8 / 3600 as hours from webhooks`,
    );
    expect(row!.hours).toBeLessThan(0.1);
  });

  it('signs not once more when it is compromised', async () => {
    const { id, secret: old } = await made();
    const secret = await rotated(id, { compromised: true });
    const { body, headers } = await told();
    expect(new Webhook(secret).verify(body, headers)).toBeDefined();
    expect(() => new Webhook(old!).verify(body, headers)).toThrow('No matching signature');
  });

  it('is nowhere in the database or the log, and is sealed anew when KEYWAY_SECRET is rotated', async () => {
    const { secret } = await made();
    const bytes = Buffer.from(secret!.replace('whsec_', ''), 'base64');
    const sealed = async () => (await sql<{ secret: Buffer }>(app, 'select secret from webhooks'))[0]!.secret;
    const before = await sealed();
    expect(before.includes(bytes)).toBe(false);
    expect(app.logLines.join()).not.toContain(secret);
    const { passage } = app.configuration;
    if (passage.mode !== 'embedded') throw new Error('The tests have the embedded provider.');
    const newer = randomBytes(32);
    const settings = (secrets: readonly Buffer[]) => withLoopbackWebhooks({ ...passage, secrets });
    const onlyNew = await buildAppOn(app.configuration.database, settings([newer]));
    try {
      const [webhook] = await webhooks.list(TEST.appId, null);
      const key = { appId: TEST.appId, id: webhook!.id, keyId: null };
      const by = (on: TestApp) => on.application.get(WebhooksService, { strict: false }).test(key);
      expect(await by(onlyNew)).toEqual({ status: null, problem: 'secret_unreadable' });
      const rotating = await buildAppOn(app.configuration.database, settings([newer, ...passage.secrets]));
      await eventually(async () => expect((await sealed()).equals(before)).toBe(false));
      expect(await by(rotating)).toEqual({ status: 204, problem: null });
      await rotating.close();
      expect(await by(onlyNew)).toEqual({ status: 204, problem: null });
      const { body, headers } = receiver.received.at(-1)!;
      expect(new Webhook(secret!).verify(body, headers)).toMatchObject({ type: 'webhook.test' });
    } finally {
      await onlyNew.close();
    }
  });
});

describe('the test of a webhook', () => {
  it('sends one event at once, and answers with status and class', async () => {
    const { id } = await made();
    const test = () => server.call('POST', `/webhooks/${id}/test`);
    expect((await test()).expect()).toEqual({ delivered: true, status: 204, problem: null });
    expect(receiver.received[0]!.event).toEqual({
      type: 'webhook.test',
      timestamp: expect.any(String),
      data: {
        id: expect.any(String),
        app_id: TEST.appId,
        user: null,
        identity: null,
        passkey: null,
        actor: null,
        reason: null,
      },
    });
    receiver.answer = (response) => response.writeHead(500).end('a secret of the receiver');
    const failed = await test();
    expect(failed.expect()).toEqual({ delivered: false, status: 500, problem: 'status' });
    await receiver.close();
    expect((await test()).expect()).toEqual({ delivered: false, status: null, problem: 'connection_failed' });
  });
});
