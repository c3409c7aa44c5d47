import { parseRetryAfter } from './retry-after.js';

const NOW = Date.UTC(2026, 10, 22, 18, 0, 0);

describe('parseRetryAfter', () => {
  it.each([
    ['17', 17],
    ['0', 1],
    ['86400', 300],
    ['Sun, 22 Nov 2026 18:00:30 GMT', 30],
    ['Sun, 22 Nov 2026 17:00:00 GMT', 1],
  ])('reads %s as %d seconds', (header, seconds) => expect(parseRetryAfter(header, NOW)).toBe(seconds));

  it.each([null, '', 'soon', '-'])('returns undefined for %j', (header) =>
    expect(parseRetryAfter(header, NOW)).toBeUndefined(),
  );
});
