/** Seconds from each attempt that fails to the next: ten attempts within three days. */
const PAUSES = [5, 60, 300, 1_800, 7_200, 18_000, 43_200, 72_000, 115_200];
const JITTER = 0.1;

/** How often a delivery is attempted before it is dead. */
export const MAX_ATTEMPTS = PAUSES.length + 1;

/**
 * Seconds until a delivery is tried again after its attempt `attempts`, the first being 1, give or take a tenth, so that what
 * failed together is not tried again together; null after the last one. `random` is from 0 up to 1.
 */
export function pauseAfter(attempts: number, random = Math.random()): number | null {
  const pause = PAUSES[attempts - 1];
  return pause === undefined ? null : pause * (1 - JITTER + 2 * JITTER * random);
}
