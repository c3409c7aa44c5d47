import { randomBytes } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import { jest } from '@jest/globals';
import { Logger } from '@nestjs/common';
import { Webhook } from 'standardwebhooks';
import type { AuditEventType } from '../../src/events/audit-event-types.js';
import { AUDIT_EVENT_TYPES } from '../../src/events/audit-event-types.js';
import { onBehalfOf } from '../../src/database/beneficiary.js';
import { Outbox } from '../../src/events/outbox.js';
import { AuditTrail } from '../../src/events/audit-trail.js';
import {
  type Delivery,
  WebhookDeliveryRepository,
} from '../../src/flex/webhooks/webhook-delivery.repository.js';
import { WebhookAttempts } from '../../src/flex/webhooks/webhook-attempts.js';
import { WebhooksService } from '../../src/flex/webhooks/webhooks.service.js';
import { UsersService } from '../../src/flex/users/users.service.js';
import { IdentitiesService } from '../../src/flex/users/identities.service.js';
import { PurgeService } from '../../src/flex/purge.service.js';
import { AppServer } from '../support/app-server.js';
import { buildApp, buildAppOn, TEST, type TestApp } from '../support/build-app.js';
import { eventually } from '../support/eventually.js';
import { registerPasskey, signIn } from '../support/flows.js';
import { count, flexUserIdOf, sql, statementsOf } from '../support/tables.js';
import { SoftwareAuthenticator } from '../support/software-authenticator.js';
import { Tenant } from '../support/tenant.js';
import { TestUser } from '../support/test-user.js';
import { aForeignPasskey, importRows } from '../support/transfer.js';
import { withLoopbackWebhooks } from '../support/webhook-app.js';
import { WebhookReceiver } from '../support/webhook-receiver.js';

let app: TestApp;
let receiver: WebhookReceiver;
const of = <T>(service: new (...args: never[]) => T, on = app): T =>
  on.application.get(service, { strict: false });
const webhooks = () => of(WebhooksService);
const create = (events: readonly AuditEventType[], appId: string = TEST.appId, url = receiver.url) =>
  webhooks().create(appId, { url, events }, null);
const keyOf = ({ appId, id }: { appId: string; id: string }) => ({ appId, id, keyId: null });
/** Lets what failed and is to be tried later be tried now; what is under way stays so. */
const hurry = () =>
  sql(
    app,
    `update webhook_deliveries set next_attempt_at = now()
     where (attempts = 1 and last_problem is not null) or next_attempt_at > now() + interval '31 seconds'`,
  );
/** As if the processes that are at something had been killed, and their time were over. */
const expireClaims = () =>
  sql(app, 'update webhook_deliveries set next_attempt_at = now() where next_attempt_at is not null');
const waiting = () => count(app, 'webhook_deliveries where next_attempt_at is not null');
const delivered = (total: number) =>
  eventually(async () =>
    expect(await count(app, 'webhook_deliveries where delivered_at is not null')).toBe(total),
  );

beforeAll(async () => {
  app = await buildApp(withLoopbackWebhooks());
});
afterAll(() => app?.close());
beforeEach(async () => {
  receiver = await new WebhookReceiver().start();
});
afterEach(async () => {
  await sql(app, 'delete from webhooks');
  await receiver.close();
});

