import { AppServer } from '../support/app-server.js';
import { Browser } from '../support/browser.js';
import { buildApp, TEST, type TestApp } from '../support/build-app.js';
import { registerPasskey, signIn, stepUp } from '../support/flows.js';
import { untilWaiting, whileHolding } from '../support/held-lock.js';
import { send } from '../support/http-answer.js';
import { contents, count, flexUserIdOf, sql, statementsOf, UNKNOWN_ID } from '../support/tables.js';
import { TestUser } from '../support/test-user.js';

interface EventJson {
  readonly id: string;
  readonly type: string;
  readonly createdAt: string;
  readonly deviceId: string | null;
  readonly deviceName: string | null;
  readonly actor: string;
  readonly browser: string | null;
  readonly userAgent: string | null;
  readonly address: string | null;
  readonly reason: string | null;
}

interface HistoryJson {
  readonly events: readonly EventJson[];
  readonly next: string | null;
}

const CHROME = 'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/126.0.0.0 Safari/537.36';
const ISO = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;

const ask = (user: TestUser, query = '') => user.call('GET', `/user/passkey-events${query}`);
const history = async (user: TestUser, query = ''): Promise<HistoryJson> =>
  (await ask(user, query)).expect<HistoryJson>();
const typesOf = ({ events }: HistoryJson) => events.map(({ type }) => type);

/** Every event, a page at a time. */
async function allOf(user: TestUser, limit: number): Promise<EventJson[]> {
  const events: EventJson[] = [];
  for (let query = `?limit=${limit}`; ;) {
    const page = await history(user, query);
    expect(page.events.length).toBeLessThanOrEqual(limit);
    events.push(...page.events);
    if (page.next === null) return events;
    query = `?limit=${limit}&cursor=${page.next}`;
  }
}

