import { AppServer } from '../support/app-server.js';
import { Browser } from '../support/browser.js';
import { buildApp, TEST, type TestApp } from '../support/build-app.js';
import { flexError } from '../support/flex-error.js';
import { registerPasskey } from '../support/flows.js';
import { sql, statementsOf, UNKNOWN_ID } from '../support/tables.js';
import { TestUser } from '../support/test-user.js';

interface EventJson {
  readonly id: string;
  readonly type: string;
  readonly created_at: string;
  readonly user_id: string;
  readonly external_id: string | null;
  readonly device_id: string;
  readonly actor: string;
  readonly address: string | null;
}

interface EventsJson {
  readonly events: readonly EventJson[];
  readonly next: string | null;
}

interface StatsJson {
  readonly sign_ins: readonly { day: string; sign_ins: number }[];
}

const ANY = expect.any(String) as string;

describe('GET /events', () => {
  let app: TestApp;
  let server: AppServer;
  beforeAll(async () => {
    app = await buildApp();
    server = await AppServer.create(app);
  });
  afterAll(() => app?.close());

  const list = async (query = '', by = server) =>
    (await by.call('GET', `/events${query}`)).expect<EventsJson>();
  const signIn = (authenticator: Parameters<typeof server.tenant.signIn>[0]) =>
    server.tenant.signIn(authenticator);

  it('tells who did what from where, with every member, and names a person, a server and the command line', async () => {
    const user = new TestUser(app);
    const own = await AppServer.own(app);
    const { device, browser } = await registerPasskey(user);
    const { externalId } = await user.list();
    await user.rename(device.id, 'Mine');
    await own.call('PATCH', `/external-users/${externalId}/devices/${device.id}`, { friendly_name: 'Ours' });
    const query = `?external_id=${externalId}`;
    const all = await list(query, own);
    const userId = all.events[0]!.user_id;
    const insert = `insert into audit_events (app_id, id, type, user_id, actor, reason, created_at)
      values ($1, $2, $3, $4, $5, 'why', now() + interval '1 second')`;
    await sql(app, insert, TEST.appId, UNKNOWN_ID, 'passkey.imported', userId, 'command-line');
    const common = {
      id: ANY,
      created_at: ANY,
      user_id: userId,
      external_id: externalId,
      device_id: device.id,
      device_name: 'Ours',
      address: ANY,
      user_agent: ANY,
      user_agent_display: null,
      reason: null,
      request_id: ANY,
    };
    expect((await list(query, own)).events).toStrictEqual([
      {
        ...common,
        type: 'passkey.imported',
        actor: 'command_line',
        actor_id: null,
        device_id: null,
        device_name: null,
        address: null,
        user_agent: null,
        reason: 'why',
        request_id: null,
      },
      { ...common, type: 'passkey.renamed', actor: 'server', actor_id: own.key.slice(3, 15) },
      { ...common, type: 'passkey.renamed', actor: 'person', actor_id: user.subject },
      {
        ...common,
        type: 'passkey.registered',
        actor: 'person',
        actor_id: null,
        address: browser.address,
        user_agent: 'Keyway tests',
      },
    ]);
  });

  it('names the browser in words, and why a sign-in was refused', async () => {
    const { authenticator } = await server.tenant.register('eve');
    const userAgent = 'Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) Version/18.0 Safari/604.1';
    const { id: appId, origin } = server.tenant;
    const browser = new Browser(app, { appId, origin, userAgent });
    const begun = await browser.beginSignIn(await server.authenticateTransaction('eve'));
    await browser.finish('authenticate', begun.answer(authenticator, { origin: 'https://evil.example' }));
    expect((await list('?type=passkey.refused')).events).toMatchObject([
      {
        reason: 'origin_not_allowed',
        actor: 'unknown',
        external_id: 'eve',
        user_agent_display: 'Safari on iPhone',
        address: browser.address,
      },
    ]);
  });

  it('pages through the newest first, by user, passkey, type and time', async () => {
    const { authenticator } = await server.tenant.register('ada');
    await server.tenant.register('bob');
    for (let time = 0; time < 4; time++) await signIn(authenticator);
    const ofAda = (await list('?external_id=ada')).events;
    expect(ofAda.map(({ type }) => type)).toEqual([
      ...Array<string>(4).fill('passkey.used'),
      'passkey.registered',
    ]);
    const { user_id: userId, device_id: deviceId, created_at: begin } = ofAda.at(-1)!;
    expect((await list(`?user_id=${userId}`)).events).toEqual(ofAda);
    expect((await list(`?device_id=${deviceId}`)).events).toEqual(ofAda);
    expect((await list(`?device_id=${deviceId}&type=passkey.registered`)).events).toEqual(ofAda.slice(4));
    expect((await list(`?user_id=${userId}&until=${ofAda[0]!.created_at}`)).events).toEqual(ofAda.slice(1));
    const later = (await list(`?since=${begin}&limit=500`)).events;
    expect(later.map(({ external_id: name }) => name)).toEqual(['ada', 'ada', 'ada', 'ada', 'bob', 'ada']);
    for (const filter of ['', `user_id=${userId}&`, 'type=passkey.used&', `device_id=${deviceId}&`]) {
      const whole = await list(`?${filter}`);
      const paged: EventJson[] = [];
      for (let cursor = ''; ;) {
        const page = await list(`?${filter}limit=2${cursor}`);
        paged.push(...page.events);
        if (page.next === null) break;
        cursor = `&cursor=${page.next}`;
      }
      expect(paged).toEqual(whole.events);
    }
    expect(await list('?external_id=nobody')).toEqual({ events: [], next: null });
  });

  it('takes one statement', async () => {
    // And one that finds the key.
    expect(await statementsOf(app, () => list('?external_id=ada&type=passkey.used'))).toBe(2);
  });

  it('tells nothing of another app, nor of who an erased user was', async () => {
    const other = await AppServer.create(app);
    await other.tenant.register('ada');
    const [{ user_id: userId, device_id: deviceId }] = (await list('', other)).events as [EventJson];
    for (const query of [`?user_id=${userId}`, `?device_id=${deviceId}`]) {
      expect((await list(query)).events).toEqual([]);
    }
    await other.call('DELETE', '/external-users/ada');
    const [deleted, registered] = (await list(`?user_id=${userId}`, other)).events;
    expect(deleted).toMatchObject({ type: 'user.deleted', actor: 'server', external_id: null });
    expect(registered).toMatchObject({ type: 'passkey.registered', device_name: null, external_id: null });
    const nobody = { actor_id: null, address: null, user_agent: null, request_id: null };
    expect(registered).toMatchObject(nobody);
    expect((await list('?external_id=ada', other)).events).toEqual([]);
  });

  it.each([
    'type=lost',
    'type=',
    'type[]=passkey.used',
    'type=passkey.used&type=passkey.used',
    'user_id=',
    'user_id=a%20b',
    'external_id=',
    'external_id=..',
    'external_id=a%00b',
    'user_id=a&external_id=b',
    'device_id=',
    'since=1795373037',
    'until=x',
    'limit=0',
    'limit=501',
    'limit=ten',
    'cursor=',
    'cursor=x',
    'cursor=MS4',
    'cursor=a&cursor=b',
    'identifier=ada',
    'page=2',
  ])('refuses a filter that is malformed or unknown: %s', async (query) => {
    const answer = await server.call('GET', `/events?${query}`);
    expect(flexError(answer)).toBe('400 invalid_request');
  });

  it('needs a key of the app', async () => {
    for (const path of ['/events', '/stats']) {
      expect(flexError(await server.withText('').call('GET', path))).toBe('401 invalid_access_token');
      const other = await AppServer.create(app);
      const url = `/v1/apps/${server.tenant.id}${path}`;
      expect(flexError(await other.ask({ method: 'GET', url }))).toBe('401 invalid_access_token');
    }
  });

  it('is for keys with the scope events alone, as are addresses in the user object', async () => {
    await server.tenant.register('grace');
    const keyWith = (scopes: string) => server.withKey({ scopes: `'{${scopes}}'` });
    const lastAddress = async (by: AppServer) => {
      const { user } = (await by.call('GET', '/external-users/grace')).expect<{
        user: { recent_events: readonly { ip_addr: string }[] };
      }>();
      return user.recent_events[0]!.ip_addr;
    };
    const address = expect.stringMatching(/^10\.0\./) as string;
    const granted = await keyWith('events');
    expect((await list('?external_id=grace', granted)).events[0]!.address).toEqual(address);
    expect(await lastAddress(granted)).toEqual(address);
    const others = await keyWith('identity,erase,webhooks');
    expect(flexError(await others.call('GET', '/events'))).toBe('403 operation_not_allowed');
    expect(await lastAddress(others)).toBe('');
  });
});

