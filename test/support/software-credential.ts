import { constants, generateKeyPairSync, KeyObject, randomBytes, sign } from 'node:crypto';
import { isoCBOR } from '@simplewebauthn/server/helpers';

/** COSE identifier of an algorithm that the software authenticator can sign with: ES256, ES384, ES512, EdDSA or RS256. */
export type SoftwareAlgorithm = -7 | -35 | -36 | -8 | -257;

/** The curve of each ECDSA algorithm by its COSE identifier and its name, and its digest. */
const ECDSA = {
  [-7]: { curve: 1, name: 'P-256', digest: 'sha256' },
  [-35]: { curve: 2, name: 'P-384', digest: 'sha384' },
  [-36]: { curve: 3, name: 'P-521', digest: 'sha512' },
} as const;

/** A COSE_Key as a map of labels to integers and byte strings, before it is encoded. */
export type CoseKey = Map<number, number | Uint8Array>;

/** One credential of a software authenticator, private key included. */
export interface SoftwareCredential {
  /** Credential ID in bytes; 32 random ones. */
  readonly id: Buffer;
  readonly algorithm: SoftwareAlgorithm;
  readonly rpId: string;
  /** `user.id` as the options spelled it, base64url. */
  readonly userId: string;
  readonly privateKey: KeyObject;
  readonly publicKey: CoseKey;
  backupEligible: boolean;
  backedUp: boolean;
  /** Signature counter of the last ceremony. */
  counter: number;
}

/** Makes a key pair for one of the algorithms; RSA keys have 2048 bits and take a tenth of a second or so. */
export function generateCredentialKey(algorithm: SoftwareAlgorithm): {
  privateKey: KeyObject;
  publicKey: CoseKey;
} {
  const { privateKey, publicKey } = generateKeyPair(algorithm);
  const jwk = publicKey.export({ format: 'jwk' });
  const bytes = (member: 'x' | 'y' | 'n' | 'e') =>
    new Uint8Array(Buffer.from(jwk[member] ?? '', 'base64url'));
  switch (algorithm) {
    case -7:
    case -35:
    case -36: {
      const { curve } = ECDSA[algorithm];
      const members = [
        [1, 2],
        [3, algorithm],
        [-1, curve],
        [-2, bytes('x')],
        [-3, bytes('y')],
      ] as const;
      return { privateKey, publicKey: coseKey(...members) };
    }
    case -8:
      return { privateKey, publicKey: coseKey([1, 1], [3, -8], [-1, 6], [-2, bytes('x')]) };
    case -257:
      return { privateKey, publicKey: coseKey([1, 3], [3, -257], [-1, bytes('n')], [-2, bytes('e')]) };
  }
}

function generateKeyPair(algorithm: SoftwareAlgorithm): { privateKey: KeyObject; publicKey: KeyObject } {
  switch (algorithm) {
    case -7:
    case -35:
    case -36:
      return generateKeyPairSync('ec', { namedCurve: ECDSA[algorithm].name });
    case -8:
      return generateKeyPairSync('ed25519');
    case -257:
      return generateKeyPairSync('rsa', { modulusLength: 2048 });
  }
}

/** A COSE_Key of the given members, in their order. */
export function coseKey(...members: (readonly [label: number, value: number | Uint8Array])[]): CoseKey {
  return new Map(members);
}

/** Encodes a value as CBOR; byte strings are `Uint8Array`s, maps are `Map`s. */
export function encodeCbor(value: unknown): Buffer {
  return Buffer.from(isoCBOR.encode(value as Parameters<typeof isoCBOR.encode>[0]));
}

/** Signs as WebAuthn asks of each algorithm (Level 3 §6.5.5): ECDSA in DER, Ed25519 and RSA as they are. */
export function signWith({ privateKey, algorithm }: SoftwareCredential, data: Uint8Array): Buffer {
  if (algorithm === -257) {
    return sign('sha256', data, { key: privateKey, padding: constants.RSA_PKCS1_PADDING });
  }
  return sign(algorithm === -8 ? null : ECDSA[algorithm].digest, data, privateKey);
}

/** A new credential ID. */
export function randomCredentialId(): Buffer {
  return randomBytes(32);
}
