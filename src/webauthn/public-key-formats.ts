import { createPrivateKey, createPublicKey, type JsonWebKey, type KeyObject } from 'node:crypto';
import { isoCBOR } from '@simplewebauthn/server/helpers';
import { Refusal } from '../errors/refusal.js';
import { decodeAnyBase64, decodeBase64url } from './base64url.js';
import { CeremonyRefusal } from './ceremony-refusal.js';
import { ALGORITHM } from './algorithms.js';
import { verifyCredentialKey } from './credential-key.js';

const MAX_KEY_BYTES = 2048;
const SUPPORTED = Object.values(ALGORITHM);
const PRIVATE_MEMBERS = ['d', 'p', 'q', 'dp', 'dq', 'qi', 'oth', 'k'];
const PEM = /^\s*-----BEGIN PUBLIC KEY-----([A-Za-z0-9+/=\s]+)-----END PUBLIC KEY-----\s*$/;
const DER_SEQUENCE = 0x30;
const KTY_RSA = 3;
/** CTAP 2.1 §8: the order of a COSE_Key's labels in canonical CBOR. */
const LABELS = [1, 3, -1, -2, -3];

type CoseKey = ReadonlyMap<number, number | Uint8Array>;

/** Refuses a public key: it cannot be read or is unsound, contains a private key, or is of an unsupported kind. */
export class PublicKeyRefusal extends Refusal {
  override readonly name = 'PublicKeyRefusal';

  constructor(
    override readonly reason: 'malformed' | 'private' | 'unsupported',
    options?: ErrorOptions,
  ) {
    super(`Public key refused: ${reason}`, options);
  }
}

/** A verified public key as it is stored. */
export interface CredentialKey {
  /** COSE_Key bytes. */
  readonly publicKey: Buffer;
  /** COSE algorithm identifier. */
  readonly algorithm: number;
}

/**
 * Reads an untrusted public key of a credential from any form in which servers store them: a COSE_Key or the DER of an
 * SPKI, in base64 or base64url; the PEM of an SPKI; a JWK, as an object or as JSON. A COSE_Key keeps its bytes. The key is
 * verified as in a registration ({@link verifyCredentialKey}). Throws `PublicKeyRefusal`.
 */
export function readPublicKey(given: unknown): CredentialKey {
  const publicKey = Buffer.from(toCoseKey(given));
  try {
    return { publicKey, algorithm: verifyCredentialKey(publicKey, SUPPORTED) };
  } catch (cause) {
    if (!(cause instanceof CeremonyRefusal)) throw cause;
    if (holdsPrivateKey(publicKey)) throw new PublicKeyRefusal('private', { cause });
    const isForeign = cause.reason === 'algorithm_not_offered';
    throw new PublicKeyRefusal(isForeign ? 'unsupported' : 'malformed', { cause });
  }
}

/** Whether two stored COSE_Keys are the same key, even with their members in different orders. */
export function isSameKey(one: Uint8Array, other: Uint8Array): boolean {
  return Buffer.compare(one, other) === 0 || Buffer.compare(inOrder(one), inOrder(other)) === 0;
}

/** RFC 9053 §7.1 and §7.2, RFC 8230 §4: the labels of private members. */
function holdsPrivateKey(coseKey: Uint8Array): boolean {
  try {
    const key = isoCBOR.decodeFirst<CoseKey>(new Uint8Array(coseKey));
    return key.has(key.get(1) === KTY_RSA ? -3 : -4);
  } catch {
    return false;
  }
}

function toCoseKey(given: unknown): Uint8Array {
  if (typeof given === 'object' && given !== null && !Array.isArray(given)) {
    return encode(fromJwk(given as JsonWebKey));
  }
  if (typeof given !== 'string') throw new PublicKeyRefusal('malformed');
  if (given.trimStart().startsWith('{')) return encode(fromJwk(parseJwk(given)));
  if (given.includes('-----BEGIN')) return encode(fromSpki(decodePem(given)));
  const bytes = decodeAnyBase64(given, MAX_KEY_BYTES);
  if (bytes === null || bytes.byteLength === 0) throw new PublicKeyRefusal('malformed');
  return bytes[0] === DER_SEQUENCE ? encode(fromSpki(bytes)) : bytes;
}

