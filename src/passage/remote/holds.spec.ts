import { Holds } from './holds.js';
import { Outage } from './outage.js';

const waitFor = (holds: Holds, route: string): number | undefined => {
  try {
    holds.check(route);
    return 0;
  } catch (error) {
    return (error as Outage).retryAfter;
  }
};

it('a longer Retry-After of the provider is not shortened by a later one, on any route', () => {
  const holds = new Holds();
  for (const retryAfter of [300, 1]) holds.heed('/users', new Outage('provider_failed', { retryAfter }));
  expect(waitFor(holds, '/users')).toBe(300);
  expect(waitFor(holds, '/other')).toBe(300);
});

it('a throttled route is on hold, and other routes are not', () => {
  const holds = new Holds();
  holds.heed('/users', new Outage('provider_throttled', { retryAfter: 60 }));
  expect(waitFor(holds, '/users')).toBe(60);
  expect(waitFor(holds, '/other')).toBe(0);
});
