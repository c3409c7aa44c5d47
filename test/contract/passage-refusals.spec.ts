import { setTimeout } from 'node:timers/promises';
import { jest } from '@jest/globals';
import { Logger } from '@nestjs/common';
import { AppError } from '../../src/errors/app-error.js';
import { Unavailable } from '../../src/errors/unavailable.js';
import type { Passage } from '../../src/passage/passage.js';
import { foreign, ID, type OddAnswer, OddProvider, refusal } from '../support/odd-provider.js';
import { BRIEF, CALLS, failureOf, keepLog, remotePassage, unavailable } from '../support/providers.js';

/** Every refusal that the protocol has for servers. */
const REFUSALS = [
  '400 invalid_request',
  '401 invalid_access_token',
  '401 invalid_nonce',
  '403 cannot_create_transaction',
  '403 operation_not_allowed',
  '403 user_not_active',
  '404 app_not_found',
  '404 device_not_found',
  '404 invalid_request',
  '404 transaction_not_found',
  '404 user_not_found',
  '405 invalid_request',
  '409 user_has_no_passkeys',
  '413 invalid_request',
  '415 invalid_request',
  '429 exceeded_attempts',
];

const NO_SUCH_DEVICE = {
  '404 device_not_found': 'device_not_found',
  '404 user_not_found': 'device_not_found',
};
/** What a call answers to a refusal of the last thing that it asks for; to any other, that the provider is unavailable. */
const MEANINGS: Record<string, Record<string, string>> = {
  getApp: {},
  getUser: { '404 user_not_found': 'nothing' },
  getDevices: { '404 user_not_found': 'nothing' },
  getHistory: {
    '400 invalid_request': 'invalid_request',
    '403 operation_not_allowed': 'access_denied',
    '404 invalid_request': 'access_denied',
    '405 invalid_request': 'access_denied',
  },
  renameDevice: {
    ...NO_SUCH_DEVICE,
    '400 invalid_request': 'invalid_request',
    '403 operation_not_allowed': 'access_denied',
    '404 invalid_request': 'access_denied',
    '405 invalid_request': 'access_denied',
  },
  revokeDevice: { ...NO_SUCH_DEVICE, '403 operation_not_allowed': 'access_denied' },
  createRegisterTransaction: {
    '400 invalid_request': 'invalid_request',
    '403 cannot_create_transaction': 'access_denied',
    '403 operation_not_allowed': 'too_many_passkeys',
    '403 user_not_active': 'user_not_active',
    '404 user_not_found': 'user_not_found',
  },
  createAuthenticateTransaction: {
    '403 cannot_create_transaction': 'access_denied',
    '403 operation_not_allowed': 'access_denied',
    '403 user_not_active': 'user_not_active',
    '404 user_not_found': 'user_not_found',
    '409 user_has_no_passkeys': 'user_has_no_passkeys',
  },
  eraseUser: {
    '403 operation_not_allowed': 'access_denied',
    '404 invalid_request': 'access_denied',
    '404 user_not_found': 'user_not_found',
    '405 invalid_request': 'access_denied',
  },
  verifyNonce: { '400 invalid_request': 'invalid_nonce', '401 invalid_nonce': 'invalid_nonce' },
};
const ON_DEVICES = ['renameDevice', 'revokeDevice'];
const HTML = '<!doctype html><title>hunter3</title>';

