import { createHash, createPublicKey, type KeyObject, sign } from 'node:crypto';
import { attestationSubject } from './attestation-certificate.js';
import type { CreateOverrides } from './ceremony-overrides.js';
import { type CoseKey, type SoftwareCredential, signWith } from './software-credential.js';
import {
  type CertificateTraits,
  der,
  distinguishedName,
  extension,
  type NameAttribute,
  newKey,
  oid,
  type TestAuthority,
  utf8,
} from './x509.js';

/** What is falsified in a statement: everything left out is as it should be. */
export interface StatementTraits {
  /** Of the first certificate. */
  certificate?: CertificateTraits;
  /** The attestation key, where the credential's own does not do. */
  key?: KeyObject;
  /** Whether x5c ends with the root. */
  withRoot?: boolean;
  /** Takes the place of the hash that is attested. */
  clientDataHash?: Buffer;
  /** Changes the members of the statement. */
  change?: (statement: Map<string, unknown>) => unknown;
}

type Overrides = Pick<CreateOverrides, 'format' | 'mutateStatement'>;
type Make = (
  signed: { authenticatorData: Buffer; clientDataHash: Buffer },
  credential: SoftwareCredential,
) => Map<string, unknown>;

function overrides(format: string, traits: StatementTraits, make: Make): Overrides {
  return {
    format,
    mutateStatement: (_statement, credential, { authenticatorData, clientDataHash }) => {
      const signed = {
        authenticatorData: Buffer.from(authenticatorData),
        clientDataHash: traits.clientDataHash ?? clientDataHash,
      };
      const statement = make(signed, credential);
      traits.change?.(statement);
      return statement;
    },
  };
}

const x5c = (chain: readonly Buffer[]) => chain.map((it) => new Uint8Array(it));
const bytes = (...parts: Uint8Array[]) => new Uint8Array(Buffer.concat(parts));
const sha256 = (data: Uint8Array) => createHash('sha256').update(data).digest();

/** WebAuthn Level 3 §8.2, by an attestation key. */
export function packed(authority: TestAuthority, traits: StatementTraits = {}): Overrides {
  return overrides('packed', traits, ({ authenticatorData, clientDataHash }) => {
    const key = traits.key ?? newKey();
    const certificate = { subject: attestationSubject(), ...traits.certificate };
    return new Map<string, unknown>([
      ['alg', -7],
      ['sig', bytes(sign('sha256', bytes(authenticatorData, clientDataHash), key))],
      ['x5c', x5c(authority.chainFor(key, certificate, traits))],
    ]);
  });
}

/** WebAuthn Level 3 §8.6, for an ES256 credential. */
export function fidoU2f(authority: TestAuthority, traits: StatementTraits = {}): Overrides {
  return overrides('fido-u2f', traits, ({ authenticatorData, clientDataHash }, { id, publicKey }) => {
    const key = traits.key ?? newKey();
    const rpIdHash = authenticatorData.subarray(0, 32);
    const [x, y] = [publicKey.get(-2) as Uint8Array, publicKey.get(-3) as Uint8Array];
    const signed = bytes(Buffer.from([0]), rpIdHash, clientDataHash, id, Buffer.from([4]), x, y);
    return new Map<string, unknown>([
      ['sig', bytes(sign('sha256', signed, key))],
      ['x5c', x5c(authority.chainFor(key, traits.certificate, traits))],
    ]);
  });
}

/** Authorizations of an Android key, as DER members of an AuthorizationList. */
export const ANDROID = {
  signs: der('a1', der('31', der('02', Buffer.from([2])))),
  verifies: der('a1', der('31', der('02', Buffer.from([3])))),
  generated: der('bf853e', der('02', Buffer.from([0]))),
  imported: der('bf853e', der('02', Buffer.from([2]))),
  forAllApplications: der('bf8458', der('05')),
} as const;

/** What is falsified in an Android key attestation; `challenge` and the lists go into its certificate. */
export interface AndroidKeyTraits extends StatementTraits {
  challenge?: Buffer;
  software?: readonly Buffer[];
  hardware?: readonly Buffer[];
}

/** WebAuthn Level 3 §8.4, for any credential; with the root, as Android sends it. */
export function androidKey(authority: TestAuthority, traits: AndroidKeyTraits = {}): Overrides {
  return overrides('android-key', traits, (signed, credential) => {
    const extensions = [keyDescription(traits.challenge ?? signed.clientDataHash, traits)];
    const key = traits.key ?? createPublicKey(credential.privateKey);
    const certificate = { extensions, ...traits.certificate };
    return new Map<string, unknown>([
      ['alg', credential.algorithm],
      ['sig', bytes(signWith(credential, bytes(signed.authenticatorData, signed.clientDataHash)))],
      ['x5c', x5c(authority.chainFor(key, certificate, { withRoot: true, ...traits }))],
    ]);
  });
}

