import { setTimeout as pause } from 'node:timers/promises';
import { Logger } from '@nestjs/common';
import type { Passage } from '../../src/passage/passage.js';
import { DEVICE, foreign, ID, OddProvider, refusal } from '../support/odd-provider.js';
import { BRIEF, CALLS, failureOf, keepLog, remotePassage, unavailable } from '../support/providers.js';

const READS = ['getApp', 'getUser', 'getDevices'];
const WRITES = ['createRegisterTransaction', 'createAuthenticateTransaction', 'verifyNonce'];
/** For a server that never answers. */
const HASTY = { ...BRIEF, request: 150 };

describe('outages of the provider', () => {
  let odd: OddProvider;
  let passage: Passage;
  let logged: string[];

  beforeEach(async () => {
    odd = await new OddProvider().start();
    passage = remotePassage(odd.settings, BRIEF);
    logged = keepLog();
  });
  afterEach(async () => {
    Logger.overrideLogger(false);
    await odd?.stop();
  });

  describe('a failing provider', () => {
    it.each(READS)('is retried by %s at most twice', async (name) => {
      for (const [answer, reason] of [
        [{ status: 500 }, 'provider_failed'],
        [{ status: 502, body: '<html>Bad gateway' }, 'provider_failed'],
        ['reset', 'provider_unreachable'],
        ['silence', 'provider_timeout'],
      ] as const) {
        odd.answers(answer);
        const asking = remotePassage(odd.settings, answer === 'silence' ? HASTY : BRIEF);
        await unavailable(asking, name, reason);
        // The list of passkeys needs the app besides, and asks for both at once.
        const asked = odd.requests.filter(({ url }) => name === 'getApp' || url.includes('/users'));
        expect(asked).toHaveLength(3);
      }
    });

    it.each(READS)('can recover while %s retries', async (name) => {
      const healthy = foreign();
      let failures = 2;
      odd.answers((request) => (failures-- > 0 ? { status: 503 } : healthy(request)));
      await expect(CALLS[name]!(passage)).resolves.toBeTruthy();
    });

    it.each(WRITES)('is not retried by %s once a request may have reached it', async (name) => {
      for (const [answer, reason] of [
        [{ status: 500 }, 'provider_failed'],
        ['reset', 'provider_unreachable'],
        ['silence', 'provider_timeout'],
      ] as const) {
        odd.answers(answer);
        await unavailable(answer === 'silence' ? remotePassage(odd.settings, HASTY) : passage, name, reason);
        expect(odd.requests).toHaveLength(1);
      }
    });

    it('delays a call no longer than the limit of the whole call', async () => {
      odd.answers('silence');
      const slow = remotePassage(odd.settings, { ...BRIEF, whole: 500 });
      const begun = performance.now();
      await unavailable(slow, 'getUser', 'provider_timeout');
      expect(performance.now() - begun).toBeLessThan(1_900);
    });

    it('delays a call no longer than the limit when its body trickles in', async () => {
      odd.answers({ headers: { 'content-length': '1000' }, body: '{"users":' });
      await unavailable(remotePassage(odd.settings, HASTY), 'getUser', 'provider_timeout');
    });
  });

  describe('a provider that is down', () => {
    it.each(Object.keys(CALLS))('makes %s unavailable', async (name) => {
      await odd.stop();
      await unavailable(passage, name, 'provider_unreachable');
      expect(odd.requests).toEqual([]);
    });

    it.each(Object.keys(CALLS))('can start while %s retries', async (name) => {
      odd.answers((request) =>
        request.method === 'PATCH' ? { body: { device: DEVICE } } : foreign()(request),
      );
      await odd.stop();
      const patient = remotePassage(odd.settings, { ...BRIEF, retries: 20, maxPause: 100 });
      const result = CALLS[name]!(patient);
      await pause(30);
      await odd.start();
      await expect(result).resolves.not.toThrow();
    });

    it('is reported as unreachable when its host name does not resolve', async () => {
      const nowhere = remotePassage({ ...odd.settings, baseUrl: 'https://keyway.invalid/v1' }, BRIEF);
      await unavailable(nowhere, 'verifyNonce', 'provider_unreachable');
    });
  });

  describe('a provider that sends Retry-After', () => {
    const busy = (status: number, seconds: string) => ({ status, headers: { 'retry-after': seconds } });

    it('gets no request from any call until the time is over', async () => {
      odd.answers(busy(503, '60'));
      expect(await unavailable(passage, 'getUser', 'provider_failed')).toMatchObject({ retryAfter: 60 });
      for (const name of Object.keys(CALLS)) {
        const { retryAfter } = await unavailable(passage, name, 'provider_on_hold');
        expect([59, 60]).toContain(retryAfter);
      }
      expect(odd.requests).toHaveLength(1);
      expect(logged).toEqual([expect.stringMatching(/ GET .*users with 503: it gets no requests/)]);

      const another = remotePassage(odd.settings, BRIEF);
      odd.answers(busy(503, '1'));
      await unavailable(another, 'verifyNonce', 'provider_failed');
      odd.answers(foreign());
      await unavailable(another, 'verifyNonce', 'provider_on_hold');
      await pause(1_100);
      await expect(another.verifyNonce('nonce')).resolves.toMatchObject({ externalId: 'ada' });
    });

    it('is left alone for the longest time that it asked for, also when a later answer asks for less', async () => {
      const seconds = ['60', '1'];
      odd.answers(async () => {
        const next = seconds.shift()!;
        if (next === '1') await pause(50);
        return busy(503, next);
      });
      await Promise.all(
        ['getUser', 'verifyNonce'].map((name) => unavailable(passage, name, 'provider_failed')),
      );
      const { retryAfter } = await unavailable(passage, 'getUser', 'provider_on_hold');
      expect([59, 60]).toContain(retryAfter);
    });

    it('gets no request for at most five minutes', async () => {
      odd.answers(busy(503, '86400'));
      await unavailable(passage, 'getUser', 'provider_failed');
      const { retryAfter } = await unavailable(passage, 'getUser', 'provider_on_hold');
      expect(retryAfter).toBeLessThanOrEqual(300);
    });

    it('with 429 on one route is not asked twice by one call, and still gets requests on other routes', async () => {
      odd.answers((request) =>
        request.url.endsWith('/verify') || request.url.endsWith('/shop')
          ? busy(429, '17')
          : foreign()(request),
      );
      for (const name of ['verifyNonce', 'getApp']) {
        expect(await unavailable(passage, name, 'provider_throttled')).toMatchObject({ retryAfter: 17 });
      }
      expect(odd.requests).toHaveLength(2);
      expect(await passage.getUser('ada')).toMatchObject({ id: ID });
      expect(await passage.createRegisterTransaction('ada', 'Ada')).toBe('tx');
    });
  });

  describe('the circuit', () => {
    const LIMITS = { ...BRIEF, failures: 5, rest: 1_500 };
    let guarded: Passage;
    beforeEach(() => (guarded = remotePassage(odd.settings, LIMITS)));

    const fail = async (times: number) => {
      for (let i = 0; i < times; i++) await unavailable(guarded, 'verifyNonce', 'provider_failed');
    };

    it('opens after five failures in a row, then fails at once, and closes again', async () => {
      odd.answers({ status: 500 });
      await fail(5);
      expect(odd.requests).toHaveLength(5);
      const begun = performance.now();
      for (const name of Object.keys(CALLS)) {
        const { retryAfter } = await unavailable(guarded, name, 'provider_circuit_open');
        expect(retryAfter).toBeLessThanOrEqual(2);
      }
      expect(performance.now() - begun).toBeLessThan(1_000);
      expect(odd.requests).toHaveLength(5);

      odd.answers(foreign());
      await pause(LIMITS.rest);
      expect(await guarded.verifyNonce('nonce')).toMatchObject({ externalId: 'ada' });
      expect(await guarded.getUser('ada')).toMatchObject({ id: ID });
      expect(logged).toEqual([
        'The passkey provider is asked nothing for 1500 ms: provider_failed',
        'The passkey provider answers again',
      ]);
    });

    it('stays closed while calls succeed between the failures', async () => {
      odd.answers((request) => (request.method === 'GET' ? foreign()(request) : { status: 500 }));
      for (let i = 0; i < 10; i++) {
        await fail(1);
        expect(await guarded.getUser('ada')).toMatchObject({ id: ID });
      }
      expect(logged).toEqual([]);
    });

    it('does not let a call that waited for the trial request exceed its own time limit', async () => {
      const hasty = remotePassage(odd.settings, { ...LIMITS, failures: 1, rest: 200, whole: 600 });
      odd.answers({ status: 500 });
      await unavailable(hasty, 'verifyNonce', 'provider_failed');
      await pause(200);
      const answers = [pause(300).then(() => foreign()), undefined];
      odd.answers(async (request) => (await answers.shift())?.(request) ?? 'silence');
      const trial = hasty.verifyNonce('one');
      const waiting = unavailable(hasty, 'verifyNonce', 'provider_timeout');
      await expect(trial).resolves.toMatchObject({ externalId: 'ada' });
      await pause(100);
      expect({ asked: odd.requests.length, waiting: odd.waiting }).toEqual({ asked: 2, waiting: 1 });
      await waiting;
      await pause(100);
      expect({ asked: odd.requests.length, waiting: odd.waiting }).toEqual({ asked: 2, waiting: 0 });
    });

    it('stays open if the trial request fails', async () => {
      odd.answers({ status: 500 });
      await fail(5);
      await pause(LIMITS.rest);
      const asked = Array.from({ length: 20 }, () => failureOf(guarded.verifyNonce('nonce')));
      const reasons = (await Promise.all(asked)).map(({ reason }) => reason);
      expect(reasons.filter((it) => it === 'provider_failed')).toHaveLength(1);
      expect(reasons.filter((it) => it === 'provider_circuit_open')).toHaveLength(19);
      expect(odd.requests).toHaveLength(6);
    });

    it('counts retries, and logs the network error', async () => {
      await odd.stop();
      await unavailable(guarded, 'getUser', 'provider_unreachable');
      await unavailable(guarded, 'getUser', 'provider_circuit_open');
      expect(logged).toEqual([
        'The passkey provider is asked nothing for 1500 ms: provider_unreachable (ECONNREFUSED)',
      ]);
    });

    it('counts timeouts, but not invalid responses, which may concern one user', async () => {
      const hasty = remotePassage(odd.settings, { ...LIMITS, request: 1_000 });
      odd.answers({ body: '[]' });
      for (let i = 0; i < 10; i++) {
        await unavailable(hasty, 'getUser', 'provider_unintelligible');
        await unavailable(hasty, 'verifyNonce', 'provider_unintelligible');
      }
      odd.answers(foreign());
      expect(await hasty.getUser('ada')).toMatchObject({ id: ID });
      odd.answers('silence');
      for (let i = 0; i < 5; i++) await unavailable(hasty, 'verifyNonce', 'provider_timeout');
      await unavailable(hasty, 'verifyNonce', 'provider_circuit_open');
    });

    it('resets its count on a refusal, which shows that the provider works', async () => {
      odd.answers({ status: 500 });
      await fail(4);
      odd.answers(refusal(401, 'invalid_nonce'));
      for (let i = 0; i < 20; i++) {
        expect(await failureOf(guarded.verifyNonce('nonce'))).toMatchObject({ code: 'invalid_nonce' });
      }
      odd.answers({ status: 500 });
      await fail(4);
      odd.answers(foreign());
      expect(await guarded.verifyNonce('nonce')).toMatchObject({ externalId: 'ada' });
    });
  });
});
