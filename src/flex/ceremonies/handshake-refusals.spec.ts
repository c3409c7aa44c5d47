import { jest } from '@jest/globals';
import { DatabaseClock } from '../../database/database-clock.js';
import { HandshakeRefusals } from './handshake-refusals.js';

const MINUTE = 60_000; // ms

describe('HandshakeRefusals', () => {
  beforeEach(() => {
    jest.useFakeTimers({ now: 1_000_000_000 });
  });
  afterEach(() => {
    jest.useRealTimers();
  });

  const made = () =>
    new HandshakeRefusals(new DatabaseClock({ readClock: () => Promise.reject(new Error()) }));
  const aHandshake = (challenge = 'challenge') => ({ challenge, expiresAt: (Date.now() + MINUTE) / 1000 });
  const costs = (refusals: HandshakeRefusals, handshake: ReturnType<typeof aHandshake>, times: number) =>
    Array.from({ length: times }, () => refusals.count(handshake, false).cost);

  it('counts a refusal as ten requests from the third refusal of a handshake on', () => {
    const refusals = made();
    expect(costs(refusals, aHandshake(), 5)).toEqual([1, 1, 10, 10, 10]);
    expect(costs(refusals, aHandshake('another'), 3)).toEqual([1, 1, 10]);
  });

  it('has the first three refusals of a handshake written, and the first three of those that a signature proved', () => {
    const refusals = made();
    const handshake = aHandshake();
    const written = (isProven: boolean) =>
      Array.from({ length: 5 }, () => refusals.count(handshake, isProven).isWritten);
    expect(written(false)).toEqual([true, true, true, false, false]);
    expect(written(true)).toEqual([true, true, true, false, false]);
    expect(refusals.count(aHandshake('another'), false).isWritten).toBe(true);
  });

  it('remembers a handshake until it expires', () => {
    const refusals = made();
    const handshake = aHandshake();
    expect(costs(refusals, handshake, 2)).toEqual([1, 1]);
    jest.advanceTimersByTime(MINUTE - 10);
    expect(refusals.count(handshake, false)).toEqual({ number: 3, cost: 10, isWritten: true });
    jest.advanceTimersByTime(20);
    expect(refusals.count(handshake, false)).toEqual({ number: 1, cost: 1, isWritten: true });
    jest.advanceTimersByTime(20);
    expect(costs(refusals, handshake, 3)).toEqual([1, 1, 10]);
  });

  it('forgets the handshakes with the oldest refusals when there are more than it keeps', () => {
    const refusals = made();
    expect(costs(refusals, aHandshake('first'), 3)).toEqual([1, 1, 10]);
    for (let i = 0; i < 20_000; i++) refusals.count(aHandshake(`stranger-${i}`), false);
    expect(costs(refusals, aHandshake('first'), 3)).toEqual([1, 1, 10]);
  });
});
