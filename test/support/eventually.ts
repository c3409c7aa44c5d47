import { setTimeout as pause } from 'node:timers/promises';

const PATIENCE = 15_000; // ms

/** Repeats what throws as long as things are still on their way; in the end, throws what it threw last. */
export async function eventually<T>(check: () => T | Promise<T>): Promise<T> {
  const limit = Date.now() + PATIENCE;
  for (;;) {
    try {
      return await check();
    } catch (error) {
      if (Date.now() > limit) throw error;
      await pause(20);
    }
  }
}