describe('a webhook', () => {
  it('is told of a new passkey, signed as Standard Webhooks has it', async () => {
    const { secret } = await create(['passkey.registered']);
    const user = new TestUser(app);
    const { device } = await registerPasskey(user);
    const [delivery] = await eventually(() => receiver.expect(1));
    const userId = await flexUserIdOf(app, user.subject);
    expect(new Webhook(secret).verify(delivery!.body, delivery!.headers)).toEqual({
      type: 'passkey.registered',
      timestamp: expect.stringMatching(/^2\d{3}-.*Z$/),
      data: {
        id: delivery!.headers['webhook-id'],
        app_id: TEST.appId,
        user: { id: userId, external_id: expect.any(String) },
        identity: { issuer: TEST.issuer, subject: user.subject },
        passkey: { id: device.id, automatic: false },
        actor: { type: 'person' },
        reason: null,
      },
    });
    const [event] = await sql<{ id: string }>(app, 'select id from audit_events order by id desc limit 1');
    expect(delivery!.headers['webhook-id']).toBe(event!.id);
  });

  it('is told of everything that happens to a passkey and its user, in order, by whom', async () => {
    await create(AUDIT_EVENT_TYPES);
    const user = new TestUser(app);
    const passkey = await registerPasskey(user);
    const externalId = await externalIdOf(user);
    await signIn(passkey);
    await user.rename(passkey.device.id, 'My key');
    passkey.authenticator.credentials[0]!.backupEligible =
      !passkey.authenticator.credentials[0]!.backupEligible;
    await user.revoke(passkey.device.id);
    await of(IdentitiesService).unlink(TEST.appId, externalId);
    await of(IdentitiesService).link(TEST.appId, externalId, { issuer: TEST.issuer, subject: user.subject });
    // Erasing deletes what waits.
    await eventually(() => receiver.expect(6));
    const server = await AppServer.own(app);
    expect((await server.call('DELETE', `/external-users/${externalId}`)).status).toBe(200);
    await eventually(() => receiver.expect(7));
    const told = receiver.received.map(({ event }) => [event.type, event.data.actor, event.data.identity]);
    const identity = { issuer: TEST.issuer, subject: user.subject };
    const byPerson = { type: 'person' };
    expect(told).toEqual([
      ['passkey.registered', byPerson, identity],
      ['passkey.used', byPerson, identity],
      ['passkey.renamed', byPerson, identity],
      ['passkey.revoked', byPerson, identity],
      ['user.unlinked', null, identity],
      ['user.linked', null, identity],
      ['user.deleted', { type: 'server', key_id: server.key.split('_')[1] }, identity],
    ]);
    for (const { event } of receiver.received)
      expect(event.data.user).toMatchObject({ external_id: externalId });
  });

  it('is told no address, user agent, display name or name of a passkey', async () => {
    await create(AUDIT_EVENT_TYPES);
    const user = new TestUser(app);
    const { device } = await registerPasskey(user);
    await user.rename(device.id, 'Kitchen drawer');
    await eventually(() => receiver.expect(2));
    const told = receiver.received.map(({ body }) => body).join();
    const [trail] = await sql<{ address: string; agent: string | null }>(
      app,
      'select address, user_agent as agent from audit_events where address is not null limit 1',
    );
    for (const text of [trail!.address, device.friendlyName, 'Kitchen drawer'])
      expect(told).not.toContain(text);
    expect(Object.keys(receiver.received[0]!.event.data).sort()).toEqual(
      ['actor', 'app_id', 'id', 'identity', 'passkey', 'reason', 'user'].sort(),
    );
  });

  it('is told of the types alone that it asks for, and of its own app alone', async () => {
    const tenant = await Tenant.create(app);
    await create(['passkey.revoked'], tenant.id);
    await registerPasskey(new TestUser(app));
    const { authenticator } = await tenant.register('ada');
    await tenant.signIn(authenticator);
    const [row] = await sql<{ id: string }>(app, 'select id from devices where app_id = $1', tenant.id);
    await tenant.revoke('ada', row!.id);
    await eventually(() => receiver.expect(1));
    expect(receiver.types).toEqual(['passkey.revoked']);
    expect(await waiting()).toBe(0);
  });

  it('is told no identity for an app other than that of the user’s API, though an external ID is the same', async () => {
    const user = new TestUser(app);
    await registerPasskey(user);
    const externalId = await externalIdOf(user);
    const tenant = await Tenant.create(app);
    await create(['passkey.registered'], tenant.id);
    await tenant.register(externalId);
    const [{ event }] = (await eventually(() => receiver.expect(1))) as [(typeof receiver.received)[0]];
    expect(event.data).toMatchObject({ user: { external_id: externalId }, identity: null });
  });

  it('is told that a passkey of an automatic upgrade is automatic', async () => {
    const server = await AppServer.create(app, { conditional_create: 'on' });
    await create(['passkey.registered', 'passkey.used'], server.tenant.id);
    const { transaction_id: transaction } = (await server.conditionalTransaction('ada')).expect<{
      transaction_id: string;
    }>(201);
    const browser = server.tenant.browser();
    const begun = await browser.beginRegistration(transaction);
    const authenticator = new SoftwareAuthenticator({});
    (await browser.finish('register', begun.answer(authenticator))).expect();
    await server.tenant.signIn(authenticator);
    await eventually(() => receiver.expect(2));
    expect(
      receiver.received.map(({ event }) => (event.data.passkey as { automatic: boolean }).automatic),
    ).toEqual([true, false]);
  });

  it('is told of imported passkeys, and who they are tied to', async () => {
    await create(['passkey.imported', 'user.linked']);
    const row = { ...aForeignPasskey('imported-ada').row, issuer: TEST.issuer, subject: 'imported-subject' };
    await importRows(app, [row, aForeignPasskey('imported-bob').row], { issuer: TEST.issuer } as never);
    await eventually(() => receiver.expect(2));
    const told = receiver.received.map(({ event }) => [
      event.type,
      (event.data.user as { external_id?: string } | null)?.external_id,
    ]);
    expect(told).toEqual(expect.arrayContaining([['passkey.imported', 'imported-bob']]));
  });
});

