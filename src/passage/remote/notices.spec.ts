import { setTimeout as pause } from 'node:timers/promises';
import { jest } from '@jest/globals';
import { Logger } from '@nestjs/common';
import { Notices } from './notices.js';
import { Outage } from './outage.js';

const REFUSED = new Outage('provider_key_refused', { answer: '401 invalid_access_token' });
const SILENCE = 50; // ms

describe('Notices', () => {
  let told: string[];
  beforeEach(() => {
    told = [];
    jest.spyOn(Logger.prototype, 'error').mockImplementation((text) => void told.push(String(text)));
  });
  afterEach(() => jest.restoreAllMocks());

  it('logs each kind of failure once, and again after the interval', async () => {
    const notices = new Notices(SILENCE);
    const tellAll = () => {
      for (let i = 0; i < 100; i++) {
        notices.tell('GET /users', REFUSED);
        notices.tell('POST /verify', REFUSED);
        notices.tell('GET /users', new Outage('provider_unexpected', { answer: '404 app_not_found' }));
      }
    };
    tellAll();
    expect(told).toEqual([
      'The passkey provider answers GET /users with 401 invalid_access_token: set PASSAGE_API_KEY to a valid key of PASSAGE_APP_ID.',
      expect.stringContaining('POST /verify with 401'),
      expect.stringContaining('GET /users with 404 app_not_found'),
    ]);
    await pause(SILENCE * 2);
    tellAll();
    expect(told).toHaveLength(6);
  });
});
