import {
  createPublicKey,
  generateKeyPairSync,
  type KeyObject,
  randomBytes,
  sign,
  X509Certificate,
} from 'node:crypto';

/** An attribute of a name: object identifier in hex, and its text. */
export type NameAttribute = [identifier: string, text: string];

/** What a made-up certificate says besides its key; everything left out is as it should be. */
export interface CertificateTraits {
  /** Without any, the subject is empty. */
  subject?: readonly NameAttribute[];
  isAuthority?: boolean;
  /** How many authorities may follow below. */
  pathLength?: number;
  notBefore?: Date;
  notAfter?: Date;
  /** Whole extensions, as `extension` makes them. */
  extensions?: readonly Buffer[];
  /** Address of a revocation list that it names. */
  revocationList?: string;
  /** What the signature's ECDSA hashes with: SHA-256, if not this. */
  hash?: 'sha1';
}

const DAY = 86_400_000; // ms
const ECDSA_WITH = {
  sha1: der('30', oid('2a8648ce3d0401')),
  sha256: der('30', oid('2a8648ce3d040302')),
} as const;

/** A name with just a common name. */
export const commonName = (text: string): NameAttribute[] => [['550403', text]];

/** A key pair as attestation keys and authorities have it. */
export const newKey = (): KeyObject => generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey;

/** A DSA key of some size, made up: nothing can be signed with it, but OpenSSL verifies, slowly. */
export function dsaKey(bits: number): KeyObject {
  const numbers = [odd(bits), odd(256), odd(bits)].map(integer);
  const algorithm = der('30', oid('2a8648ce380401'), der('30', ...numbers));
  const spki = der('30', algorithm, der('03', Buffer.from([0]), integer(odd(bits))));
  return createPublicKey({ key: spki, format: 'der', type: 'spki' });
}

/** An RSA key of some size and exponent, made up likewise. */
export function rsaKey(bits: number, exponent: Buffer = Buffer.from([1, 0, 1])): KeyObject {
  const jwk = { kty: 'RSA', n: odd(bits).toString('base64url'), e: exponent.toString('base64url') };
  return createPublicKey({ key: jwk, format: 'jwk' });
}

/** An odd number of exactly so many bits, big-endian. */
export function odd(bits: number): Buffer {
  const bytes = randomBytes(Math.ceil(bits / 8));
  const highest = 1 << ((bits - 1) % 8);
  bytes[0] = (bytes[0]! & (highest - 1)) | highest;
  bytes[bytes.length - 1]! |= 1;
  return bytes;
}

const integer = (positive: Buffer): Buffer => der('02', Buffer.from([0]), positive);

/** Somebody who issues certificates; with a self-signed one, or one of another authority's. */
export class TestAuthority {
  readonly certificate: Buffer;

  constructor(
    readonly name: string,
    traits: CertificateTraits = {},
    private readonly key: KeyObject = newKey(),
    /** Who issued its own certificate. */
    readonly issuer: TestAuthority | null = null,
  ) {
    const own = { subject: commonName(name), isAuthority: true, ...traits };
    const signer = issuer ?? this;
    this.certificate = signedCertificate(createPublicKey(key), own, commonName(signer.name), signer.key);
  }

  /** Another authority below this one. */
  authority(name: string, traits: CertificateTraits = {}): TestAuthority {
    return new TestAuthority(name, traits, newKey(), this);
  }

  /** Another certificate of the same name and key. */
  again(traits: CertificateTraits): TestAuthority {
    return new TestAuthority(this.name, traits, this.key, this.issuer);
  }

  /** The chain of a new certificate for a key (its public one, or the pair): the certificate, then this authority's own. */
  chainFor(key: KeyObject, traits: CertificateTraits = {}, { withRoot = false } = {}): Buffer[] {
    const publicKey = key.type === 'private' ? createPublicKey(key) : key;
    const certificate = signedCertificate(publicKey, traits, commonName(this.name), this.key);
    return [certificate, ...this.path(withRoot)];
  }

  get x509(): X509Certificate {
    return new X509Certificate(this.certificate);
  }

  private path(withRoot: boolean): Buffer[] {
    if (this.issuer === null) return withRoot ? [this.certificate] : [];
    return [this.certificate, ...this.issuer.path(withRoot)];
  }
}

/** A certificate of version 3 in DER, signed with ECDSA by `signer`, whose name is `issuer`. */
export function signedCertificate(
  publicKey: KeyObject,
  traits: CertificateTraits,
  issuer: readonly NameAttribute[],
  signer: KeyObject,
): Buffer {
  const { subject = commonName('Somebody'), notBefore, notAfter, extensions = [], hash = 'sha256' } = traits;
  const algorithm = ECDSA_WITH[hash];
  const toBeSigned = der(
    '30',
    der('a0', der('02', Buffer.from([2]))),
    der('02', Buffer.from([1])),
    algorithm,
    distinguishedName(issuer),
    der('30', time(notBefore ?? new Date(Date.now() - DAY)), time(notAfter ?? new Date(Date.now() + DAY))),
    distinguishedName(subject),
    publicKey.export({ type: 'spki', format: 'der' }),
    der('a3', der('30', basicConstraints(traits), ...revocationList(traits), ...extensions)),
  );
  const signature = sign(hash, toBeSigned, signer);
  return der('30', toBeSigned, algorithm, der('03', Buffer.from([0]), signature));
}

/** An extension of a certificate. */
export const extension = (identifier: string, value: Buffer, isCritical = false): Buffer =>
  der('30', oid(identifier), ...(isCritical ? [der('01', Buffer.from([0xff]))] : []), der('04', value));

/** A `Name`. */
export const distinguishedName = (attributes: readonly NameAttribute[]): Buffer =>
  der('30', ...attributes.map(([id, text]) => der('31', der('30', oid(id), utf8(text)))));

export const utf8 = (text: string): Buffer => der('0c', Buffer.from(text));

export function oid(hex: string): Buffer {
  return der('06', Buffer.from(hex, 'hex'));
}

/** One element of DER; `tag` are its identifier octets in hex. */
export function der(tag: string, ...contents: Uint8Array[]): Buffer {
  const content = Buffer.concat(contents);
  const { length } = content;
  const head =
    length < 0x80 ? [length] : length < 0x100 ? [0x81, length] : [0x82, length >> 8, length & 0xff];
  return Buffer.concat([Buffer.from(tag, 'hex'), Buffer.from(head), content]);
}

function basicConstraints({ isAuthority = false, pathLength }: CertificateTraits): Buffer {
  const members = [
    ...(isAuthority ? [der('01', Buffer.from([0xff]))] : []),
    ...(pathLength === undefined ? [] : [der('02', Buffer.from([pathLength]))]),
  ];
  return extension('551d13', der('30', ...members));
}

function revocationList({ revocationList: url }: CertificateTraits): Buffer[] {
  if (url === undefined) return [];
  const point = der('30', der('a0', der('a0', der('86', Buffer.from(url)))));
  return [extension('551d1f', der('30', point))];
}

/** UTCTime, to the second. */
const time = (date: Date): Buffer =>
  der(
    '17',
    Buffer.from(
      date
        .toISOString()
        .replace(/\.\d+Z$/, 'Z')
        .replace(/[-:T]/g, '')
        .slice(2),
    ),
  );