describe('one’s own history', () => {
  let app: TestApp;
  let server: AppServer;
  beforeAll(async () => {
    app = await buildApp();
    server = await AppServer.own(app);
  });
  afterAll(() => app?.close());

  const aUser = () => new TestUser(app);

  it('tells what happened, newest first, with the passkey, browser and address of the person who did it', async () => {
    const user = aUser();
    const browser = new Browser(app, { userAgent: CHROME });
    const passkey = await registerPasskey(user, { browser });
    await signIn(passkey);
    const { id } = passkey.device;
    const headers = { authorization: `Bearer ${await user.token()}`, 'user-agent': 'curl/8.0' };
    const from = { url: `/user/devices/${id}`, headers, remoteAddress: '192.0.2.7' };
    await send(app, { method: 'PATCH', ...from, payload: { friendlyName: 'Blue key' } });
    const event = { id: expect.any(String) as string, createdAt: expect.stringMatching(ISO) as string };
    const own = { ...event, deviceId: id, deviceName: 'Blue key', actor: 'person', reason: null };
    const byBrowser = { browser: 'Chrome on Windows', userAgent: CHROME, address: browser.address };
    expect(await history(user)).toStrictEqual({
      events: [
        {
          ...own,
          type: 'passkey.renamed',
          browser: null,
          userAgent: 'curl/8.0',
          address: '192.0.2.7',
        },
        { ...own, type: 'passkey.used', ...byBrowser },
        { ...own, type: 'passkey.registered', ...byBrowser },
      ],
      next: null,
    });
    await user.revoke(id);
    const [revoked, ...others] = (await history(user)).events;
    expect(revoked).toMatchObject({
      type: 'passkey.revoked',
      deviceId: id,
      deviceName: null,
      actor: 'person',
    });
    expect(others.map(({ deviceName }) => deviceName)).toEqual([null, null, null]);
  });

  it('tells why a sign-in was refused, and from where it was tried', async () => {
    const user = aUser();
    const passkey = await registerPasskey(user);
    const leave = (await user.authenticateTransaction()).transactionId;
    const stranger = new Browser(app, { userAgent: CHROME });
    const begun = await stranger.beginSignIn(leave);
    const foreign = begun.answer(passkey.authenticator, { origin: 'https://evil.example' });
    await stranger.finish('authenticate', foreign);
    const [refused] = (await history(user)).events;
    expect(refused).toMatchObject({
      type: 'passkey.refused',
      reason: 'origin_not_allowed',
      actor: 'unknown',
      browser: 'Chrome on Windows',
      address: stranger.address,
    });
  });

  it('tells that a server did something, and neither which key nor from where', async () => {
    const user = aUser();
    const { device } = await registerPasskey(user);
    const { externalId } = await user.list();
    const url = `/external-users/${externalId}/devices/${device.id}`;
    await server.call('PATCH', url, { friendly_name: 'Named by support' });
    const answer = await ask(user);
    const [renamed] = answer.expect<HistoryJson>().events;
    expect(renamed).toMatchObject({ type: 'passkey.renamed', actor: 'server' });
    expect(renamed).toMatchObject({ browser: null, userAgent: null, address: null });
    expect(JSON.stringify(answer.body)).not.toContain(server.key.slice(3, 15));
    const [row] = await sql<{ actor: string; address: string }>(
      app,
      'select actor, address from audit_events where id = $1',
      renamed!.id,
    );
    expect(row).toMatchObject({ actor: `key:${server.key.slice(3, 15)}`, address: expect.any(String) });
  });

  it('tells that the command line did something', async () => {
    const user = aUser();
    await registerPasskey(user);
    const id = await flexUserIdOf(app, user.subject);
    await sql(
      app,
      `insert into audit_events (app_id, id, type, user_id, actor) values ($1, $2, 'passkey.revoked', $3, 'command-line')`,
      TEST.appId,
      UNKNOWN_ID,
      id,
    );
    expect((await history(user)).events[0]).toMatchObject({ type: 'passkey.revoked', actor: 'command_line' });
  });

  it('is empty for a person who never added a passkey, and asks no one', async () => {
    const user = aUser();
    let answer: unknown;
    const statements = await statementsOf(app, async () => (answer = await history(user)));
    expect(answer).toEqual({ events: [], next: null });
    expect(statements).toBe(1);
  });

  it('takes one statement for the tie and one for the events', async () => {
    const user = aUser();
    await registerPasskey(user);
    expect(await statementsOf(app, () => history(user))).toBe(2);
  });

  it('tells nothing of another person, nor of the same external ID in another app', async () => {
    const [one, other] = [aUser(), aUser()];
    const { device } = await registerPasskey(one);
    await registerPasskey(other);
    const elsewhere = await AppServer.create(app);
    await elsewhere.tenant.register((await one.list()).externalId!);
    expect(typesOf(await history(one))).toEqual(['passkey.registered']);
    expect((await history(other, `?device=${device.id}`)).events).toEqual([]);
    // The place of another's event is a place in one's own list.
    const first = await history(one, '?limit=1');
    expect(first.next).toBeNull();
    await stepUp(await registerPasskey(one));
    const { next } = await history(one, '?limit=1');
    const ofOther = await history(other, `?cursor=${next}`);
    expect(ofOther.events.every(({ deviceId }) => deviceId !== device.id)).toBe(true);
  });

  describe('a page', () => {
    let user: TestUser;
    beforeAll(async () => {
      user = aUser();
      const passkey = await registerPasskey(user);
      for (let time = 0; time < 6; time++) await signIn(passkey);
    });

    it.each([1, 2, 3, 6, 7, 100])(
      'of %i events follows on the one before: none is lost or told twice',
      async (limit) => {
        const whole = (await history(user)).events;
        expect(whole).toHaveLength(7);
        expect(await allOf(user, limit)).toEqual(whole);
      },
    );

    it('holds still while new events come', async () => {
      const { events, next } = await history(user, '?limit=3');
      await signIn(await registerPasskey(user));
      const rest = await history(user, `?cursor=${next}`);
      expect([...events, ...rest.events]).toHaveLength(7);
    });

    it('is told apart to the microsecond, and by the id in the same one', async () => {
      const id = await flexUserIdOf(app, user.subject);
      const ids = ['b', 'd', 'a', 'c', 'f', 'e'];
      for (const [place, name] of ids.entries()) {
        await sql(
          app,
          `insert into audit_events (app_id, id, type, user_id, created_at)
             values ($1, $2, 'passkey.backup_changed', $3, timestamptz '2200-01-01 00:00:00.123456Z' + make_interval(secs => $4))`,
          TEST.appId,
          `same-${name}`,
          id,
          place < 3 ? 0 : 0.000001,
        );
      }
      const all = (await allOf(user, 1)).map((event) => event.id);
      expect(all.slice(0, 6)).toEqual(['same-f', 'same-e', 'same-c', 'same-d', 'same-b', 'same-a']);
      await sql(app, `delete from audit_events where id like 'same-%'`);
    });

    it('goes on where the event that ended the one before is purged meanwhile', async () => {
      const whole = (await history(user)).events;
      const { events, next } = await history(user, '?limit=3');
      const last = events[2]!.id;
      const [row] = await sql<{ row: string }>(
        app,
        'delete from audit_events where id = $1 returning to_jsonb(audit_events) as row',
        last,
      );
      expect((await history(user, `?cursor=${next}`)).events).toEqual(whole.slice(3));
      await sql(
        app,
        'insert into audit_events select * from jsonb_populate_record(null::audit_events, $1)',
        row!.row,
      );
    });
  });

  describe('a filter', () => {
    it('lists one type, one passkey, one stretch of time, and each with the others', async () => {
      const user = aUser();
      const [one, other] = [await registerPasskey(user), await registerPasskey(user)];
      await signIn(one);
      await signIn(other);
      const all = (await history(user)).events;
      expect(all).toHaveLength(4);
      const [usedOther, usedOne, registeredOther, registeredOne] = all;
      expect((await history(user, '?type=passkey.used')).events).toEqual([usedOther, usedOne]);
      const device = `device=${one.device.id}`;
      expect((await history(user, `?${device}`)).events).toEqual([usedOne, registeredOne]);
      expect((await history(user, `?${device}&type=passkey.used`)).events).toEqual([usedOne]);
      expect((await history(user, `?until=${usedOne!.createdAt}`)).events).toEqual([
        registeredOther,
        registeredOne,
      ]);
      expect((await history(user, `?since=${usedOne!.createdAt}`)).events).toEqual([usedOther, usedOne]);
      const between = `since=${registeredOther!.createdAt}&until=${usedOne!.createdAt}`;
      expect((await history(user, `?${between}`)).events).toEqual([registeredOther]);
      expect((await history(user, `?${between}&type=passkey.used`)).events).toEqual([]);
      const { next } = await history(user, '?type=passkey.used&limit=1');
      expect((await history(user, `?type=passkey.used&cursor=${next}`)).events).toEqual([usedOne]);
    });

    it.each([
      'type=lost',
      'type=',
      'type=passkey.used&type=passkey.refused',
      'type[]=passkey.used',
      'device=',
      'device=a%20b',
      'device=..',
      `device=${'x'.repeat(65)}`,
      'since=yesterday',
      'since=2026-11-27',
      'since=2026-13-01T00:00:00Z',
      'since=0000-12-31T23:59:59Z',
      'until=9999-12-31T23:59:59-00:01',
      'until=',
      'until=1795373037',
      'limit=0',
      'limit=101',
      'limit=1e1',
      'limit=-1',
      'limit=',
      'cursor=',
      'cursor=x',
      'cursor=%00',
      `cursor=${Buffer.from('1.a b').toString('base64url')}`,
      `cursor=${Buffer.from('9007199254740993.a').toString('base64url')}`,
      `cursor=${Buffer.from("1.a' or 1").toString('base64url')}`,
      `cursor=${'A'.repeat(300)}`,
      'user=somebody',
      'externalId=somebody',
      'actor=person',
    ])('that is malformed or unknown (%s) is refused, and lists nothing', async (query) => {
      const user = aUser();
      await registerPasskey(user);
      const before = await contents(app);
      const answer = await ask(user, `?${query}`);
      expect(answer.status).toBe(400);
      expect(answer.headers['content-type']).toMatch('application/problem+json');
      expect(answer.as<object>()).toMatchObject({ code: 'invalid_request', detail: expect.any(String) });
      expect(await contents(app)).toEqual(before);
    });

    it('needs a token', async () => {
      const answer = await send(app, { method: 'GET', url: '/user/passkey-events' });
      expect(answer.status).toBe(401);
    });
  });

  describe('of an external ID that another person had before', () => {
    it('begins at the present tie', async () => {
      const [before, now] = [aUser(), aUser()];
      const { device, authenticator, browser } = await registerPasskey(before);
      const { externalId } = await before.list();
      await before.rename(device.id, 'Of the one before');
      expect((await server.call('DELETE', `/external-users/${externalId}/identity`)).status).toBe(200);
      (await server.call('PUT', `/external-users/${externalId}/identity`, { subject: now.subject })).expect();
      expect((await history(now)).events).toEqual([]);
      expect((await history(before)).events).toEqual([]);
      expect((await history(now, '?since=2000-01-01T00:00:00Z')).events).toEqual([]);
      const begun = await browser.beginSignIn();
      (await browser.finish('authenticate', begun.answer(authenticator))).expect();
      expect(typesOf(await history(now))).toEqual(['passkey.used']);
      // Cursors from before lead nowhere else.
      const early = Buffer.from(`${Date.now() * 1000}.zzz`).toString('base64url');
      expect(typesOf(await history(now, `?cursor=${early}`))).toEqual(['passkey.used']);
    });

    it('leaves out what was in the same millisecond, but before the tie', async () => {
      const user = aUser();
      const { device } = await registerPasskey(user);
      await user.rename(device.id, 'Mine');
      const userId = await flexUserIdOf(app, user.subject);
      const at = (type: string, time: string) =>
        sql(
          app,
          'update audit_events set created_at = $3 where user_id = $1 and type = $2',
          userId,
          type,
          time,
        );
      const tied = '2026-11-27T09:00:00.123456Z';
      await sql(app, 'update users set created_at = $2 where subject = $1', user.subject, tied);
      await at('passkey.registered', '2026-11-27T09:00:00.123455Z');
      await at('passkey.renamed', '2026-11-27T09:00:00.124Z');
      expect(typesOf(await history(user))).toEqual(['passkey.renamed']);
    });

    it('begins after what the other did while the new tie waited', async () => {
      const [before, now] = [aUser(), aUser()];
      const { device } = await registerPasskey(before);
      const { externalId } = await before.list();
      const userId = await flexUserIdOf(app, before.subject);
      const path = `/external-users/${externalId}/identity`;
      await sql(
        app,
        `insert into users (id, issuer, subject, username) values ($1, $2, $3, 'untied')`,
        now.subject,
        TEST.issuer,
        now.subject,
      );
      const untied = ['select from users where subject = $1 for update', now.subject] as const;
      const linked = await whileHolding(app, [...untied], async () => {
        const linking = server.call('PUT', path, { subject: now.subject });
        await untilWaiting(app, 'users.delete-untied');
        (await before.rename(device.id, 'Late')).expect();
        expect((await server.call('DELETE', path)).status).toBe(200);
        return { linking };
      });
      expect((await linked.linking).status).toBe(200);
      expect(await count(app, `audit_events where user_id = $1 and type = 'passkey.renamed'`, userId)).toBe(
        1,
      );
      expect((await history(now)).events).toEqual([]);
    });
  });

  it('leaves nothing that tells whose a revoked passkey was, once the person is erased', async () => {
    const user = aUser();
    const [one] = [await registerPasskey(user), await registerPasskey(user)];
    await user.revoke(one.device.id);
    const userId = await flexUserIdOf(app, user.subject);
    const { externalId } = await user.list();
    expect(await count(app, 'tombstones where user_id = $1', userId)).toBe(1);
    await server.call('DELETE', `/external-users/${externalId}`);
    expect(await count(app, 'tombstones where user_id = $1', userId)).toBe(0);
    const hash = Buffer.from(one.device.credId, 'base64url');
    expect(await count(app, 'tombstones where credential_hash = sha256($1)', hash)).toBe(1);
  });

  it('names nobody once the person is erased, and a new account begins anew', async () => {
    const user = aUser();
    await registerPasskey(user);
    const { externalId } = await user.list();
    const erased = await flexUserIdOf(app, user.subject);
    expect((await server.call('DELETE', `/external-users/${externalId}`)).status).toBe(200);
    expect(await history(user)).toEqual({ events: [], next: null });
    const later = user.on(app, { iat: Math.floor(Date.now() / 1000) + 2 });
    await registerPasskey(later);
    expect(typesOf(await history(later))).toEqual(['passkey.registered']);
    const personal = `audit_events where user_id = $1 and type <> 'user.deleted'
      and coalesce(actor, address, user_agent, request_id) is not null`;
    expect(await count(app, personal, erased)).toBe(0);
  });
});
