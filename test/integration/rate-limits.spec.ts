import { setTimeout as pause } from 'node:timers/promises';
import { jest } from '@jest/globals';
import type { InjectOptions } from 'fastify';
import type { Configuration, LimitSettings } from '../../src/config/configuration.js';
import { LenientOptionalBody } from '../../src/http/body.pipe.js';
import { AppServer } from '../support/app-server.js';
import { Browser } from '../support/browser.js';
import { aReplicaOf, buildApp, LIMITS, TEST, type TestApp } from '../support/build-app.js';
import { flexError } from '../support/flex-error.js';
import { registerPasskey } from '../support/flows.js';
import { type HttpAnswer, newAddress, send } from '../support/http-answer.js';
import { statementsOf } from '../support/tables.js';
import { TestUser } from '../support/test-user.js';

const START = `/v1/apps/${TEST.appId}/authenticate/transactions/webauthn/start`;
const MADE_UP = { handshake_id: 'kh1.9999999999.e30.AAAA', handshake_response: {} };

let app: TestApp;
beforeAll(async () => {
  app = await buildApp();
});
afterAll(() => app?.close());

let limited: TestApp;
afterEach(() => limited?.close());

/** The service on the same database, with other limits. */
async function withLimits(changes: Partial<LimitSettings>, more: Partial<Configuration> = {}): Promise<void> {
  limited = await aReplicaOf(app, { limits: { ...LIMITS, ...changes }, ...more });
  // The app's origins are looked up by another network.
  await new Browser(limited).post('authenticate', 'start', {});
}

const ask = (request: InjectOptions): Promise<HttpAnswer> => send(limited, request);

async function repeat<T>(times: number, act: () => Promise<T>): Promise<T[]> {
  const answers: T[] = [];
  for (let i = 0; i < times; i++) answers.push(await act());
  return answers;
}

const statuses = (answers: readonly HttpAnswer[]) => answers.map(({ status }) => status);

function expectWait({ headers }: HttpAnswer): void {
  expect(headers['retry-after']).toMatch(/^([1-9]|[1-5]\d|60)$/);
}

/** As the user's API tells it. */
function expectTooMany(answer: HttpAnswer): void {
  expect(answer.headers['content-type']).toMatch(/^application\/problem\+json/);
  expect(answer.as<object>()).toMatchObject({ status: 429, code: 'too_many_requests' });
  expect(answer.headers['www-authenticate']).toBeUndefined();
  expectWait(answer);
}

describe('a finish', () => {
  /** A sign-in that was begun, from the address of the browser. */
  async function begin(browser: Browser) {
    const { authenticator } = await registerPasskey(new TestUser(app));
    return (await browser.beginSignIn()).answer(authenticator);
  }

  it('succeeds after strangers behind the same address have used up its limit with starts', async () => {
    await withLimits({ public: 20 });
    const browser = new Browser(limited);
    const answer = await begin(browser);
    const start = () => browser.post('authenticate', 'start', {});
    expect(statuses(await repeat(20, start)).slice(-2)).toEqual([200, 429]);
    const finished = await browser.finish('authenticate', answer);
    expect([finished.status, finished.headers['x-ratelimit-remaining']]).toEqual([200, '299']);
  });

  it('succeeds after strangers behind the same address have made up 200 handshakes', async () => {
    await withLimits({ public: 20 });
    const browser = new Browser(limited);
    const answer = await begin(browser);
    const guess = () => browser.finish('authenticate', MADE_UP);
    expect(new Set(statuses(await repeat(19, guess)))).toEqual(new Set([401]));
    const statements = await statementsOf(limited, async () => {
      const beyond = await repeat(180, guess);
      expect(new Set(statuses(beyond))).toEqual(new Set([429]));
      expect(flexError(beyond[0]!)).toBe('429 exceeded_attempts');
      expectWait(beyond[0]!);
    });
    expect(statements).toBe(0);
    expect((await browser.finish('authenticate', answer)).status).toBe(200);
  });

  it('has a limit of its own with an authentic handshake, which starts do not share', async () => {
    await withLimits({ finish: 2 });
    const browser = new Browser(limited);
    const answer = await begin(browser);
    const finishes = await repeat(3, () => browser.finish('authenticate', answer));
    expect(statuses(finishes)).toEqual([200, 401, 429]);
    expect(flexError(finishes[2]!)).toBe('429 exceeded_attempts');
    expectWait(finishes[2]!);
    expect((await browser.post('authenticate', 'start', {})).status).toBe(200);
    const elsewhere = new Browser(limited);
    expect((await elsewhere.finish('authenticate', answer)).status).toBe(401);
  });

  it('of a registration counts likewise', async () => {
    await withLimits({ public: 3, finish: 1 });
    const browser = new Browser(limited);
    const answers = await repeat(4, () => browser.finish('register', { transaction_id: 'x', ...MADE_UP }));
    expect(statuses(answers)).toEqual([400, 400, 400, 429]);
  });

  it('that is malformed counts as a request without credentials', async () => {
    await withLimits({ public: 3 });
    const browser = new Browser(limited);
    expect(statuses(await repeat(2, () => browser.finish('authenticate', {})))).toEqual([400, 400]);
    const starts = await repeat(2, () => browser.post('authenticate', 'start', {}));
    expect(statuses(starts)).toEqual([200, 429]);
  });

  it('of a foreign page uses up nothing of what its visitors may ask', async () => {
    await withLimits({ public: 3 });
    const browser = new Browser(limited, { origin: 'https://evil.example' });
    const refused = await repeat(3, () => browser.finish('authenticate', MADE_UP));
    expect(statuses(refused)).toEqual([403, 403, 403]);
    const headers = { origin: TEST.origin };
    const start = {
      method: 'POST',
      url: START,
      remoteAddress: browser.address,
      headers,
      payload: {},
    } as const;
    expect((await ask(start)).status).toBe(200);
  });

  it('is refused before its body is read, once ten times as many have come as there may be', async () => {
    await withLimits({ public: 5, finish: 2 });
    const browser = new Browser(limited);
    const answer = await begin(browser);
    await repeat(20, () => browser.finish('authenticate', MADE_UP));
    const reading = jest.spyOn(LenientOptionalBody, 'transform');
    try {
      expect((await browser.finish('authenticate', answer)).status).toBe(429);
      expect(reading).not.toHaveBeenCalled();
    } finally {
      reading.mockRestore();
    }
  });
});

