import type { Lifetimes } from './configuration.js';

interface LifetimeRule {
  readonly from: number;
  readonly to: number;
  readonly fallback: number;
}

/** Seconds, wherever a lifetime is told: in the environment, or for one app. */
export const LIFETIMES = {
  handshake: { from: 30, to: 900, fallback: 300 },
  registerTransaction: { from: 60, to: 86_400, fallback: 300 },
  authenticateTransaction: { from: 60, to: 86_400, fallback: 900 },
  nonce: { from: 30, to: 3_600, fallback: 300 },
} as const satisfies Record<keyof Lifetimes, LifetimeRule>;