async function externalIdOf(user: TestUser): Promise<string> {
  const [row] = await sql<{ id: string }>(
    app,
    'select passage_external_id as id from users where subject = $1',
    user.subject,
  );
  return row!.id;
}

describe('the outbox', () => {
  it('is written with the act, or not at all', async () => {
    await create(['passkey.renamed']);
    const work = app.database.transaction(async (tx) => {
      await of(AuditTrail).record({ type: 'passkey.renamed', appId: TEST.appId, deviceId: 'a' }, tx);
      throw new Error('The act fails.');
    });
    await expect(work).rejects.toThrow('The act fails.');
    await pause(100);
    expect(await waiting()).toBe(0);
    expect(receiver.received).toEqual([]);
  });

  it('takes no statement more, with a webhook or without', async () => {
    const user = new TestUser(app);
    const passkey = await registerPasskey(user);
    const without = await statementsOf(app, () => signIn(passkey));
    // That this process delivers at once is its own affair.
    receiver.answer = () => undefined;
    const { id } = await create(['passkey.registered']);
    const others = await statementsOf(app, () => signIn(passkey));
    expect(others).toBe(without);
    await webhooks().disable({ appId: TEST.appId, id, keyId: null });
    expect(await waiting()).toBe(0);
  });

  it('does not hold what a disabled webhook would have been told', async () => {
    const webhook = await create(['passkey.registered']);
    await webhooks().disable(keyOf(webhook));
    await registerPasskey(new TestUser(app));
    expect(await count(app, 'webhook_deliveries')).toBe(0);
    await webhooks().enable(keyOf(webhook));
    await registerPasskey(new TestUser(app));
    await eventually(() => receiver.expect(1));
  });

  it('wakes the delivery at once, which does not end with the request that woke it', async () => {
    const { id } = await create(['passkey.registered']);
    const waits = () => app.logLines.filter((line) => line.includes('Webhooks wait')).length;
    const before = waits();
    const signal = AbortSignal.abort(new Error('The request is given up.'));
    for (let event = 0; event < 5; event++) {
      await sql(
        app,
        `insert into webhook_deliveries (app_id, webhook_id, event_id, type) values ($1, $2, $3, 'user.deleted')`,
        TEST.appId,
        id,
        `event-${event}`,
      );
      onBehalfOf({ user: 'somebody', signal }, () => of(Outbox).announce(1, app.database));
    }
    await eventually(() => receiver.expect(5));
    expect(waits()).toBe(before);
  });

  it('logs a bug with its stack, and goes on with what is queued later', async () => {
    await create(['passkey.registered']);
    // Nest has one log for all applications of a process.
    const logged = jest.spyOn(Logger.prototype, 'error');
    const bug = jest.spyOn(of(WebhookAttempts), 'attempt').mockRejectedValueOnce(new TypeError('a bug'));
    await registerPasskey(new TestUser(app));
    await eventually(() =>
      expect(logged.mock.calls).toEqual([
        ['Webhooks wait: unexpected error', expect.stringMatching(/^TypeError: a bug\n +at /)],
      ]),
    );
    await registerPasskey(new TestUser(app));
    await eventually(() => receiver.expect(1));
    bug.mockRestore();
    logged.mockRestore();
  });

  it('is told of no registration that was not stored', async () => {
    const tenant = await Tenant.create(app);
    await create(['passkey.registered'], tenant.id);
    const credentialId = randomBytes(32);
    await tenant.register('ada', { credentialId });
    await expect(tenant.register('bob', { credentialId })).rejects.toThrow();
    expect(await count(app, 'webhook_deliveries where app_id = $1', tenant.id)).toBe(1);
  });

  it('names nobody where an erasure could miss the event', async () => {
    await create(['passkey.refused']);
    const user = new TestUser(app);
    await registerPasskey(user);
    const userId = await flexUserIdOf(app, user.subject);
    await of(AuditTrail).record({ type: 'passkey.refused', appId: TEST.appId, userId, isAnonymous: true });
    const [delivery] = await eventually(() => receiver.expect(1));
    expect(delivery!.event.data).toMatchObject({
      user: { id: userId, external_id: null },
      identity: null,
      actor: null,
    });
  });

  it('is emptied of a user who is erased, but for that they are', async () => {
    receiver.answer = (response) => response.writeHead(500).end();
    const webhook = await create(AUDIT_EVENT_TYPES);
    const [ada, bob] = [new TestUser(app), new TestUser(app)];
    const passkey = await registerPasskey(ada);
    await signIn(passkey);
    await registerPasskey(bob);
    const [adaId, bobId] = [await flexUserIdOf(app, ada.subject), await flexUserIdOf(app, bob.subject)];
    await sql(
      app,
      `update webhook_deliveries set dead_at = now(), next_attempt_at = null where type = 'passkey.used'`,
    );
    await of(UsersService).erase(TEST.appId, { id: adaId });
    const left = await sql<{ type: string; userId: string }>(
      app,
      `select type, user_id as "userId" from webhook_deliveries where webhook_id = $1 order by seq`,
      webhook.id,
    );
    expect(left).toEqual([
      { type: 'passkey.registered', userId: bobId },
      { type: 'user.deleted', userId: adaId },
    ]);
  });

  it('keeps that a user was erased when the next one of the same external ID is erased as well', async () => {
    receiver.answer = (response) => response.writeHead(500).end();
    const tenant = await Tenant.create(app);
    await webhooks().create(tenant.id, { url: receiver.url, events: ['user.deleted'] }, null);
    const erased: unknown[] = [];
    for (let time = 0; time < 2; time += 1) {
      await tenant.register('ada');
      const [user] = await sql<{ id: string }>(app, 'select id from flex_users where app_id = $1', tenant.id);
      await of(UsersService).erase(tenant.id, { externalId: 'ada' });
      erased.push({ type: 'user.deleted', user_id: user!.id });
    }
    const queued = 'select type, user_id from webhook_deliveries where app_id = $1 order by seq';
    expect(await sql(app, queued, tenant.id)).toEqual(erased);
  });

  it('is emptied of a person who erases themself before they have a passkey', async () => {
    receiver.answer = (response) => response.writeHead(500).end();
    await create(AUDIT_EVENT_TYPES);
    const person = new TestUser(app);
    const externalId = `customer of ${person.subject}`;
    const identity = { issuer: TEST.issuer, subject: person.subject };
    await of(IdentitiesService).link(TEST.appId, externalId, identity);
    const queued = () => sql(app, 'select type, external_id, subject from webhook_deliveries');
    expect(await queued()).toEqual([
      { type: 'user.linked', external_id: externalId, subject: person.subject },
    ]);
    (await person.call('DELETE', '/user')).expect();
    expect(await queued()).toEqual([{ type: 'user.deleted', external_id: null, subject: null }]);
  });
});

