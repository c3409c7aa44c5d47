import { jest } from '@jest/globals';
import type { CompiledQuery } from 'kysely';
import { Client } from 'pg';
import { AppServer, type UserJson } from '../support/app-server.js';
import { buildApp, TEST, type TestApp } from '../support/build-app.js';
import { flexError } from '../support/flex-error.js';
import { sql } from '../support/tables.js';

const NAMES = ['ada', 'Ada', 'ada ', 'ad', 'adah', 'a%', 'a_a', 'bob', 'zoë', 'zoe\u0308'];

describe('GET /users', () => {
  let app: TestApp;
  let server: AppServer;
  let users: UserJson[];
  beforeAll(async () => {
    app = await buildApp();
    server = await AppServer.create(app);
    // In another order than that of their creation times, so that a list which is not sorted shows it.
    for (const name of [...NAMES.slice(4), ...NAMES.slice(0, 4).reverse()])
      await server.registerTransaction(name);
    // A minute apart, with microseconds that no answer shows; every other one has signed in.
    await sql(
      app,
      `update flex_users u set created_at = t, updated_at = t + interval '1 hour', login_count = n % 4,
         last_login_at = case n % 2 when 0 then t + interval '1 day' end,
         status = (array['active', 'inactive', 'pending'])[1 + n % 3]
       from (select id as i, n, '2026-01-01T00:00:00.123456Z'::timestamptz + make_interval(mins => n) as t
             from (select id, array_position($1::text[], external_id) - 1 as n from flex_users) r) s
       where u.id = s.i`,
      NAMES,
    );
    const other = await AppServer.create(app);
    for (const name of [...NAMES, 'eve']) await other.registerTransaction(name);
    users = [...(await server.list()).users];
  });
  afterAll(() => app?.close());

  const names = async (query: string) => (await server.list(query)).users.map((it) => it.external_id);
  const where = (holds: (user: UserJson) => boolean) => users.filter(holds).map((it) => it.external_id);
  const encode = encodeURIComponent;

  /** How PostgreSQL runs each statement that the service sends for a list: by an index if there is one that it can use. */
  const plansOf = async (query: string, sorting: 'on' | 'off'): Promise<string[]> => {
    const statements: CompiledQuery[] = [];
    const ask = app.database.ask.bind(app.database);
    const asked = jest.spyOn(app.database, 'ask').mockImplementation((build) =>
      ask((db) => {
        statements.push(build(db).compile());
        return build(db);
      }),
    );
    await server.list(query).finally(() => asked.mockRestore());
    const { database } = app.configuration;
    const client = new Client({ connectionString: database.kind === 'postgresql' ? database.url : '' });
    await client.connect();
    try {
      await client.query(
        `set enable_seqscan = off; set enable_bitmapscan = off; set enable_sort = ${sorting}`,
      );
      const plans: string[] = [];
      for (const { sql: text, parameters } of statements) {
        const { rows } = await client.query<{ 'QUERY PLAN': string }>(`explain ${text}`, [...parameters]);
        plans.push(rows.map((it) => it['QUERY PLAN']).join('\n'));
      }
      return plans;
    } finally {
      await client.end();
    }
  };

  it('returns every member of every user, oldest first', async () => {
    const list = await server.list();
    expect(list).toStrictEqual({
      _links: expect.any(Object) as object,
      created_before: expect.any(Number) as number,
      limit: 10,
      page: 1,
      total_users: 10,
      users: expect.any(Array) as unknown[],
    });
    expect(list.users.map((it) => it.external_id)).toEqual(NAMES);
    const iso = (text: string) => new Date(text).toISOString();
    expect(list.users.slice(0, 3)).toStrictEqual(
      [
        ['active', 0, '2026-01-02T00:00:00.123Z'],
        ['inactive', 1, '2026-01-01T00:01:00.123Z'],
        ['pending', 2, '2026-01-02T00:02:00.123Z'],
      ].map(([status, login_count, last_login_at], n) => ({
        id: expect.any(String) as string,
        external_id: NAMES[n],
        status,
        created_at: iso(`2026-01-01T00:0${n}:00.123Z`),
        updated_at: iso(`2026-01-01T01:0${n}:00.123Z`),
        last_login_at,
        login_count,
        email: '',
        email_verified: false,
        phone: '',
        phone_verified: false,
        user_metadata: null,
      })),
    );
  });

  describe('?identifier=', () => {
    it.each(NAMES)('finds exactly one user: %p', async (name) => {
      const list = await server.list(`?identifier=${encode(name)}&limit=1&page=1`);
      expect(list.users.map((it) => it.external_id)).toEqual([name]);
      expect(list).toMatchObject({ total_users: 1, page: 1, limit: 1 });
    });

    it.each([
      '?identifier=',
      '?identifier',
      '?identifier=ada&identifier=ada',
      '?identifier=ada&identifier=',
      '?identifier[]=ada',
      '?identifier%5B%5D=ada',
      '?identifier[0]=ada',
      '?identifier[external_id]=ada',
      '?identifier=ada&identifier[]=ada',
      '?identifier=ADA',
      '?identifier=ada%25',
      '?identifier=%25',
      '?identifier=*',
      '?identifier=%00',
      '?identifier=ada%00',
      '?identifier=ada%0a',
      '?identifier=eve',
      '?identifier=%ff',
      '?identifier=%',
      '?identifier=.',
      `?identifier=${'x'.repeat(256)}`,
      `?identifier=${'x'.repeat(4_000)}`,
    ])('finds no user: %s', async (query) => {
      expect(await server.list(query)).toMatchObject({ users: [], total_users: 0 });
    });

    it('is combined with all other filters', async () => {
      expect(await names('?identifier=ada&status=inactive')).toEqual([]);
      expect(await names('?identifier=ada&status=active')).toEqual(['ada']);
      expect(await server.list('?identifier=ada&page=2')).toMatchObject({ users: [], total_users: 1 });
    });

    it('is looked up in one index, and so is the total', async () => {
      const plans = await plansOf('?identifier=ada', 'on');
      expect(plans).toHaveLength(2);
      for (const plan of plans) expect(plan).toContain('Scan using flex_users_app_id_external_id_unique');
    });
  });

  describe('filters', () => {
    it('select users by id', async () => {
      const [one] = users;
      expect(await names(`?id=${one!.id}`)).toEqual(['ada']);
      expect(await names(`?id=${one!.id.toUpperCase()}`)).toEqual([]);
    });

    it.each(['active', 'inactive', 'pending'])('select users by status %s', async (status) => {
      expect(await names(`?status=${status}`)).toEqual(where((it) => it.status === status));
    });

    it('select users by an equal, smaller or larger number of sign-ins', async () => {
      expect(await names('?login_count=1')).toEqual(where((it) => it.login_count === 1));
      expect(await names('?login_count=%3C2')).toEqual(where((it) => it.login_count < 2));
      expect(await names('?login_count=%3E2')).toEqual(where((it) => it.login_count > 2));
      expect(await names('?login_count=<1')).toEqual(where((it) => it.login_count === 0));
      expect(await names('?login_count=2147483647')).toEqual([]);
    });

    it.each(['created_at', 'updated_at', 'last_login_at'] as const)(
      'select users by %s at, before and after a moment',
      async (column) => {
        for (const { [column]: moment } of users) {
          expect(await names(`?${column}=${moment}`)).toEqual(where((it) => it[column] === moment));
          expect(await names(`?${column}=%3C${moment}`)).toEqual(where((it) => it[column] < moment));
          expect(await names(`?${column}=%3E${moment}`)).toEqual(where((it) => it[column] > moment));
        }
        const seconds = Date.parse('2026-01-01T00:05:00Z') / 1000;
        const moment = '2026-01-01T00:05:00.000Z';
        expect(await names(`?${column}=%3C${seconds}`)).toEqual(where((it) => it[column] < moment));
        const elsewhere = encode('>2026-01-01T05:35:00+05:30');
        expect(await names(`?${column}=${elsewhere}`)).toEqual(where((it) => it[column] > moment));
      },
    );

    it('select users created before a second', async () => {
      const seconds = Date.parse('2026-01-01T00:05:00Z') / 1000;
      const list = await server.list(`?created_before=${seconds}`);
      expect(list).toMatchObject({ created_before: seconds, total_users: 5 });
      expect(list.users.map((it) => it.external_id)).toEqual(NAMES.slice(0, 5));
    });

    it('select users by several filters together', async () => {
      const wanted = where((it) => it.status === 'active' && it.login_count > 0);
      expect(await names('?status=active&login_count=>0')).toEqual(wanted);
    });

    it.each([
      'page=0',
      'page=-1',
      'page=1.5',
      'page=a',
      'page=',
      'page=1&page=2',
      'page[]=1',
      'page=99999999999999999999',
      'limit=0',
      'limit=501',
      'limit=1e2',
      'limit=%2010',
      'limit=',
      'limit[a]=10',
      'created_before=yesterday',
      'created_before=-1',
      'created_before=99999999999',
      'created_before=2026-01-01T00:00:00Z',
      'login_count=one',
      'login_count=-1',
      'login_count=2147483648',
      'login_count=9999999999',
      'login_count=>=1',
      'login_count=>',
      'status=ACTIVE',
      'status=deleted',
      'status=',
      'status=active&status=pending',
      'status[]=active',
      'status%5B%5D=active',
      'id=',
      'id=%00',
      'id=a&id=b',
      'created_at=today',
      'created_at=2026-01-01',
      'created_at=2026-13-01T00:00:00Z',
      'created_at=%2B275760-09-13T00:00:00Z',
      'created_at=-271821-04-20T00:00:00Z',
      'updated_at=>',
      'updated_at=%3C%3C1',
      'last_login_at=%00',
      'last_login_at=NaN',
      'order_by=',
      'order_by=name',
      'order_by=created_at:UP',
      'order_by=created_at:ASC:ASC',
      'order_by=created_at,',
      'order_by=created_at;drop',
      'order_by=created_at%20asc',
      'order_by=created_at,created_at:DESC',
      'order_by=user_handle',
      'order_by=id&order_by=id',
    ])('are refused when malformed: %s', async (query) => {
      for (const each of [query, `identifier=ada&${query}`, `identifier=&${query}`]) {
        expect(flexError(await server.call('GET', `/users?${each}`))).toBe('400 invalid_request');
      }
    });

    it.each([
      ['created_at=0000-01-01T00:00:00Z', []],
      ['created_at=>0001-01-01T00:00:00%2B23:59', NAMES],
      ['created_at=0', []],
      ['created_at=>9999-12-31T23:59:59Z', []],
      ['created_before=9999999999', NAMES],
      ['created_before=0', []],
    ])('accept the earliest and latest times: %s', async (query, expected) => {
      expect(await names(`?${query}`)).toEqual(expected);
    });

    it('are ignored when unknown', async () => {
      expect(await names('?colour=red&email=x&constructor=1&__proto__=1')).toEqual(NAMES);
    });
  });

  describe('?order_by=', () => {
    const sorted = (...by: ((a: UserJson, b: UserJson) => number)[]) =>
      [...users]
        .sort((a, b) => by.map((compare) => compare(a, b)).find((it) => it !== 0) ?? 0)
        .map((it) => it.external_id);
    const up = (name: keyof UserJson) => (a: UserJson, b: UserJson) =>
      a[name] < b[name] ? -1 : a[name] > b[name] ? 1 : 0;
    const down = (name: keyof UserJson) => (a: UserJson, b: UserJson) => up(name)(b, a);

    it.each(['id', 'login_count', 'created_at', 'updated_at', 'last_login_at', 'status'] as const)(
      'sorts by %s in both directions',
      async (column) => {
        expect(await names(`?order_by=${column}`)).toEqual(sorted(up(column)));
        expect(await names(`?order_by=${column}:ASC`)).toEqual(sorted(up(column)));
        expect(await names(`?order_by=${column}:desc`)).toEqual(sorted(down(column)));
      },
    );

    it('sorts external IDs by their bytes', async () => {
      const bytewise = [...NAMES].sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
      expect(await names('?order_by=external_id:ASC')).toEqual(bytewise);
    });

    it('sorts by several columns, the first one first', async () => {
      expect(await names('?order_by=status:DESC,login_count:ASC,created_at:DESC')).toEqual(
        sorted(down('status'), up('login_count'), down('created_at')),
      );
      expect(await names('?order_by=login_count:desc,%20id:asc')).toEqual(
        sorted(down('login_count'), up('id')),
      );
    });
  });

  describe('pages', () => {
    const get = async (href: string) => {
      expect(href.startsWith(`${TEST.publicUrl}/v1/apps/${server.tenant.id}/users`)).toBe(true);
      return (await server.ask({ url: href.slice(TEST.publicUrl.length) })).expect<
        Awaited<ReturnType<AppServer['list']>>
      >();
    };

    it('are linked with each other, and together contain every user once', async () => {
      const first = await server.list('?limit=3&order_by=external_id:DESC&status=active&x=a?b%26c');
      expect(first).toMatchObject({ page: 1, limit: 3, total_users: 4 });
      expect(first._links.previous).toEqual({ href: '' });
      const second = await get(first._links.next.href);
      expect(second).toMatchObject({
        page: 2,
        limit: 3,
        total_users: 4,
        created_before: first.created_before,
      });
      expect(second._links.next).toEqual({ href: '' });
      expect(await get(second._links.previous.href)).toMatchObject({ users: first.users });
      expect(await get(second._links.self.href)).toEqual(second);
      expect(await get(first._links.self.href)).toMatchObject({ users: first.users });
      expect(await get(first._links.last.href)).toMatchObject({ users: second.users });
      expect(await get(second._links.first.href)).toMatchObject({ users: first.users });
      const parameters = new URL(second._links.self.href).searchParams;
      expect(Object.fromEntries(parameters)).toEqual({
        page: '2',
        limit: '3',
        order_by: 'external_id:DESC',
        status: 'active',
        x: 'a?b&c',
        created_before: String(first.created_before),
      });
      const walked = [...first.users, ...second.users].map((it) => it.external_id);
      expect(walked).toEqual(await names('?order_by=external_id:DESC&status=active'));
    });

    it('past the end are empty, and link back to the last page', async () => {
      const beyond = await server.list('?limit=4&page=9');
      expect(beyond).toMatchObject({ users: [], page: 9, limit: 4, total_users: 10 });
      expect(beyond._links.next).toEqual({ href: '' });
      expect((await get(beyond._links.previous.href)).page).toBe(3);
      expect(await server.list('?page=1000000&limit=500')).toMatchObject({ users: [] });
    });

    it('of an empty list are one empty page', async () => {
      const none = await server.list('?identifier=');
      expect(none).toMatchObject({ users: [], page: 1, total_users: 0 });
      expect(none._links).toMatchObject({ next: { href: '' }, previous: { href: '' } });
      expect(await get(none._links.first.href)).toMatchObject({ users: [] });
      expect(await get(none._links.last.href)).toMatchObject({ users: [] });
    });

    it('hold 1 to 500 users, 10 by default', async () => {
      const crowd = await AppServer.create(app);
      await sql(
        app,
        `insert into flex_users (app_id, id, external_id, user_handle)
         select $1, 'u' || n, 'u' || n, sha256(n::text::bytea) from generate_series(1, 501) n`,
        crowd.tenant.id,
      );
      for (const limit of [1, 500]) {
        const list = await crowd.list(`?limit=${limit}`);
        expect(list.users).toHaveLength(limit);
        expect(list.total_users).toBe(501);
      }
      expect((await crowd.list()).users).toHaveLength(10);
      const seen = new Set<string>();
      for (let page = 1; page <= 6; page++) {
        (await crowd.list(`?limit=100&page=${page}`)).users.forEach(({ id }) => seen.add(id));
      }
      expect(seen.size).toBe(501);
    });

    it('do not change while users are created, and contain every user of the total', async () => {
      const busy = await AppServer.create(app);
      for (let i = 0; i < 5; i++) await busy.registerTransaction(`early-${i}`);
      const first = await busy.list('?limit=3&order_by=created_at:DESC');
      await sql(
        app,
        `insert into flex_users (app_id, id, external_id, user_handle, created_at)
         values ($1, 'late', 'late', $2, now() + interval '2 seconds')`,
        busy.tenant.id,
        Buffer.alloc(32, 1),
      );
      const next = first._links.next.href.slice(TEST.publicUrl.length);
      const second = (await busy.ask({ url: next })).expect<{ users: UserJson[]; total_users: number }>();
      const walked = [...first.users, ...second.users].map((it) => it.external_id);
      expect(walked).toEqual([4, 3, 2, 1, 0].map((i) => `early-${i}`));
      expect(second.total_users).toBe(5);
    });

    it('are read from an index in the default order of the list, and not sorted', async () => {
      const [page] = await plansOf('?limit=10', 'off');
      expect(page).toContain('Scan using flex_users_app_id_created_at_id_index');
      expect(page).not.toContain('Sort');
      expect((await plansOf('?order_by=login_count', 'off'))[0]).toContain('Sort');
    });
  });
});
