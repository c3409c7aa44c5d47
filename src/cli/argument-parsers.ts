import { InvalidArgumentError } from 'commander';

const SECONDS = { d: 86_400, h: 3_600, m: 60, s: 1 } as const;
const DURATION = /^([1-9]\d{0,8})([smhd])?$/;
const TEN_YEARS = { from: 1, to: 10 * 365 * SECONDS.d };
const TIME = /^\d{4}-\d\d-\d\d(T\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:\d\d))?$/;

/** Both ends are allowed. */
export interface Range {
  readonly from: number;
  readonly to: number;
}

/** How a duration without limits of its own is written, for the help of an option. */
export const DURATION_HELP = 'such as 90d, 12h, 15m or 300s, a bare number being seconds; ten years at most';

/** Reads `90d`, `12h`, `15m`, `300s` or `300` as seconds. Throws commander’s error about an argument. */
export function duration(text: string): number {
  const seconds = secondsOf(text, TEN_YEARS);
  if (seconds !== null) return seconds;
  throw new InvalidArgumentError('Give a time such as 90d, 12h, 15m or 300s, ten years at most.');
}

/** The same within a range of seconds. */
export const durationWithin =
  (range: Range) =>
  (text: string): number => {
    const seconds = secondsOf(text, range);
    if (seconds !== null) return seconds;
    throw new InvalidArgumentError(`Give a time from ${spell(range.from)} to ${spell(range.to)}.`);
  };

/** Seconds as `duration` reads them, in the largest unit that is even: `15m`. */
export function spell(seconds: number): string {
  const [unit, size] = Object.entries(SECONDS).find(([, each]) => seconds % each === 0)!;
  return `${seconds / size}${unit}`;
}

/** Reads a whole number. Throws commander’s error about an argument. */
export const countWithin =
  ({ from, to }: Range) =>
  (text: string): number => {
    const count = /^[1-9]\d{0,8}$/.test(text) ? Number(text) : NaN;
    if (count >= from && count <= to) return count;
    throw new InvalidArgumentError(`Give a whole number from ${from} to ${to}.`);
  };

/** Reads a point in time, ISO 8601 with its zone, or how long ago it was. Throws commander’s error about an argument. */
export function pointInTime(text: string): Date {
  const ago = secondsOf(text, TEN_YEARS);
  const time = ago === null ? new Date(TIME.test(text) ? text : NaN) : new Date(Date.now() - ago * 1_000);
  if (!Number.isNaN(time.getTime())) return time;
  throw new InvalidArgumentError('Give a time such as 2026-11-22T18:00:00Z, or how long ago, such as 2d.');
}

function secondsOf(text: string, { from, to }: Range): number | null {
  const [, count, unit] = DURATION.exec(text) ?? [];
  const seconds = Number(count) * SECONDS[(unit ?? 's') as keyof typeof SECONDS];
  return seconds >= from && seconds <= to ? seconds : null;
}