function keyDescription(challenge: Buffer, { software = [], hardware }: AndroidKeyTraits): Buffer {
  const description = der(
    '30',
    der('02', Buffer.from([4])),
    der('0a', Buffer.from([1])),
    der('02', Buffer.from([41])),
    der('0a', Buffer.from([1])),
    der('04', challenge),
    der('04'),
    der('30', ...software),
    der('30', ...(hardware ?? [ANDROID.signs, ANDROID.generated])),
  );
  return extension('2b06010401d679020111', description);
}

/** WebAuthn Level 3 §8.8, for any credential. */
export function apple(authority: TestAuthority, traits: StatementTraits = {}): Overrides {
  return overrides('apple', traits, ({ authenticatorData, clientDataHash }, { privateKey }) => {
    const nonce = sha256(bytes(authenticatorData, clientDataHash));
    const extensions = [extension('2a864886f763640802', der('30', der('a1', der('04', nonce))))];
    const key = traits.key ?? createPublicKey(privateKey);
    return new Map<string, unknown>([
      ['x5c', x5c(authority.chainFor(key, { extensions, ...traits.certificate }, traits))],
    ]);
  });
}

/** What says which TPM it is. */
const TPM_NAME: NameAttribute[] = [
  ['6781050201', 'id:FFFFF1D0'],
  ['6781050202', 'Keyway tests'],
  ['6781050203', 'id:1'],
];

const uint16 = (value: number): Buffer => Buffer.from([value >> 8, value & 0xff]);
const sized = (content: Uint8Array): Buffer => Buffer.concat([uint16(content.length), content]);

/** What is odd about a TPM attestation beside that. */
export interface TpmTraits extends StatementTraits {
  /** Whether coordinates are written without their leading zeros. */
  withoutZeros?: boolean;
}

/** WebAuthn Level 3 §8.3, for an ES256 or an RS256 credential. */
export function tpm(authority: TestAuthority, traits: TpmTraits = {}): Overrides {
  return overrides('tpm', traits, ({ authenticatorData, clientDataHash }, { publicKey }) => {
    const key = traits.key ?? newKey();
    const pubArea = publicArea(publicKey, traits);
    const name = bytes(Buffer.from('000b', 'hex'), sha256(pubArea));
    const certInfo = bytes(
      Buffer.from('ff54434780170000', 'hex'),
      sized(sha256(bytes(authenticatorData, clientDataHash))),
      Buffer.alloc(8 + 4 + 4 + 1 + 8),
      sized(name),
      sized(Buffer.alloc(0)),
    );
    const certificate = { subject: [], extensions: AIK_EXTENSIONS, ...traits.certificate };
    return new Map<string, unknown>([
      ['ver', '2.0'],
      ['alg', -7],
      ['sig', bytes(sign('sha256', certInfo, key))],
      ['certInfo', certInfo],
      ['pubArea', pubArea],
      ['x5c', x5c(authority.chainFor(key, certificate, traits))],
    ]);
  });
}

/** TPMT_PUBLIC of a key: on P-256 or RSA 2048, named by SHA-256, without policy, cipher, scheme and key derivation. */
function publicArea(publicKey: CoseKey, { withoutZeros = false }: TpmTraits): Uint8Array {
  const number = (label: number): Buffer => {
    const padded = Buffer.from(publicKey.get(label) as Uint8Array);
    return sized(withoutZeros ? padded.subarray(padded.findIndex((byte) => byte !== 0)) : padded);
  };
  return publicKey.get(1) === 2
    ? bytes(Buffer.from('0023000b000000000000001000100003' + '0010', 'hex'), number(-2), number(-3))
    : bytes(Buffer.from('0001000b00000000000000100010080000000000', 'hex'), number(-1));
}

/** Extensions of the certificate of a TPM's attestation identity key (§8.3.1), with what may stand otherwise in them. */
export const AIK = {
  usage: oid('6781050803'),
  otherUsage: oid('2b060104018237150a'),
  /** An otherName, as a permanent identifier is one. */
  otherName: der('a0', oid('2b06010505070804'), der('a0', der('30', utf8('TPM 5')))),
  usages: (...usages: readonly Buffer[]) => extension('551d25', der('30', ...usages)),
  names: (...names: readonly Buffer[]) => extension('551d11', der('30', ...names)),
  tpm: (name: Buffer = distinguishedName(TPM_NAME)) => der('a4', name),
  /** The attributes in one group, as some TPMs have them. */
  inOneGroup: der('30', der('31', ...TPM_NAME.map(([id, text]) => der('30', oid(id), utf8(text))))),
} as const;

const AIK_EXTENSIONS = [AIK.names(AIK.tpm()), AIK.usages(AIK.usage)];

/** The extension of a certificate that names the AAGUID it is for (§8.2.1). */
export const aaguidExtension = (aaguid: string): Buffer =>
  extension('2b0601040182e51c010104', der('04', Buffer.from(aaguid.replaceAll('-', ''), 'hex')));
