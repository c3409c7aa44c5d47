import fc from 'fast-check';
import type { InjectOptions } from 'fastify';
import { AppServer } from '../support/app-server.js';
import type { FinishBody } from '../support/browser.js';
import { buildApp, type TestApp } from '../support/build-app.js';
import { flexError } from '../support/flex-error.js';
import { type HttpAnswer, newAddress } from '../support/http-answer.js';
import { routesOf } from '../support/routes.js';
import { SoftwareAuthenticator } from '../support/software-authenticator.js';
import { auditTrail, contents, contentsButTrail, UNKNOWN_ID } from '../support/tables.js';

type Method = NonNullable<InjectOptions['method']>;
type Ceremony = 'register' | 'authenticate';

const RUNS = 200;

const MEMBERS = [
  'external_id',
  'passkey_display_name',
  'nonce',
  'status',
  'friendly_name',
  'transaction_id',
  'authenticator_attachment',
  'handshake_id',
  'handshake_response',
];
const PARAMETERS = [
  ...['identifier', 'identifier[]', 'id', 'status', 'login_count', 'created_at', 'updated_at'],
  ...['last_login_at', 'created_before', 'order_by', 'page', 'limit', 'limit[]', '__proto__', 'x'],
];

describe('arbitrary input to /v1', () => {
  let app: TestApp;
  let server: AppServer;
  let routes: { method: Method; url: string }[];
  /** Names that mean something: of users, passkeys, nonces and transactions, spent ones and open ones. */
  let known: string[];
  beforeAll(async () => {
    app = await buildApp();
    // Some of what is mutated is sound all the same, and makes one passkey more.
    server = await AppServer.create(app, { max_passkeys_per_user: 1_000 });
    const { nonce } = await server.tenant.register('ada');
    const [user, [device]] = [await server.find('ada'), await server.devices('ada')];
    known = ['ada', user.id, device!.id, device!.cred_id, nonce, await server.registerTransaction('ada')];
    known.push(UNKNOWN_ID, server.tenant.id, 'active', 'Ada', '.', '..');
    routes = routesOf(app)
      .filter(({ url }) => url.startsWith('/v1'))
      .flatMap(({ url, methods }) => methods.map((method) => ({ method, url })));
  });
  afterAll(() => app?.close());

  const ask = (request: InjectOptions) => server.ask({ remoteAddress: newAddress(), ...request });
  /** No accident: a success, or an error of the protocol's table. */
  const expectForeseen = (answer: HttpAnswer, method: Method = 'POST') => {
    expect(answer.status).toBeLessThan(500);
    if (answer.status >= 300 && method !== 'HEAD') flexError(answer);
  };
  /** Nothing but a success stores, changes or deletes a row. */
  const unlessItSucceeds = async (send: () => Promise<HttpAnswer>, method?: Method) => {
    const before = await contents(app);
    const answer = await send();
    expectForeseen(answer, method);
    if (answer.status >= 300 || method === 'GET' || method === 'HEAD') {
      expect(await contents(app)).toEqual(before);
    }
    return answer;
  };

  const text = fc.oneof(
    fc.string({ unit: 'binary', maxLength: 40 }),
    fc.string({ unit: 'grapheme', maxLength: 300 }),
    fc.base64String({ maxLength: 80 }),
    fc.constantFrom('', '\0', 'a\0', '\ud800', '__proto__', '\u202e', '%00', '9'.repeat(40)),
    fc.nat().map((pick) => known[pick % known.length]!),
  );
  const value = fc.oneof(text, fc.jsonValue(), fc.dictionary(text, fc.oneof(text, fc.jsonValue())));
  const named = (members: fc.Arbitrary<unknown>) =>
    fc.record(Object.fromEntries(MEMBERS.map((name) => [name, members])), { requiredKeys: [] });
  const body = fc.oneof(
    { weight: 4, arbitrary: named(text).map((it) => JSON.stringify(it)) },
    { weight: 4, arbitrary: named(value).map((it) => JSON.stringify(it)) },
    { weight: 2, arbitrary: fc.json() },
    { weight: 1, arbitrary: fc.string({ unit: 'binary', maxLength: 60 }) },
    { weight: 1, arbitrary: fc.uint8Array({ maxLength: 60 }).map((it) => Buffer.from(it)) },
  );
  const contentType = fc.oneof(
    { weight: 9, arbitrary: fc.constant('application/json') },
    {
      weight: 1,
      arbitrary: fc.constantFrom('text/plain', 'application/json; charset=utf-16', 'a/b', '', ';'),
    },
  );
  const encoded = text.map((it) => encodeURIComponent(it.toWellFormed()));
  const segment = fc.oneof(
    { weight: 8, arbitrary: encoded },
    {
      weight: 1,
      arbitrary: fc.constantFrom('%', '%zz', '%ff', '%c3%28', '%2F', '%2e%2e', '*', ':id', ';', "'"),
    },
    {
      weight: 1,
      arbitrary: fc.string({ minLength: 1, maxLength: 20 }).map((it) => it.replace(/[\\?#]/g, '%')),
    },
  );
  const query = fc
    .array(fc.tuple(fc.constantFrom(...PARAMETERS), fc.oneof(encoded, filterValue())), { maxLength: 3 })
    .map((pairs) => pairs.map((pair) => pair.join('=')).join('&'));

  function filterValue(): fc.Arbitrary<string> {
    const operator = fc.constantFrom('', '<', '>', '%3C', '%3E', '>=');
    const operand = fc.oneof(
      fc.bigInt(-1_000_000_000_000n, 1_000_000_000_000n).map(String),
      fc.date({ noInvalidDate: true }).map((it) => it.toISOString()),
      fc.constantFrom(
        'active',
        'pending',
        'created_at:ASC',
        'login_count:DESC,id',
        '1',
        '500',
        '-0',
        '1e3',
        '2147483648',
        '9999999999',
        '%00',
      ),
    );
    return fc.tuple(operator, operand).map((parts) => parts.join(''));
  }

  it('gets a response of the protocol on every route, and stores nothing unless it succeeds', async () => {
    const every = fc.nat().map((pick) => routes[pick % routes.length]!);
    const request = fc.record({
      route: every,
      segments: fc.array(segment, { minLength: 2, maxLength: 2 }),
      query,
      body,
      contentType,
    });
    const reached = new Set<number>();
    await fc.assert(
      fc.asyncProperty(request, async (it) => {
        const { method, url: template } = it.route;
        const [first, second] = it.segments as [string, string];
        const url = template
          .replace(':app', server.tenant.id)
          .replace(':device_id', () => second)
          .replace(/:\w+/, () => first);
        const isRead = method === 'GET' || method === 'HEAD';
        const answer = await unlessItSucceeds(
          () =>
            ask({
              method,
              url: it.query ? `${url}?${it.query}` : url,
              ...(!isRead && { payload: it.body, headers: { 'content-type': it.contentType } }),
            }),
          method,
        );
        reached.add(answer.status);
      }),
      { numRuns: 3 * RUNS },
    );
    expect([...reached]).toEqual(expect.arrayContaining([200, 400, 404]));
  }, 120_000);

  it('gets a response of the protocol for any path and method', async () => {
    const path = fc.array(
      fc.oneof(segment, fc.constantFrom('', 'users', 'devices', 'external-users', 'apps')),
      { maxLength: 7 },
    );
    const method = fc.constantFrom<Method[]>('GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS');
    await fc.assert(
      fc.asyncProperty(path, method, query, async (segments, verb, search) => {
        const url = `/v1/${segments.join('/')}?${search}`;
        // What a client resolves before it asks leads elsewhere.
        if (!new URL(url, 'http://localhost').pathname.startsWith('/v1/')) return;
        await unlessItSucceeds(() => ask({ method: verb, url }), verb);
      }),
      { numRuns: RUNS },
    );
  }, 60_000);

  it('gets a list of users or a refusal for any query of the list', async () => {
    await fc.assert(
      fc.asyncProperty(query, async (search) => {
        const answer = await ask({ url: `/v1/apps/${server.tenant.id}/users?${search}` });
        if (answer.status !== 200) {
          expect(flexError(answer)).toBe('400 invalid_request');
          return;
        }
        const { users, total_users } = answer.as<{ users: unknown[]; total_users: number }>();
        expect(users.length).toBeLessThanOrEqual(total_users);
      }),
      { numRuns: 2 * RUNS },
    );
  }, 60_000);

  describe('a ceremony with a mutated response', () => {
    const strange = fc.oneof(
      fc.constantFrom<unknown[]>(
        null,
        undefined,
        '',
        0,
        [],
        {},
        true,
        'A',
        '=',
        'a'.repeat(2_000),
        '\0',
        '\ud800',
      ),
      fc.base64String({ maxLength: 200 }),
      fc.uint8Array({ maxLength: 300 }).map((it) => Buffer.from(it).toString('base64url')),
      fc.jsonValue(),
    );
    type Mutation = {
      at: number;
      kind: 'replace' | 'flip' | 'cut' | 'extend' | 'add';
      by: unknown;
      where: number;
    };
    const mutation: fc.Arbitrary<Mutation> = fc.record({
      at: fc.nat(),
      kind: fc.constantFrom('replace', 'replace', 'flip', 'flip', 'cut', 'extend', 'add'),
      by: strange,
      where: fc.nat(),
    });

    /** Every way from the body down to one of its leaves and branches. */
    const pathsOf = (node: unknown, path: string[] = []): string[][] =>
      typeof node === 'object' && node !== null
        ? Object.entries(node).flatMap(([name, child]) => [
            [...path, name],
            ...pathsOf(child, [...path, name]),
          ])
        : [];

    function mutate(original: FinishBody, { at, kind, by, where }: Mutation): object {
      const mutant = structuredClone(original) as unknown as Record<string, unknown>;
      const paths = pathsOf(mutant);
      const path = paths[at % paths.length]!;
      const parent = path.slice(0, -1).reduce((it, name) => it[name] as Record<string, unknown>, mutant);
      const name = path.at(-1)!;
      const old = parent[name];
      if (kind === 'add' || typeof old !== 'string') parent[kind === 'add' ? `${name}2` : name] = by;
      else parent[name] = kind === 'replace' ? by : damage(old, kind, where);
      return mutant;
    }

    /** Damages the bytes of a base64url text, and of any other text its characters. */
    function damage(old: string, kind: 'flip' | 'cut' | 'extend', where: number): string {
      const bytes = Buffer.from(old, 'base64url');
      const isBytes = bytes.length > 0 && bytes.toString('base64url') === old;
      if (!isBytes) return kind === 'extend' ? `${old}x` : old.slice(0, where % (old.length + 1));
      if (kind === 'extend') return Buffer.concat([bytes, Buffer.from([where & 0xff])]).toString('base64url');
      if (kind === 'cut') return bytes.subarray(0, where % bytes.length).toString('base64url');
      bytes[where % bytes.length]! ^= 1 << (where % 8);
      return bytes.toString('base64url');
    }

    const begin = {
      register: async () => {
        const browser = server.tenant.browser();
        const authenticator = new SoftwareAuthenticator();
        const begun = await browser.beginRegistration(await server.registerTransaction('eve'));
        return { body: begun.answer(authenticator), browser };
      },
      authenticate: async () => {
        const { authenticator } = await server.tenant.register('bob');
        const browser = server.tenant.browser();
        const begun = await browser.beginSignIn(await server.authenticateTransaction('bob'));
        return { body: begun.answer(authenticator), browser };
      },
      discoverable: async () => {
        const { authenticator } = await server.tenant.register('bob');
        const browser = server.tenant.browser();
        return { body: (await browser.beginSignIn()).answer(authenticator), browser };
      },
    };

    it.each<[keyof typeof begin, Ceremony]>([
      ['register', 'register'],
      ['authenticate', 'authenticate'],
      ['discoverable', 'authenticate'],
    ])(
      'stores nothing but a refusal in the audit trail: %s',
      async (start, kind) => {
        let ceremony = await begin[start]();
        let refusals = 0;
        await fc.assert(
          fc.asyncProperty(fc.array(mutation, { minLength: 1, maxLength: 3 }), async (mutations) => {
            const mutant = mutations.reduce(
              (it, change) => mutate(it as FinishBody, change),
              ceremony.body as object,
            );
            const { browser } = ceremony;
            const [rows, trail] = [await contentsButTrail(app), await auditTrail(app)];
            const answer = await server.ask({
              method: 'POST',
              url: `/v1/apps/${server.tenant.id}/${kind}/transactions/webauthn/finish`,
              headers: { origin: browser.traits.origin },
              remoteAddress: newAddress(),
              payload: mutant,
            });
            expectForeseen(answer);
            if (answer.status < 300) {
              // What was changed does not count, such as a member that is ignored.
              ceremony = await begin[start]();
              return;
            }
            refusals += 1;
            expect(await contentsButTrail(app)).toEqual(rows);
            const events = (await auditTrail(app)).slice(trail.length);
            expect(events.length).toBeLessThanOrEqual(1);
            const isHandshakeWhole = (mutant as FinishBody).handshake_id === ceremony.body.handshake_id;
            if (!isHandshakeWhole) expect(events).toEqual([]);
            for (const { type } of events) expect(type).toBe('passkey.refused');
          }),
          { numRuns: RUNS },
        );
        expect(refusals).toBeGreaterThan(RUNS / 2);
        const whole = await ceremony.browser.finish(kind, ceremony.body);
        expect(whole.status).toBe(200);
      },
      120_000,
    );
  });
});
