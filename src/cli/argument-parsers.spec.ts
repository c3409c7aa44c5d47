import { countWithin, duration, durationWithin, pointInTime, spell } from './argument-parsers.js';

it.each([
  ['300', 300],
  ['45s', 45],
  ['15m', 900],
  ['12h', 43_200],
  ['90d', 7_776_000],
  ['3650d', 315_360_000],
])('reads %s as %i seconds', (text, seconds) => expect(duration(text)).toBe(seconds));

it.each(['', '0', '0d', '-1d', '1.5h', '90 d', '90D', '1w', 'default', '3651d', '999999999d', '1e3'])(
  'refuses %j',
  (text) => expect(() => duration(text)).toThrow(/Give a time such as 90d/),
);

it('reads a duration within limits, and says them', () => {
  const nonceTtl = durationWithin({ from: 30, to: 3_600 });
  expect(['30', '2m', '1h'].map(nonceTtl)).toEqual([30, 120, 3_600]);
  for (const text of ['29s', '61m', '90d', 'soon', '0']) {
    expect(() => nonceTtl(text)).toThrow('Give a time from 30s to 1h.');
  }
});

it('spells seconds in their largest even unit', () =>
  expect([30, 90, 300, 3_600, 86_400].map(spell)).toEqual(['30s', '90s', '5m', '1h', '1d']));

it('reads a whole number within limits, and says them', () => {
  const count = countWithin({ from: 1, to: 1_000 });
  expect(['1', '50', '1000'].map(count)).toEqual([1, 50, 1_000]);
  for (const text of ['0', '1001', '-1', '1.5', '1e2', '010', 'x', '']) {
    expect(() => count(text)).toThrow('Give a whole number from 1 to 1000.');
  }
});

it('reads a point in time, or how long ago it was', () => {
  expect(pointInTime('2026-11-22')).toEqual(new Date('2026-11-22T00:00:00Z'));
  expect(pointInTime('2026-11-22T18:00+01:00')).toEqual(new Date('2026-11-22T17:00:00Z'));
  expect(Math.abs(Date.now() - 172_800_000 - pointInTime('2d').getTime())).toBeLessThan(5_000);
  for (const text of ['', 'yesterday', '2026-13-01', '2026-11-22T18:00:00', '22.11.2026', '-2d']) {
    expect(() => pointInTime(text)).toThrow(/Give a time such as 2026-11-22T18:00:00Z/);
  }
});