describe('the delivery', () => {
  it('keeps the order of a user’s events, while a receiver fails, is late and hangs', async () => {
    const webhook = await create([
      'passkey.registered',
      'passkey.used',
      'passkey.renamed',
      'passkey.revoked',
    ]);
    const failed = new Set<string>();
    receiver.answer = (response, { event }) => {
      if (failed.has(event.data.id)) return void response.writeHead(204).end();
      failed.add(event.data.id);
      if (event.type === 'passkey.used') return void setTimeout(() => response.writeHead(503).end(), 200);
      response.writeHead(500).end();
    };
    const users = [new TestUser(app), new TestUser(app), new TestUser(app)];
    await Promise.all(
      users.map(async (user) => {
        const passkey = await registerPasskey(user);
        await signIn(passkey);
        await user.rename(passkey.device.id, 'Another name');
        await user.revoke(passkey.device.id);
      }),
    );
    const hurrying = setInterval(() => void hurry(), 100);
    try {
      await delivered(12);
    } finally {
      clearInterval(hurrying);
    }
    for (const user of users) {
      const id = await flexUserIdOf(app, user.subject);
      const told = receiver.received.filter(({ event }) => event.data.user?.id === id);
      expect(told.map(({ event }) => event.type)).toEqual(
        ['registered', 'used', 'renamed', 'revoked'].flatMap((it) => [`passkey.${it}`, `passkey.${it}`]),
      );
    }
    expect(await webhooks().get(keyOf(webhook))).toMatchObject({ waiting: 0, dead: 0 });
  });

  it('goes on soon with an event that was queued at the moment when the one before it was delivered', async () => {
    const { id } = await create(['passkey.used']);
    const queue = (event: string, due: string) =>
      sql(
        app,
        `insert into webhook_deliveries (app_id, webhook_id, event_id, type, user_id, attempts, next_attempt_at)
         values ($1, $2, $3, 'passkey.used', 'ada', 1, now() + $4::interval)`,
        TEST.appId,
        id,
        event,
        due,
      );
    await queue('first', '28 seconds');
    await queue('second', '0');
    await eventually(async () =>
      expect(await count(app, 'webhook_deliveries where next_attempt_at > now()')).toBe(2),
    );
    // By a statement that began before the second was there, and could not let it go.
    const end =
      'update webhook_deliveries set delivered_at = now(), next_attempt_at = null where event_id = $1';
    await sql(app, end, 'first');
    await eventually(() => receiver.expect(1));
    expect(receiver.received[0]!.event.data.id).toBe('second');
  });

  it('sends the same body and id again, dated and signed anew', async () => {
    const { secret } = await create(['passkey.registered']);
    receiver.answer = (response) => response.writeHead(receiver.received.length > 1 ? 200 : 500).end();
    await registerPasskey(new TestUser(app));
    await eventually(() => receiver.expect(1));
    await pause(1_100);
    await hurry();
    const [one, two] = await eventually(() => receiver.expect(2));
    expect(two!.body).toBe(one!.body);
    expect(two!.headers['webhook-id']).toBe(one!.headers['webhook-id']);
    expect(two!.headers['webhook-timestamp']).not.toBe(one!.headers['webhook-timestamp']);
    for (const { body, headers } of [one!, two!])
      expect(new Webhook(secret).verify(body, headers)).toBeDefined();
  });

  it('does not let a receiver that hangs keep another one waiting', async () => {
    const slow = await new WebhookReceiver().start();
    slow.answer = () => undefined;
    try {
      await create(['passkey.registered'], TEST.appId, slow.url);
      await Promise.all(Array.from({ length: 12 }, () => registerPasskey(new TestUser(app))));
      await create(['passkey.registered']);
      const begun = Date.now();
      await registerPasskey(new TestUser(app));
      await eventually(() => receiver.expect(1));
      expect(Date.now() - begun).toBeLessThan(5_000);
      expect(slow.received.length).toBeLessThan(12);
    } finally {
      await slow.close();
    }
  });

  it('does not follow a redirect, and keeps of a failure its status and class alone', async () => {
    receiver.answer = (response) =>
      response.writeHead(302, { location: `${receiver.url}/elsewhere` }).end('<secret>');
    await create(['passkey.registered']);
    await registerPasskey(new TestUser(app));
    await eventually(async () =>
      expect(await sql(app, 'select attempts, last_status, last_problem from webhook_deliveries')).toEqual([
        { attempts: 1, last_status: 302, last_problem: 'redirected' },
      ]),
    );
    expect(receiver.received).toHaveLength(1);
    expect(app.logLines.join()).not.toContain('<secret>');
  });

  it('ends with a receiver that answers 410, and goes on once the webhook is enabled', async () => {
    receiver.answer = (response) => response.writeHead(410).end();
    const webhook = await create(['passkey.registered']);
    await registerPasskey(new TestUser(app));
    await eventually(async () =>
      expect(await webhooks().get(keyOf(webhook))).toMatchObject({ disabledFor: 'gone', waiting: 1 }),
    );
    receiver.answer = (response) => response.writeHead(200).end();
    await hurry();
    await pause(2_500);
    expect(receiver.received).toHaveLength(1);
    await webhooks().enable(keyOf(webhook));
    await eventually(() => receiver.expect(2));
  });

  it('gives up after ten attempts, lets the next event go, and replays what is dead', async () => {
    const webhook = await create(['passkey.registered', 'passkey.used']);
    receiver.answer = (response, { event }) =>
      response.writeHead(event.type === 'passkey.used' ? 200 : 400).end();
    const passkey = await registerPasskey(new TestUser(app));
    await signIn(passkey);
    await eventually(() => receiver.expect(1));
    await eventually(async () =>
      expect(await count(app, `webhook_deliveries where last_problem = 'status'`)).toBe(1),
    );
    await sql(
      app,
      `update webhook_deliveries set attempts = 8, next_attempt_at = now() where type = 'passkey.registered'`,
    );
    await eventually(() => receiver.expect(2));
    await pause(200);
    expect(receiver.types).toEqual(Array<string>(2).fill('passkey.registered'));
    await hurry();
    await delivered(1);
    expect(receiver.types).toEqual([...Array<string>(3).fill('passkey.registered'), 'passkey.used']);
    const [dead, ...others] = await webhooks().listDead(keyOf(webhook));
    expect(others).toEqual([]);
    expect(dead).toMatchObject({ type: 'passkey.registered', lastStatus: 400, lastProblem: 'status' });
    receiver.answer = (response) => response.writeHead(200).end();
    expect(await webhooks().replay(keyOf(webhook), 'another-event')).toBe(0);
    expect(await webhooks().replay(keyOf(webhook), null)).toBe(1);
    await delivered(2);
    expect(receiver.received.at(-1)!.event.data.id).toBe(dead!.eventId);
    expect(await webhooks().listDead(keyOf(webhook))).toEqual([]);
  });

  it('is shared by two replicas, without an event being delivered twice', async () => {
    const other = await buildAppOn(app.configuration.database, {
      ...withLoopbackWebhooks(),
      passage: app.configuration.passage,
    });
    try {
      await create(['passkey.registered', 'passkey.used']);
      receiver.answer = (response) => void setTimeout(() => response.writeHead(200).end(), 20);
      const users = Array.from({ length: 20 }, (_, index) => new TestUser(index % 2 ? app : other));
      await Promise.all(users.map(async (user) => signIn(await registerPasskey(user))));
      await delivered(40);
      expect(receiver.received).toHaveLength(40);
      expect(new Set(receiver.received.map(({ event }) => event.data.id)).size).toBe(40);
    } finally {
      await other.close();
    }
  });

  it('is made by another replica, where the one that claimed it is gone', async () => {
    await create(['passkey.registered']);
    receiver.answer = () => undefined;
    await registerPasskey(new TestUser(app));
    await eventually(() => receiver.expect(1));
    receiver.answer = (response) => response.writeHead(200).end();
    const [claimed] = await sql<{ seconds: number }>(
      app,
      `select extract(epoch from next_attempt_at - now())::float8 as seconds from webhook_deliveries`,
    );
    expect(claimed!.seconds).toBeGreaterThan(20);
    await expireClaims();
    await eventually(() => receiver.expect(2));
    await delivered(1);
    const [row] = await sql<{ attempts: number }>(app, 'select attempts from webhook_deliveries');
    expect(row!.attempts).toBe(2);
  });

  it('is not ended by the late answer to an attempt that another process has repeated', async () => {
    receiver.answer = () => undefined;
    const { id } = await create(['passkey.registered']);
    await registerPasskey(new TestUser(app));
    await eventually(() => receiver.expect(1));
    await expireClaims();
    await eventually(() => receiver.expect(2));
    const [{ seq }] = (await sql<{ seq: number }>(app, 'select seq from webhook_deliveries')) as [
      { seq: number },
    ];
    const outcome = { status: 400, problem: 'status' } as const;
    const late = { appId: TEST.appId, id, seq, attempts: 1 } as Delivery;
    await of(WebhookDeliveryRepository).settle(late, 'dead', outcome);
    await of(WebhookDeliveryRepository).retry(late, 5, outcome);
    await of(WebhookDeliveryRepository).release(late);
    expect(await sql(app, 'select attempts, last_problem, dead_at from webhook_deliveries')).toEqual([
      { attempts: 2, last_problem: null, dead_at: null },
    ]);
  });

  it('gives back what it is at when the service stops, for another replica to do at once', async () => {
    const stopping = await buildAppOn(app.configuration.database, {
      ...withLoopbackWebhooks(),
      passage: app.configuration.passage,
    });
    // Whoever delivers it first hangs until it stops; only the other replica may.
    const server = await AppServer.create(app);
    await create(['passkey.registered'], server.tenant.id);
    receiver.answer = () => undefined;
    await server.tenant.on(stopping).register('ada');
    await eventually(() => receiver.expect(1));
    receiver.answer = (response) => response.writeHead(200).end();
    await stopping.close();
    await eventually(() => receiver.expect(2));
    await delivered(1);
    const [row] = await sql<{ attempts: number }>(app, 'select attempts from webhook_deliveries');
    expect(row!.attempts).toBe(1);
  });
});

