import { setTimeout as pause } from 'node:timers/promises';
import { jest } from '@jest/globals';
import { aReplicaOf, buildApp, TEST, type TestApp } from '../support/build-app.js';
import { type HttpAnswer, send } from '../support/http-answer.js';
import { foreign, OddProvider } from '../support/odd-provider.js';
import { TestUser } from '../support/test-user.js';

const SECOND = 1_000;
const MINUTE = 60 * SECOND;

describe('the CORS origins in remote mode', () => {
  let odd: OddProvider;
  let app: TestApp;
  let token: string;
  /** Milliseconds that the clock is ahead. */
  let ahead: number;

  beforeEach(async () => {
    const now = Date.now.bind(Date);
    ahead = 0;
    jest.spyOn(Date, 'now').mockImplementation(() => now() + ahead);
    odd = await new OddProvider(foreign()).start();
    app = await buildApp({ passage: odd.settings });
    const user = new TestUser(app);
    await user.registerTransaction();
    token = await user.token();
  });
  afterEach(async () => {
    await odd?.stop();
    await app?.close();
    jest.restoreAllMocks();
  });

  const preflight = (origin: string = TEST.origin, on = app) =>
    send(on, {
      method: 'OPTIONS',
      url: '/user/devices',
      headers: { origin, 'access-control-request-method': 'GET' },
    });
  const list = (authorization?: string, on = app) =>
    send(on, {
      url: '/user/devices',
      headers: { origin: TEST.origin, ...(authorization && { authorization }) },
    });
  const allowed = ({ headers }: HttpAnswer) => headers['access-control-allow-origin'];
  const timesAsked = () => odd.requests.filter(({ url }) => url === '/v1/apps/shop').length;

  /** The answer, and how many milliseconds it took. */
  const timed = async (work: Promise<HttpAnswer>): Promise<[HttpAnswer, number]> => {
    const begun = performance.now();
    return [await work, performance.now() - begun];
  };

  it.each<[string, Parameters<OddProvider['answers']>[0]]>([
    ['falls silent', 'silence'],
    ['fails', { status: 500 }],
    ['returns another app', foreign({ app: { id: 'bank', auth_origin: 'https://bank.example' } })],
  ])('are remembered for ten minutes after the provider %s', async (_how, answer) => {
    expect(allowed(await preflight())).toBe(TEST.origin);
    odd.answers(answer);
    for (const elapsed of [6 * SECOND, 12 * SECOND, 9 * MINUTE]) {
      ahead = elapsed;
      const [answer, duration] = await timed(preflight());
      expect(allowed(answer)).toBe(TEST.origin);
      // A second, where it is not known yet that the provider is ailing.
      expect(duration).toBeLessThan(1_500);
      expect(allowed(await preflight('https://bank.example'))).toBeUndefined();
    }
    ahead = 11 * MINUTE;
    expect(allowed(await preflight())).toBeUndefined();
    expect(timesAsked()).toBeGreaterThanOrEqual(1);
  });

  it('are read again from the provider after a long time without requests', async () => {
    expect(allowed(await preflight())).toBe(TEST.origin);
    odd.answers(foreign({ app: { id: 'shop', name: 'Shop', auth_origin: 'https://new.example' } }));
    ahead = 9 * MINUTE;
    expect(allowed(await preflight())).toBeUndefined();
    expect(allowed(await preflight('https://new.example'))).toBe('https://new.example');
  });

  it('are allowed in responses about an outage of the provider, without a second wait for it', async () => {
    await preflight();
    odd.answers('silence');
    ahead = 6 * SECOND;
    const [anonymous, briefly] = await timed(list());
    expect({ status: anonymous.status, allowed: allowed(anonymous) }).toEqual({
      status: 401,
      allowed: TEST.origin,
    });
    expect(briefly).toBeLessThan(1_500);
    const [unavailable, long] = await timed(list(`Bearer ${token}`));
    expect({ status: unavailable.status, allowed: allowed(unavailable) }).toEqual({
      status: 503,
      allowed: TEST.origin,
    });
    expect(unavailable.headers).toMatchObject({
      'retry-after': expect.any(String),
      'access-control-expose-headers': expect.stringContaining('retry-after'),
    });
    expect(long).toBeLessThan(8_500);
  });

  it('delay a request for at most a second when they were never read', async () => {
    odd.answers('silence');
    // What asks for a transaction has read the app.
    const started = await aReplicaOf(app);
    try {
      for (const ask of [() => preflight(TEST.origin, started), () => list(undefined, started)]) {
        const [answer, duration] = await timed(ask());
        expect(answer.status).toBeLessThan(500);
        expect(allowed(answer)).toBeUndefined();
        expect(duration).toBeLessThan(1_500);
      }
    } finally {
      await started.close();
    }
  });

  it('are read again at most every five seconds, and can change', async () => {
    await preflight();
    odd.answers(foreign({ app: { auth_origin: 'https://new.shop.example' } }));
    for (let i = 0; i < 20; i++) await preflight();
    expect(timesAsked()).toBe(0);
    ahead = 6 * SECOND;
    await Promise.all(Array.from({ length: 20 }, () => preflight()));
    while (!allowed(await preflight('https://new.shop.example'))) await pause(10);
    expect(allowed(await preflight())).toBeUndefined();
    expect(timesAsked()).toBe(1);
  });
});
