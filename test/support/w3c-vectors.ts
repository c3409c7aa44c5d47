import {
  createECDH,
  createHash,
  createPrivateKey,
  createPublicKey,
  hkdfSync,
  X509Certificate,
} from 'node:crypto';
import { encodeBase64url } from '../../src/webauthn/base64url.js';
import { coseKey, type CoseKey, encodeCbor } from './software-credential.js';
import { W3C_AUTHORITY, W3C_SIGNED_BYTES, type W3cSignedBytes } from './w3c-signed-bytes.js';

// The test vectors of WebAuthn Level 3 §16 are derived as that section says: each value is HKDF-SHA-256 of one text, salted
// with its number, for the vector's name. What was signed is given as bytes, so that it verifies only over the very values
// that the W3C derived.

/** The origin of every vector; its host is the RP ID. */
export const W3C_ORIGIN = 'https://example.org';
/** The page around it, where a vector has one. */
export const W3C_TOP_ORIGIN = 'https://example.com';
/** Issued the attestation certificates (§16.1). */
export const W3C_ROOT = new X509Certificate(Buffer.from(W3C_AUTHORITY, 'hex'));

const RP_ID_HASH = createHash('sha256').update('example.org').digest();

/** ES256, ES384, ES512, Ed25519, RS256 or Ed448. */
type Algorithm = -7 | -35 | -36 | -8 | -257 | -53;

/** What tells a vector from the first one, whose ES256 credential has no attestation. */
interface VectorTraits {
  readonly algorithm?: Algorithm;
  readonly format?: 'packed' | 'tpm' | 'android-key' | 'apple' | 'fido-u2f';
  /** How many values of the attestation come between registration and authentication. */
  readonly attestationValues?: 1 | 2;
  readonly frame?: { readonly crossOrigin: true; readonly topOrigin?: string };
  readonly credentialIdBytes?: number;
  readonly challengeBytes?: number;
}

/** A test vector of WebAuthn Level 3 §16. */
export interface W3cVector extends VectorTraits, W3cSignedBytes {
  /** Its name, which its values are derived for. */
  readonly name: W3cVectorName;
}

/** The name of one of the fifteen vectors. */
export type W3cVectorName = keyof typeof W3C_SIGNED_BYTES;

const TRAITS: Record<W3cVectorName, VectorTraits> = {
  'none.ES256': {},
  'packed-self.ES256': { format: 'packed' },
  'none.ES256.crossOrigin': { frame: { crossOrigin: true } },
  'none.ES256.topOrigin': { frame: { crossOrigin: true, topOrigin: W3C_TOP_ORIGIN } },
  'none.ES256.long-credential-id': { credentialIdBytes: 1023 },
  'packed.ES256': { format: 'packed', attestationValues: 2 },
  'packed.ES384': { format: 'packed', attestationValues: 2, algorithm: -35 },
  'packed.ES512': { format: 'packed', attestationValues: 2, algorithm: -36, challengeBytes: 128 },
  'packed.RS256': { format: 'packed', attestationValues: 2, algorithm: -257 },
  'packed.EdDSA': { format: 'packed', attestationValues: 2, algorithm: -8 },
  'packed.Ed448': { format: 'packed', attestationValues: 2, algorithm: -53 },
  'tpm.ES256': { format: 'tpm', attestationValues: 2 },
  'android-key.ES256': { format: 'android-key', attestationValues: 1 },
  'apple.ES256': { format: 'apple', attestationValues: 1 },
  'fido-u2f.ES256': { format: 'fido-u2f', attestationValues: 2 },
};

/** The names of the vectors, in the order of the specification. */
export const W3C_VECTOR_NAMES = Object.keys(TRAITS) as W3cVectorName[];

/** The vector with a name. */
export const w3cVector = (name: W3cVectorName): W3cVector => ({
  name,
  ...TRAITS[name],
  ...W3C_SIGNED_BYTES[name],
});

/** Values in the order in which a vector has them. */
class Derivation {
  private salt = 0;

  constructor(private readonly name: string) {}

  next(length: number): Buffer {
    const salt = Buffer.of(this.salt++);
    return Buffer.from(hkdfSync('sha256', 'WebAuthn test vectors', salt, this.name, length));
  }

  skip(count: number): void {
    this.salt += count;
  }

  /** Client data, with a flag that says whether it is extended. */
  clientData(type: string, challenge: Buffer, frame: VectorTraits['frame']): Buffer {
    const isExtended = (this.next(1)[0]! & 1) !== 0;
    const extraData = 'clientDataJSON may be extended with additional fields in the future, such as this: ';
    return Buffer.from(
      JSON.stringify({
        type,
        challenge: encodeBase64url(challenge),
        origin: W3C_ORIGIN,
        crossOrigin: frame !== undefined,
        topOrigin: frame?.topOrigin,
        ...(isExtended && { extraData: extraData + encodeBase64url(this.next(16)) }),
      }),
    );
  }

