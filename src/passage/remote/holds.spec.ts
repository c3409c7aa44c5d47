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

it('leaves a provider alone for as long as it said, whatever another answer of it says later', () => {
  const holds = new Holds();
  for (const retryAfter of [300, 1]) holds.heed('/users', new Outage('provider_failed', { retryAfter }));
  expect(waitFor(holds, '/users')).toBe(300);
  expect(waitFor(holds, '/other')).toBe(300);
});

it('leaves one route alone that is asked too often', () => {
  const holds = new Holds();
  holds.heed('/users', new Outage('provider_throttled', { retryAfter: 60 }));
  expect(waitFor(holds, '/users')).toBe(60);
  expect(waitFor(holds, '/other')).toBe(0);
});
