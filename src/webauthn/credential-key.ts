import { createPublicKey, type JsonWebKeyInput, type KeyObject, verify } from 'node:crypto';
import { promisify } from 'node:util';
import { ed25519 } from '@noble/curves/ed25519.js';
import { isoCBOR } from '@simplewebauthn/server/helpers';
import { ALGORITHM } from './algorithms.js';
import { encodeBase64url } from './base64url.js';
import { requireOneCborMap } from './cbor.js';
import { CeremonyRefusal } from './ceremony-refusal.js';

const STEP = '7.1-20';
const LABEL = { kty: 1, alg: 3, crvOrN: -1, xOrE: -2, y: -3 } as const;
const KEY_TYPE = { OKP: 1, EC2: 2, RSA: 3 } as const;
const ED25519 = 6;

/** What an ECDSA algorithm of WebAuthn Level 3 §5.8.5 has: one curve each, and the digest that it signs. */
interface Ecdsa {
  /** COSE identifier of the curve. */
  readonly curve: number;
  readonly coordinateBytes: number;
  readonly digest: string;
  /** DER of an SPKI up to the coordinates. */
  readonly spki: Buffer;
}

const ECDSA = new Map<unknown, Ecdsa>([
  [
    ALGORITHM.ES256,
    {
      curve: 1,
      coordinateBytes: 32,
      digest: 'sha256',
      spki: Buffer.from('3059301306072a8648ce3d020106082a8648ce3d03010703420004', 'hex'),
    },
  ],
  [
    ALGORITHM.ES384,
    {
      curve: 2,
      coordinateBytes: 48,
      digest: 'sha384',
      spki: Buffer.from('3076301006072a8648ce3d020106052b8104002203620004', 'hex'),
    },
  ],
  [
    ALGORITHM.ES512,
    {
      curve: 3,
      coordinateBytes: 66,
      digest: 'sha512',
      spki: Buffer.from('30819b301006072a8648ce3d020106052b81040023038186' + '0004', 'hex'),
    },
  ],
]);

type CoseKey = ReadonlyMap<unknown, unknown>;

const verifySignature = promisify(verify);

/**
 * Verifies an untrusted COSE_Key in bytes: its algorithm is one of those offered (WebAuthn Level 3 §7.1 step 20), its
 * encoding is canonical, it has exactly the members of §5.8.5, and the key is sound. Returns its COSE algorithm
 * identifier. Throws `CeremonyRefusal`.
 */
export function verifyCredentialKey(publicKey: Uint8Array, offered: readonly number[]): number {
  requireOneCborMap(publicKey, STEP);
  const key = decode(publicKey);
  const algorithm = key.get(LABEL.alg);
  if (typeof algorithm !== 'number') throw malformed();
  if (!offered.includes(algorithm)) throw new CeremonyRefusal('algorithm_not_offered', STEP);
  switch (algorithm) {
    case ALGORITHM.ES256:
    case ALGORITHM.ES384:
    case ALGORITHM.ES512:
      requireEcdsaKey(key, ECDSA.get(algorithm)!);
      break;
    case ALGORITHM.EdDSA:
      requireEd25519Key(key);
      break;
    case ALGORITHM.RS256:
      requireRsaKey(key);
      break;
    default:
      throw new CeremonyRefusal('algorithm_not_offered', STEP);
  }
  return algorithm;
}

/** The key object of a stored COSE_Key, which {@link verifyCredentialKey} has verified. Throws if it cannot be read. */
export function importCredentialKey(publicKey: Uint8Array): KeyObject {
  return createPublicKey(toNodeKey(decodeStored(publicKey)));
}

/**
 * Whether an untrusted `signature` over `data` was made with the credential's key, a COSE_Key that
 * {@link verifyCredentialKey} has verified. Each algorithm has one form of signature (WebAuthn Level 3 §6.5.5): for ECDSA
 * strict DER, which OpenSSL enforces. Runs on libuv's thread pool. Throws if the key cannot be read.
 */
export function isSignedByCredential(
  publicKey: Uint8Array,
  data: Uint8Array,
  signature: Uint8Array,
): Promise<boolean> {
  const key = decodeStored(publicKey);
  return verifySignature(digestOf(key), data, toNodeKey(key), signature);
}

/** DER of an SPKI for Ed25519 up to the raw public key. */
const ED25519_SPKI = Buffer.from('302a300506032b6570032100', 'hex');

/** For RS256 the digest is SHA-256; EdDSA has its own. */
const digestOf = (key: CoseKey): string | null =>
  key.get(LABEL.kty) === KEY_TYPE.OKP ? null : (ECDSA.get(key.get(LABEL.alg))?.digest ?? 'sha256');