describe('GET /stats', () => {
  let app: TestApp;
  let server: AppServer;
  beforeAll(async () => {
    app = await buildApp();
    server = await AppServer.create(app);
    const other = await AppServer.create(app);
    await other.tenant.signIn((await other.tenant.register('ada')).authenticator);
  });
  afterAll(() => app?.close());

  const stats = async (query = '') => (await server.call('GET', `/stats${query}`)).expect<StatsJson>();

  it('is all zeros for an app without users', async () => {
    const answer = await stats('?days=2');
    expect(answer).toMatchObject({
      users: { total: 0, with_none: 0, with_one: 0, with_several: 0 },
      passkeys: { total: 0, synced: 0, not_synced: 0, unknown: 0 },
      providers: [],
    });
    expect(answer.sign_ins.map(({ sign_ins }) => sign_ins)).toEqual([0, 0]);
  });

  it('counts users by passkeys, passkeys by backup state and maker, and sign-ins by day', async () => {
    const bitwarden = 'd548826e-79b4-db40-a3d8-11116f7e8349';
    for (const name of ['ada', 'ada', 'ada', 'bob', 'cyd']) await server.tenant.register(name);
    await server.registerTransaction('none');
    const ids = (await server.devices('ada')).map(({ id }) => id);
    await sql(app, 'update devices set backed_up = false');
    await sql(app, `update devices set aaguid = '00000000-0000-0000-0000-000000000000'`);
    await sql(
      app,
      'update devices set backed_up = true, aaguid = $1 where id = any($2)',
      bitwarden,
      ids.slice(1),
    );
    await sql(app, 'update devices set backed_up = null where id = $1', ids[0]);
    const used = `insert into audit_events (app_id, id, type, created_at)
      select $1, 'used-' || $2 || '-' || n, $4, $2::timestamptz from generate_series(1, $3::integer) n`;
    const [days] = await sql<{ now: string; today: string; yesterday: string; eve: string; early: string }>(
      app,
      `select now()::text as now, to_char(d, 'YYYY-MM-DD') as today, to_char(d - interval '1 day', 'YYYY-MM-DD') as yesterday,
         (d at time zone 'UTC' - interval '1 microsecond')::text as eve, (d at time zone 'UTC' - interval '2 days 1 microsecond')::text as early
       from date_trunc('day', now() at time zone 'UTC') d`,
    );
    const { now, today, yesterday, eve, early } = days!;
    await sql(app, used, server.tenant.id, now, 3, 'passkey.used');
    await sql(app, used, server.tenant.id, eve, 2, 'passkey.used');
    await sql(app, used, server.tenant.id, early, 5, 'passkey.used');
    await sql(app, used, server.tenant.id, `${today} 00:00Z`, 7, 'passkey.renamed');
    const counts = {
      users: { total: 4, with_none: 1, with_one: 2, with_several: 1 },
      passkeys: { total: 5, synced: 2, not_synced: 2, unknown: 1 },
      providers: [
        { provider: null, passkeys: 3 },
        { provider: 'Bitwarden', passkeys: 2 },
      ],
    };
    expect(await stats('?days=2')).toStrictEqual({
      ...counts,
      sign_ins: [
        { day: today, sign_ins: 3 },
        { day: yesterday, sign_ins: 2 },
      ],
    });
    const month = await stats();
    expect(month.sign_ins).toHaveLength(30);
    expect(month.sign_ins.slice(2, 4).map(({ sign_ins }) => sign_ins)).toEqual([0, 5]);
  });

  it('takes one statement for each count', async () => {
    // And one that finds the key.
    expect(await statementsOf(app, () => stats())).toBe(5);
  });

  it.each(['days=0', 'days=367', 'days=', 'days=x', 'since=2026-01-01', 'days=1&days=2'])(
    'refuses %s',
    async (query) => {
      expect(flexError(await server.call('GET', `/stats?${query}`))).toBe('400 invalid_request');
    },
  );

  it('counts for one at a time, and refuses more than wait already', async () => {
    const answers = await Promise.all(Array.from({ length: 30 }, () => server.call('GET', '/stats')));
    const statuses = answers.map(({ status }) => status);
    expect(statuses.filter((it) => it === 200).length).toBeGreaterThanOrEqual(11);
    const refused = answers.find(({ status }) => status !== 200);
    if (refused) expect(flexError(refused)).toBe('429 exceeded_attempts');
  });
});
