import { duration } from './duration.js';

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