const decodeStored = (publicKey: Uint8Array): CoseKey =>
  isoCBOR.decodeFirst<Map<unknown, unknown>>(new Uint8Array(publicKey));

/** In the form that Node reads fastest: PEM takes it less than half the time of DER or of a JWK. */
function toNodeKey(key: CoseKey): string | JsonWebKeyInput {
  const bytes = (label: number) => key.get(label) as Uint8Array;
  switch (key.get(LABEL.kty)) {
    case KEY_TYPE.EC2:
      return toPem(ECDSA.get(key.get(LABEL.alg))!.spki, bytes(LABEL.xOrE), bytes(LABEL.y));
    case KEY_TYPE.OKP:
      return toPem(ED25519_SPKI, bytes(LABEL.xOrE));
    default: {
      const jwk = {
        kty: 'RSA',
        n: encodeBase64url(bytes(LABEL.crvOrN)),
        e: encodeBase64url(bytes(LABEL.xOrE)),
      };
      return { key: jwk, format: 'jwk' };
    }
  }
}

const toPem = (...parts: Uint8Array[]): string =>
  `-----BEGIN PUBLIC KEY-----\n${Buffer.concat(parts).toString('base64')}\n-----END PUBLIC KEY-----`;

function decode(publicKey: Uint8Array): CoseKey {
  try {
    const key = isoCBOR.decodeFirst<Map<unknown, unknown>>(new Uint8Array(publicKey));
    // The library encodes the key again to find where it ends, so its own encoding is the only one accepted.
    if (Buffer.compare(isoCBOR.encode(key as Map<string, string>), publicKey) === 0) return key;
  } catch (cause) {
    throw malformed(cause);
  }
  throw malformed();
}

function requireEcdsaKey(key: CoseKey, { curve, coordinateBytes }: Ecdsa): void {
  requireLabels(key, [LABEL.kty, LABEL.alg, LABEL.crvOrN, LABEL.xOrE, LABEL.y]);
  if (key.get(LABEL.kty) !== KEY_TYPE.EC2 || key.get(LABEL.crvOrN) !== curve) throw malformed();
  if ([LABEL.xOrE, LABEL.y].some((label) => bytesAt(key, label).byteLength !== coordinateBytes))
    throw malformed();
  try {
    // OpenSSL refuses coordinates that are out of range or not on the curve.
    createPublicKey(toNodeKey(key));
  } catch (cause) {
    throw malformed(cause);
  }
}

function requireEd25519Key(key: CoseKey): void {
  requireLabels(key, [LABEL.kty, LABEL.alg, LABEL.crvOrN, LABEL.xOrE]);
  if (key.get(LABEL.kty) !== KEY_TYPE.OKP || key.get(LABEL.crvOrN) !== ED25519) throw malformed();
  // OpenSSL accepts any 32 bytes as an Ed25519 key.
  if (!isPointOfFullOrder(bytesAt(key, LABEL.xOrE))) throw malformed();
}

/** RFC 8032 §5.1.3: the canonical encoding of a point. Signatures of a key of small order can be forged. */
function isPointOfFullOrder(encoded: Uint8Array): boolean {
  try {
    return !ed25519.Point.fromBytes(encoded).isSmallOrder();
  } catch {
    return false;
  }
}

function requireRsaKey(key: CoseKey): void {
  requireLabels(key, [LABEL.kty, LABEL.alg, LABEL.crvOrN, LABEL.xOrE]);
  if (key.get(LABEL.kty) !== KEY_TYPE.RSA) throw malformed();
  // OpenSSL accepts any numbers as an RSA key. RFC 8230 §4: both are without leading zeros.
  const n = bytesAt(key, LABEL.crvOrN);
  const e = bytesAt(key, LABEL.xOrE);
  const bits = (n.byteLength - 1) * 8 + (32 - Math.clz32(n[0] ?? 0));
  if (n[0] === 0 || bits < 2048 || bits > 4096 || isEven(n)) throw malformed();
  if (e[0] === 0 || e.byteLength < 3 || e.byteLength > 4 || isEven(e)) throw malformed();
}

function requireLabels(key: CoseKey, labels: readonly number[]): void {
  // So that no private part and nothing unknown is stored.
  if (key.size !== labels.length || labels.some((label) => !key.has(label))) throw malformed();
}

function bytesAt(key: CoseKey, label: number): Uint8Array {
  const value = key.get(label);
  if (!(value instanceof Uint8Array)) throw malformed();
  return value;
}

function isEven(bigEndian: Uint8Array): boolean {
  return ((bigEndian[bigEndian.byteLength - 1] ?? 0) & 1) === 0;
}

function malformed(cause?: unknown): CeremonyRefusal {
  return new CeremonyRefusal('malformed_key', STEP, cause === undefined ? undefined : { cause });
}
