import { MAX_ATTEMPTS, pauseAfter } from './webhook-schedule.js';

const pauses = (random: number) =>
  Array.from({ length: MAX_ATTEMPTS }, (_, index) => pauseAfter(index + 1, random));

it('tries ten times over three days, each pause longer than the one before', () => {
  const all = pauses(0.5);
  expect(all).toHaveLength(10);
  expect(all.at(-1)).toBeNull();
  const seconds = all.slice(0, -1) as number[];
  expect(seconds).toEqual(seconds.toSorted((a, b) => a - b));
  expect(seconds.reduce((sum, each) => sum + each, 0) / 86_400).toBeCloseTo(3, 1);
});

it('spreads what failed together by a tenth either way', () => {
  expect(pauseAfter(2, 0)).toBeCloseTo(54);
  expect(pauseAfter(2, 0.999_999)).toBeCloseTo(66, 3);
});
