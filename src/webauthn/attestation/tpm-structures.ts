import { attestationInvalid } from '../ceremony-refusal.js';

/** TPM 2.0 Library, Part 2: constants of §6. */
const TPM = { NULL: 0x0010, ECDAA: 0x001a, RSA: 0x0001, ECC: 0x0023 } as const;
const MAGIC = 0xff544347;
const ATTEST_CERTIFY = 0x8017;
const DEFAULT_EXPONENT = 65_537;
const CLOCK_AND_FIRMWARE_BYTES = 17 + 8;

/** TPM_ECC_CURVE by its name in a JWK. */
const CURVES = new Map([
  [0x0003, 'P-256'],
  [0x0004, 'P-384'],
  [0x0005, 'P-521'],
]);

/** A public key as a TPM describes it (TPMT_PUBLIC); integers big-endian, as long as the TPM wrote them. */
export interface TpmPublicArea {
  /** TPM_ALG_ID of the digest that the key is named by. */
  readonly nameAlgorithm: number;
  readonly key:
    | { readonly kind: 'RSA'; readonly n: Buffer; readonly e: Buffer }
    /** `curve` as in a JWK; undefined if it is another one. */
    | { readonly kind: 'EC'; readonly curve: string | undefined; readonly x: Buffer; readonly y: Buffer };
}

/** What a TPM certifies of a key (TPMS_ATTEST of the type TPM_ST_ATTEST_CERTIFY). */
export interface TpmCertification {
  readonly extraData: Buffer;
  /** The name of the key: its algorithm and the digest of its public area. */
  readonly name: Buffer;
}

/** Parses an untrusted TPMT_PUBLIC (TPM 2.0 Library, Part 2 §12.2.4). Throws `CeremonyRefusal`. */
export function parsePublicArea(bytes: Buffer): TpmPublicArea {
  const reader = new Reader(bytes);
  const type = reader.uint16();
  const nameAlgorithm = reader.uint16();
  reader.bytes(4); // attributes
  reader.sized(); // policy
  if (type !== TPM.RSA && type !== TPM.ECC) throw attestationInvalid('pubArea is of another type of key.');
  // The symmetric algorithm, which only keys that encrypt have: a key length and a mode follow its name.
  if (reader.uint16() !== TPM.NULL) reader.bytes(4);
  reader.scheme();
  if (type === TPM.RSA) {
    reader.uint16(); // length of the key in bits
    const exponent = reader.bytes(4);
    const n = reader.sized();
    const e = exponent.readUInt32BE() === 0 ? uint32(DEFAULT_EXPONENT) : exponent;
    return { nameAlgorithm, key: { kind: 'RSA', n, e } };
  }
  const curve = CURVES.get(reader.uint16());
  reader.scheme(); // key derivation
  return { nameAlgorithm, key: { kind: 'EC', curve, x: reader.sized(), y: reader.sized() } };
}

/** Parses an untrusted TPMS_ATTEST (TPM 2.0 Library, Part 2 §10.12.8). Throws `CeremonyRefusal`. */
export function parseCertification(bytes: Buffer): TpmCertification {
  const reader = new Reader(bytes);
  if (reader.bytes(4).readUInt32BE() !== MAGIC) throw attestationInvalid('certInfo was not made by a TPM.');
  if (reader.uint16() !== ATTEST_CERTIFY) throw attestationInvalid('certInfo certifies no key.');
  reader.sized(); // who signs
  const extraData = reader.sized();
  reader.bytes(CLOCK_AND_FIRMWARE_BYTES);
  return { extraData, name: reader.sized() };
}

function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}

class Reader {
  private at = 0;

  constructor(private readonly source: Buffer) {}

  bytes(length: number): Buffer {
    const start = this.at;
    this.at += length;
    if (this.at > this.source.length) throw attestationInvalid('A structure of the TPM is cut short.');
    return this.source.subarray(start, this.at);
  }

  uint16(): number {
    return this.bytes(2).readUInt16BE();
  }

  /** A buffer with its length before it. */
  sized(): Buffer {
    return this.bytes(this.uint16());
  }

  /** A scheme of signing or of key derivation, with the digest that it uses. */
  scheme(): void {
    const scheme = this.uint16();
    if (scheme === TPM.NULL) return;
    this.uint16();
    if (scheme === TPM.ECDAA) this.uint16();
  }
}
