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
  /** AAGUIDs of the data whose icons are the provider's mark. */
  drawnModels: new Set([
    'fbfc3007-154e-4ecc-8c0b-6e020557d7bd',
    'ea9b8d66-4d01-1d21-3ce4-b6b48cb575d4',
    'cb69481e-8ff7-4039-93ec-0a2729a154a8',
  ]),
  /** Connections to PostgreSQL that each server may hold. */
  poolMax: 10,
  /** Seconds. */
  handshakeLifetime: 300,
  nonceLifetime: 300,
} as const;

/** The `sub` claim of the nth user, from 1. */
export const subjectOf = (n: number): string => `user-${String(n).padStart(6, '0')}`;

/** The `preferred_username` claim of the nth user. */
export const usernameOf = (n: number): string => `user${n}@shop.example`;

export const SIGN_IN_PATH = `/v1/apps/${FIXTURE.appId}/authenticate/transactions/webauthn`;

const ADDRESSES = 10_000; // far too many for any of them to reach the limit of requests from one address

/** The headers of a JSON body from the nth address behind the proxy, from 0. */
export function jsonFrom(n: number): Record<string, string> {
  const i = n % ADDRESSES;
  return { 'content-type': 'application/json', 'x-forwarded-for': `10.20.${i >> 8}.${i & 255}` };
}