describe('the purge', () => {
  it('deletes what was delivered a day ago and what died a month ago, and nothing younger', async () => {
    receiver.answer = (response) => response.writeHead(500).end();
    await create(['passkey.registered']);
    for (let i = 0; i < 4; i++) await registerPasskey(new TestUser(app));
    await eventually(() => receiver.expect(4));
    const age = (n: number, set: string) =>
      sql(
        app,
        `update webhook_deliveries set next_attempt_at = null, ${set}
         where seq = (select seq from webhook_deliveries order by seq offset ${n} limit 1)`,
      );
    await age(0, `delivered_at = now() - interval '25 hours'`);
    await age(1, `delivered_at = now() - interval '23 hours'`);
    await age(2, `dead_at = now() - interval '31 days'`);
    await age(3, `dead_at = now() - interval '29 days'`);
    expect(await of(PurgeService).purge()).toMatchObject({ deliveries: 2 });
    expect(await count(app, 'webhook_deliveries')).toBe(2);
  });

  it('deletes what waits for a webhook that has been disabled for a month', async () => {
    receiver.answer = (response) => response.writeHead(500).end();
    const webhook = await create(['passkey.registered']);
    await registerPasskey(new TestUser(app));
    await webhooks().disable(keyOf(webhook));
    await sql(app, `update webhooks set disabled_at = now() - interval '29 days'`);
    expect(await of(PurgeService).purge()).toMatchObject({ deliveries: 0 });
    await sql(app, `update webhooks set disabled_at = now() - interval '31 days'`);
    expect(await of(PurgeService).purge()).toMatchObject({ deliveries: 1 });
  });
});