describe('what is unknown', () => {
  const from = (remoteAddress: string) => ({
    route: () => ask({ url: '/nowhere', remoteAddress }),
    flexRoute: () => ask({ url: '/v1/nowhere', remoteAddress }),
    method: () => ask({ method: 'PUT', url: '/user/devices', remoteAddress }),
    noToken: () => ask({ url: '/user/devices', remoteAddress }),
    badToken: () => ask({ url: '/user/devices', remoteAddress, headers: { authorization: 'Bearer a.b.c' } }),
    noKey: () => ask({ url: `/v1/apps/${TEST.appId}/users`, remoteAddress }),
    badKey: () =>
      ask({
        url: `/v1/apps/${TEST.appId}/users`,
        remoteAddress,
        headers: { authorization: `Bearer kw_aaaaaaaaaaaa_${'A'.repeat(43)}` },
      }),
  });

  it('is refused with 429 past one limit for routes, methods, tokens and keys, without a statement', async () => {
    await withLimits({ unknown: 7 });
    const remoteAddress = newAddress();
    const acts = from(remoteAddress);
    const first: HttpAnswer[] = [];
    for (const act of Object.values(acts)) first.push(await act());
    expect(statuses(first)).toEqual([404, 404, 405, 401, 401, 401, 401]);
    const { badKey, ...free } = acts;
    const statements = await statementsOf(limited, async () => {
      for (const act of [free.route, free.method, free.noToken, free.badToken]) expectTooMany(await act());
      for (const act of [free.flexRoute, free.noKey]) {
        const beyond = await act();
        expect(flexError(beyond)).toBe('429 exceeded_attempts');
        expectWait(beyond);
      }
    });
    expect(statements).toBe(0);
    // Keys may be right: those that are wrong have a limit of their own.
    expect((await badKey()).status).toBe(429);
    expect((await from(newAddress()).route()).status).toBe(404);
  });

  it('keeps no right token, no right key and nothing public from behind the same address', async () => {
    await withLimits({ unknown: 5 });
    const remoteAddress = newAddress();
    expect(statuses(await repeat(6, from(remoteAddress).route)).at(-1)).toBe(429);
    const token = await new TestUser(limited).token();
    const headers = { authorization: `Bearer ${token}` };
    expect((await ask({ url: '/user/devices', remoteAddress, headers })).status).toBe(200);
    const server = await AppServer.own(limited);
    const url = `/v1/apps/${TEST.appId}`;
    expect((await server.ask({ url: `${url}/users`, remoteAddress })).status).toBe(200);
    expect((await ask({ url, remoteAddress })).status).toBe(200);
    expect((await ask({ url: '/health/live', remoteAddress })).status).toBe(200);
  });

  it('does not include what a known user or key asks for in vain', async () => {
    await withLimits({ unknown: 2 });
    const user = new TestUser(limited);
    const server = await AppServer.own(limited);
    expect(statuses(await repeat(3, () => user.revoke('unknown')))).toEqual([404, 404, 404]);
    const lookUp = () => server.call('GET', '/users/unknown');
    expect(statuses(await repeat(3, lookUp))).toEqual([404, 404, 404]);
    expect((await ask({ url: '/nowhere' })).status).toBe(404);
  });
});