function parseJwk(text: string): JsonWebKey {
  try {
    return JSON.parse(text) as JsonWebKey;
  } catch (cause) {
    throw new PublicKeyRefusal('malformed', { cause });
  }
}

function decodePem(text: string): Buffer {
  if (text.includes('PRIVATE KEY-----')) throw new PublicKeyRefusal('private');
  const bytes = decodeAnyBase64(PEM.exec(text)?.[1]?.replaceAll(/\s/g, ''), MAX_KEY_BYTES);
  if (bytes === null) throw new PublicKeyRefusal('malformed');
  return bytes;
}

function fromSpki(der: Buffer): CoseKey {
  let key: KeyObject;
  try {
    key = createPublicKey({ key: der, format: 'der', type: 'spki' });
  } catch (cause) {
    throw new PublicKeyRefusal(isPrivateKey(der) ? 'private' : 'malformed', { cause });
  }
  if (!isSupported(key)) throw new PublicKeyRefusal('unsupported');
  // OpenSSL ignores what follows the key.
  if (!key.export({ type: 'spki', format: 'der' }).equals(der)) throw new PublicKeyRefusal('malformed');
  return fromJwk(key.export({ format: 'jwk' }));
}

function isPrivateKey(der: Buffer): boolean {
  try {
    createPrivateKey({ key: der, format: 'der', type: 'pkcs8' });
    return true;
  } catch {
    return false;
  }
}

/** The curves of ECDSA by their names in OpenSSL. */
const CURVES: readonly unknown[] = ['prime256v1', 'secp384r1', 'secp521r1'];

const isSupported = ({ asymmetricKeyType: type, asymmetricKeyDetails }: KeyObject): boolean =>
  type === 'ec' ? CURVES.includes(asymmetricKeyDetails?.namedCurve) : type === 'ed25519' || type === 'rsa';

function fromJwk(jwk: JsonWebKey): CoseKey {
  if (PRIVATE_MEMBERS.some((member) => Object.hasOwn(jwk, member))) throw new PublicKeyRefusal('private');
  const is = (kty: string, crv: unknown, ...algorithms: unknown[]) =>
    jwk.kty === kty && jwk.crv === crv && [undefined, ...algorithms].includes(jwk.alg);
  if (is('EC', 'P-256', 'ES256')) return coseKey(2, ALGORITHM.ES256, 1, bytesOf(jwk.x), bytesOf(jwk.y));
  if (is('EC', 'P-384', 'ES384')) return coseKey(2, ALGORITHM.ES384, 2, bytesOf(jwk.x), bytesOf(jwk.y));
  if (is('EC', 'P-521', 'ES512')) return coseKey(2, ALGORITHM.ES512, 3, bytesOf(jwk.x), bytesOf(jwk.y));
  if (is('OKP', 'Ed25519', 'EdDSA', 'Ed25519')) return coseKey(1, ALGORITHM.EdDSA, 6, bytesOf(jwk.x));
  if (is('RSA', undefined, 'RS256')) return coseKey(3, ALGORITHM.RS256, bytesOf(jwk.n), bytesOf(jwk.e));
  throw new PublicKeyRefusal('unsupported');
}

function bytesOf(member: unknown): Uint8Array {
  const bytes = decodeBase64url(member, MAX_KEY_BYTES);
  if (bytes === null) throw new PublicKeyRefusal('malformed');
  return new Uint8Array(bytes);
}

const coseKey = (...members: (number | Uint8Array)[]): CoseKey =>
  new Map(members.map((member, index) => [LABELS[index]!, member]));

const encode = (key: CoseKey): Uint8Array => isoCBOR.encode(key as Parameters<typeof isoCBOR.encode>[0]);

function inOrder(publicKey: Uint8Array): Uint8Array {
  const key = isoCBOR.decodeFirst<CoseKey>(new Uint8Array(publicKey));
  return encode(new Map(LABELS.flatMap((label) => (key.has(label) ? [[label, key.get(label)!]] : []))));
}