describe('refusals of the provider', () => {
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

  /** Refuses the last thing that the call asks for; what else it needs is there. */
  const refuserFor = (name: string) => (answer: OddAnswer) =>
    odd.answers((request) => {
      const isSearch = request.url.includes('identifier=') && name !== 'getUser';
      const isApp = request.url.endsWith('/shop') && name !== 'getApp';
      const isUser = request.method === 'GET' && name === 'eraseUser';
      return isSearch || isApp || isUser ? foreign()(request) : answer;
    });
  const outcomeOf = (name: string): Promise<string> =>
    CALLS[name]!(passage).then(
      () => 'nothing',
      (error: unknown) =>
        error instanceof AppError || error instanceof Unavailable ? error.code : String(error),
    );

  /** What the call answers where the refusal is something else than the provider's trouble, which is logged. */
  const meaningsFor = async (name: string, refuse: (answer: OddAnswer) => void) => {
    const meanings: Record<string, string> = {};
    for (const each of REFUSALS) {
      const [status, code] = each.split(' ') as [string, string];
      refuse(refusal(Number(status), code));
      logged.length = 0;
      const outcome = await outcomeOf(name);
      const isTrouble = outcome === 'provider_unavailable';
      expect(logged).toEqual(isTrouble ? [expect.stringContaining(` with ${each}: `)] : []);
      if (!isTrouble) meanings[each] = outcome;
    }
    return meanings;
  };

  it.each(Object.keys(CALLS))(
    'cause in %s the error of its contract, and otherwise an outage',
    async (name) => {
      expect(await meaningsFor(name, refuserFor(name))).toEqual(MEANINGS[name]);
    },
  );

  it.each([
    ['createRegisterTransaction', 'too_many_passkeys', 'too_many_passkeys'],
    ['createRegisterTransaction', 'user_not_active', 'user_not_active'],
    ['createAuthenticateTransaction', 'user_not_active', 'user_not_active'],
    ['createAuthenticateTransaction', 'too_many_passkeys', 'access_denied'],
    ['createRegisterTransaction', '<b>', 'access_denied'],
  ])(
    'cause in %s what they say is the reason, if it is one of the contract: %s',
    async (name, reason, code) => {
      const body = { code: 'cannot_create_transaction', error: 'No.', reason };
      refuserFor(name)({ status: 403, body });
      expect(await outcomeOf(name)).toBe(code);
    },
  );

  it.each(ON_DEVICES)(
    'of the user lookup cause device_not_found in %s if the user is unknown, and otherwise an outage',
    async (name) => {
      const meanings = await meaningsFor(name, (answer) => odd.answers(answer));
      expect(meanings).toEqual({ '404 user_not_found': 'device_not_found' });
    },
  );

  it.each(Object.keys(CALLS))(
    'without a code of the protocol are an outage for %s, and are logged',
    async (name) => {
      for (const status of [400, 401, 403, 404, 405, 409, 413, 418]) {
        for (const body of [HTML, '', '"no"', { error: 'No.' }, { code: '<b>hunter3</b>\n' }]) {
          refuserFor(name)({ status, headers: { 'content-type': 'text/html' }, body });
          await unavailable(passage, name, 'provider_unexpected');
        }
        expect(logged.at(-1)).toContain(
          ` with ${status} and no code of the protocol: check that PASSAGE_BASE_URL`,
        );
      }
      expect(logged).toHaveLength(8);
      expect(logged.join()).not.toMatch(/hunter|ada|dev_1|Vw2/);
    },
  );

  it('of our key name the wrong setting in the log once, however many calls they fail', async () => {
    odd.answers(refusal(401, 'invalid_access_token'));
    for (let i = 0; i < 200; i++) await unavailable(passage, 'verifyNonce', 'provider_key_refused');
    expect(logged).toEqual([expect.stringMatching(/verify with 401 .*PASSAGE_API_KEY(?!.*hunter2)/)]);
    odd.answers(refusal(404, 'app_not_found'));
    await unavailable(passage, 'verifyNonce', 'provider_unexpected');
    expect(logged.slice(1)).toEqual([expect.stringMatching(/404 app_not_found: .* PASSAGE_APP_ID/)]);
  });

  it('are logged once a minute each, at most a hundred different ones', async () => {
    const now = Date.now.bind(Date);
    let ahead = 0;
    const clock = jest.spyOn(Date, 'now').mockImplementation(() => now() + ahead);
    try {
      const askAll = async () => {
        for (let i = 0; i < 120; i++) {
          odd.answers(refusal(418, `kind_${i}`));
          await unavailable(passage, 'getUser', 'provider_unexpected');
        }
      };
      await askAll();
      ahead = 50_000;
      await askAll();
      expect(new Set(logged).size).toBe(100);
      expect(logged).toHaveLength(100);
      ahead = 61_000;
      await setTimeout(10); // the cache keeps its reading of the clock for a millisecond
      await unavailable(passage, 'getUser', 'provider_unexpected');
      expect(logged[100]).toMatch(
        /GET \/apps\/\{app\}\/users with 418 kind_119: check that PASSAGE_BASE_URL/,
      );
    } finally {
      clock.mockRestore();
    }
  });

  it('are final: a refused request is not sent again', async () => {
    for (const [status, code] of [
      [401, 'invalid_nonce'],
      [401, 'invalid_access_token'],
      [404, 'app_not_found'],
    ] as const) {
      odd.answers(refusal(status, code));
      await failureOf(passage.verifyNonce('nonce'));
      expect(odd.requests).toHaveLength(1);
    }
  });

  describe('the response to a revocation', () => {
    const answersRevocation = (answer: OddAnswer) =>
      odd.answers((request) => (request.method === 'DELETE' ? answer : foreign()(request)));

    it.each([200, 204])('succeeds with status %d and no body', async (status) => {
      answersRevocation({ status });
      await expect(passage.revokeDevice('ada', 'dev_1')).resolves.toBeUndefined();
      expect(odd.requests.at(-1)!.url).toBe(`/v1/apps/shop/users/${ID}/devices/dev_1`);
    });

    it.each<[string, OddAnswer]>([
      ['an HTML page', { headers: { 'content-type': 'text/html' }, body: HTML }],
      ['a refusal with status 200', { body: { code: 'device_not_found' } }],
      ['status 202', { status: 202 }],
    ])('is an outage if it is %s', async (_what, answer) => {
      answersRevocation(answer);
      await unavailable(passage, 'revokeDevice', 'provider_unintelligible');
      expect(logged).toEqual([
        expect.stringContaining(
          'DELETE /apps/{app}/users/{user}/devices/{device} with an answer that is not of the protocol',
        ),
      ]);
    });
  });
});
