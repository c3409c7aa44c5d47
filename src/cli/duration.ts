import { InvalidArgumentError } from 'commander';

const SECONDS = { s: 1, m: 60, h: 3_600, d: 86_400 } as const;
const DURATION = /^([1-9]\d{0,8})([smhd])?$/;
const MAX = 10 * 365 * SECONDS.d;

/** How a duration is written, for the help of an option. */
export const DURATION_HELP = 'such as 90d, 12h, 15m or 300s, a bare number being seconds';

/** Reads `90d`, `12h`, `15m`, `300s` or `300` as seconds. Throws commander’s error about an argument. */
export function duration(text: string): number {
  const [, count, unit] = DURATION.exec(text) ?? [];
  const seconds = Number(count) * SECONDS[(unit ?? 's') as keyof typeof SECONDS];
  if (seconds <= MAX) return seconds;
  throw new InvalidArgumentError('Give a time such as 90d, 12h, 15m or 300s, ten years at most.');
}
