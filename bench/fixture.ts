/** What the data, the tokens and both servers of a run agree on. */
export const FIXTURE = {
  appId: 'shop',
  appName: 'The Shop',
  rpId: 'shop.example',
  origin: 'https://shop.example',
  publicUrl: 'https://passkeys.shop.example',
  issuer: 'https://login.shop.example',
  audience: 'keyway',
  users: 20_000,
  passkeysPerUser: 3,
  /** Connections to PostgreSQL that each server may hold. */
  poolMax: 10,
  /** Seconds. */
  handshakeLifetime: 300,
} as const;

/** The `sub` claim of the nth user, from 1. */
export const subjectOf = (n: number): string => `user-${String(n).padStart(6, '0')}`;

/** The `preferred_username` claim of the nth user. */
export const usernameOf = (n: number): string => `user${n}@shop.example`;
