import { createHmac, createSecretKey, hkdfSync, type KeyObject, timingSafeEqual } from 'node:crypto';
import type { UserVerification } from '../../webauthn/relying-party.js';
import type { CeremonyKind } from '../transactions/ceremony-kind.js';

/** What one started ceremony is bound to. It travels with the client, so that starting writes nothing. */
export interface Handshake {
  readonly kind: CeremonyKind;
  readonly appId: string;
  /** 32 random bytes, base64url; also what makes the handshake unique. */
  readonly challenge: string;
  /** SHA-256 of the transaction id, base64url; null for a discoverable sign-in. */
  readonly transaction: string | null;
  /** The policy at the start: whatever is asked of the finish, it is no less than this. */
  readonly rpId: string;
  readonly userVerification: UserVerification;
  readonly algorithms: readonly number[];
  /** Milliseconds since the epoch. */
  readonly issuedAt: number;
  /** Seconds since the epoch. */
  readonly expiresAt: number;
}

const VERSION = 'kh1';
const PURPOSE = 'keyway handshake token, version 1, HMAC-SHA-256';
const MAX_LENGTH = 1024;
const TOKEN = /^kh1\.(\d{1,12})\.([A-Za-z0-9_-]+)\.([A-Za-z0-9_-]{43})$/;

/** Signs handshakes as compact tokens, and reads back those that are authentic and in time. */
export class HandshakeSealer {
  private readonly keys: readonly KeyObject[];

  /** @param secrets key material, 32 bytes or more each: the first signs, all verify. */
  constructor(secrets: readonly Buffer[]) {
    // As key objects: with bare bytes, making an HMAC costs ten times as much.
    this.keys = secrets.map((secret) =>
      createSecretKey(Buffer.from(hkdfSync('sha256', secret, '', PURPOSE, 32))),
    );
  }

  /** An opaque token of at most 1024 characters. */
  seal({ expiresAt, ...content }: Handshake): string {
    const payload = Buffer.from(JSON.stringify(content)).toString('base64url');
    const signed = `${VERSION}.${expiresAt}.${payload}`;
    return `${signed}.${macOf(signed, this.keys[0]!).toString('base64url')}`;
  }

  /** The handshake, or null if the token is not ours or has expired; nothing in it is read before that is known. */
  open(token: string, now: number = Date.now()): Handshake | null {
    const parts = token.length <= MAX_LENGTH ? TOKEN.exec(token) : null;
    if (!parts) return null;
    const [, expiresAt, payload, mac] = parts as unknown as [string, string, string, string];
    if (!this.isAuthentic(`${VERSION}.${expiresAt}.${payload}`, Buffer.from(mac, 'base64url'))) return null;
    if (Number(expiresAt) * 1000 <= now) return null;
    const content = JSON.parse(Buffer.from(payload, 'base64url').toString()) as Omit<Handshake, 'expiresAt'>;
    return { ...content, expiresAt: Number(expiresAt) };
  }

  private isAuthentic(signed: string, mac: Buffer): boolean {
    return this.keys.some((key) => timingSafeEqual(macOf(signed, key), mac));
  }
}

const macOf = (signed: string, key: KeyObject): Buffer => createHmac('sha256', key).update(signed).digest();