describe('a user', () => {
  it('is refused past their limit at any address, without a statement, and others behind the same one are not', async () => {
    await withLimits({ user: 3 });
    const [user, other] = [new TestUser(limited), new TestUser(limited)];
    const list = async (who: TestUser, remoteAddress = newAddress()) => {
      const headers = { authorization: `Bearer ${await who.token()}` };
      return ask({ url: '/user/devices', remoteAddress, headers });
    };
    expect(statuses(await repeat(3, () => list(user)))).toEqual([200, 200, 200]);
    expect(await statementsOf(limited, async () => expectTooMany(await list(user)))).toBe(0);
    expect((await list(other)).status).toBe(200);
  });

  it('loses nothing by tokens in their name that are wrong', async () => {
    await withLimits({ user: 1 });
    const user = new TestUser(limited);
    const expired = { authorization: `Bearer ${await user.token({ exp: 1 })}` };
    const refused = await repeat(3, () => ask({ url: '/user/devices', headers: expired }));
    expect(statuses(refused)).toEqual([401, 401, 401]);
    expect((await user.call('GET', '/user/devices')).status).toBe(200);
  });
});

describe('an API key', () => {
  const aList = { url: `/v1/apps/${TEST.appId}/users` };

  it('is refused past its limit at any address, and another key of the app is not', async () => {
    await withLimits({ key: 3 });
    const server = await AppServer.own(limited);
    const list = () => server.ask({ ...aList, remoteAddress: newAddress() });
    const answers = await repeat(4, list);
    expect(statuses(answers)).toEqual([200, 200, 200, 429]);
    expect(flexError(answers[3]!)).toBe('429 exceeded_attempts');
    expectWait(answers[3]!);
    expect((await (await server.withKey({})).ask(aList)).status).toBe(200);
  });

  it('loses nothing by wrong keys with its id', async () => {
    await withLimits({ key: 1 });
    const server = await AppServer.own(limited);
    const wrong = server.withText(server.key.slice(0, -43) + 'A'.repeat(43));
    expect(statuses(await repeat(3, () => wrong.ask(aList)))).toEqual([401, 401, 401]);
    expect((await server.ask(aList)).status).toBe(200);
  });
});

describe('a window', () => {
  it('has ended when Retry-After has', async () => {
    await withLimits({ public: 1, window: 1 });
    const remoteAddress = newAddress();
    const start = () => ask({ method: 'POST', url: START, remoteAddress, payload: {} });
    const [, refused] = await repeat(2, start);
    expect([refused!.status, refused!.headers['retry-after']]).toEqual([429, '1']);
    await pause(1_010);
    expect((await start()).status).toBe(200);
  });
});

describe('a proxy that the settings do not name', () => {
  const HINT = 'Set TRUST_PROXY to the number of proxies or to their networks';
  const hints = () => limited.logLines.filter((line) => line.includes(HINT));
  const through = (remoteAddress: string, name = 'x-forwarded-for') =>
    ask({ url: '/health/live', remoteAddress, headers: { [name]: 'for=203.0.113.7' } });

  it.each(['x-forwarded-for', 'x-forwarded-proto', 'x-forwarded-host', 'forwarded'])(
    'is warned of once, however many requests come with %s',
    async (name) => {
      await withLimits({});
      await repeat(3, () => through('10.1.2.3', name));
      expect(hints()).toHaveLength(1);
      expect(JSON.parse(hints()[0]!)).toMatchObject({ level: 40 });
      expect(hints()[0]).not.toContain('203.0.113.7');
    },
  );

  it('is not supposed of clients that send no such header, or come from the internet', async () => {
    await withLimits({});
    await through('203.0.113.9');
    await ask({ url: '/health/live', remoteAddress: '10.1.2.3' });
    expect(hints()).toEqual([]);
  });

  it('is not warned of where TRUST_PROXY is set', async () => {
    await withLimits({}, { http: { ...app.configuration.http, trustProxy: 1 } });
    await through('10.1.2.3');
    expect(hints()).toEqual([]);
  });
});