  /** The public key of a derived private one. */
  publicKey(algorithm: Algorithm): CoseKey {
    switch (algorithm) {
      case -7:
        return ecdsaKey(algorithm, 1, 'prime256v1', this.next(32));
      case -35:
        return ecdsaKey(algorithm, 2, 'secp384r1', this.next(48));
      case -36:
        return ecdsaKey(algorithm, 3, 'secp521r1', this.next(65));
      case -8:
        return edwardsKey(algorithm, 6, '302e020100300506032b657004220420', this.next(32));
      case -53:
        return edwardsKey(algorithm, 7, '3047020100300506032b6571043b0439', this.next(57));
      case -257:
        return coseKey([1, 3], [3, algorithm], [-1, MERSENNE_MODULUS], [-2, Uint8Array.of(1, 0, 1)]);
    }
  }
}

/** Of the two smallest Mersenne primes of more than 1024 bits: the RSA key is not derived. */
const MERSENNE_MODULUS = new Uint8Array(
  Buffer.from(`0${((2n ** 1279n - 1n) * (2n ** 2203n - 1n)).toString(16)}`, 'hex'),
);

function ecdsaKey(algorithm: Algorithm, curve: number, curveName: string, privateKey: Buffer): CoseKey {
  const pair = createECDH(curveName);
  pair.setPrivateKey(privateKey);
  const point = new Uint8Array(pair.getPublicKey());
  const yAt = (point.length + 1) / 2;
  return coseKey([1, 2], [3, algorithm], [-1, curve], [-2, point.slice(1, yAt)], [-3, point.slice(yAt)]);
}

/** @param pkcs8 DER of a private key of this kind up to the raw one, in hex. */
function edwardsKey(algorithm: Algorithm, curve: number, pkcs8: string, privateKey: Buffer): CoseKey {
  const der = Buffer.concat([Buffer.from(pkcs8, 'hex'), privateKey]);
  const key = createPublicKey(createPrivateKey({ key: der, format: 'der', type: 'pkcs8' }));
  const x = key.export({ type: 'spki', format: 'der' }).subarray(-privateKey.length);
  return coseKey([1, 1], [3, algorithm], [-1, curve], [-2, new Uint8Array(x)]);
}

/** UV, BE and BS as the vector's byte has them: BS only with BE. */
const flagsOf = (byte: number, isEligible = (byte & 0x08) !== 0): number =>
  0x01 | (byte & 0x04) | (isEligible ? 0x08 | (byte & 0x10) : 0);

/** Both ceremonies of a vector: challenges as they were issued (base64url), and responses in JSON. */
export function w3cCeremonies(vector: W3cVector) {
  const { algorithm = -7, format, frame, credentialIdBytes = 32, challengeBytes = 32 } = vector;
  const derived = new Derivation(vector.name);
  const challenge = derived.next(challengeBytes);
  const publicKey = derived.publicKey(algorithm);
  const clientDataJSON = derived.clientData('webauthn.create', challenge, frame);
  const aaguid = derived.next(16);
  const credentialId = derived.next(credentialIdBytes);
  // A U2F token knows of none but the user's presence.
  const flags = format === 'fido-u2f' ? 0x01 : flagsOf(derived.next(1)[0]!);
  derived.skip(vector.attestationValues ?? 0);
  const authData = Buffer.concat([
    RP_ID_HASH,
    Buffer.of(flags | 0x40, 0, 0, 0, 0),
    aaguid,
    Buffer.of(credentialId.length >> 8, credentialId.length & 0xff),
    credentialId,
    encodeCbor(publicKey),
  ]);
  const attestationObject = Buffer.concat([
    Buffer.from('a363666d74', 'hex'),
    encodeCbor(format ?? 'none'),
    Buffer.from('6761747453746d74', 'hex'),
    Buffer.from(vector.statement, 'hex'),
    Buffer.from('686175746844617461', 'hex'),
    encodeCbor(new Uint8Array(authData)),
  ]);

  const nextChallenge = derived.next(challengeBytes);
  const nextClientData = derived.clientData('webauthn.get', nextChallenge, frame);
  const nextFlags = flagsOf(derived.next(1)[0]!, (flags & 0x08) !== 0);
  const id = encodeBase64url(credentialId);
  const credential = { id, rawId: id, type: 'public-key' };
  return {
    publicKey: encodeCbor(publicKey),
    credentialId,
    isBackupEligible: (flags & 0x08) !== 0,
    registration: {
      challenge: encodeBase64url(challenge),
      response: {
        ...credential,
        response: {
          clientDataJSON: encodeBase64url(clientDataJSON),
          attestationObject: encodeBase64url(attestationObject),
        },
      },
    },
    authentication: {
      challenge: encodeBase64url(nextChallenge),
      response: {
        ...credential,
        response: {
          clientDataJSON: encodeBase64url(nextClientData),
          authenticatorData: encodeBase64url(Buffer.concat([RP_ID_HASH, Buffer.of(nextFlags, 0, 0, 0, 0)])),
          signature: encodeBase64url(Buffer.from(vector.signature, 'hex')),
        },
      },
    },
  };
}
