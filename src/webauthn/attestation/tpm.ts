import { createHash, type X509Certificate } from 'node:crypto';
import { attestationInvalid } from '../ceremony-refusal.js';
import { extensionOf, type NameAttribute, nameAttributes, subjectOf } from '../certificates.js';
import { importCredentialKey } from '../credential-key.js';
import { DER_TAG, derMembers } from '../der.js';
import {
  digestOf,
  judgeAttestationCertificate,
  requireAaguid,
  requireSignatureBy,
  requireThat,
} from './attestation-key.js';
import type { Attested, Statement } from './attested.js';
import { parseCertification, parsePublicArea, type TpmPublicArea } from './tpm-structures.js';

/** Object identifiers as the content of their DER in hex. */
const EXTENDED_KEY_USAGE = '551d25';
const SUBJECT_ALTERNATIVE_NAME = '551d11';
const AIK_CERTIFICATE = '6781050803'; // 2.23.133.8.3
const TPM_ATTRIBUTE = { manufacturer: '6781050201', model: '6781050202', version: '6781050203' } as const;
const DIRECTORY_NAME = 'a4';

/** The digests by which a TPM names keys: TPM_ALG_ID, and the name of node:crypto. */
const NAME_DIGESTS = new Map([
  [0x000b, 'sha256'],
  [0x000c, 'sha384'],
  [0x000d, 'sha512'],
]);

/** Verifies a TPM attestation (WebAuthn Level 3 §8.3). Throws `CeremonyRefusal`, or `CertificateError`. */
export async function verifyTpm(
  statement: Statement,
  [certificate]: readonly [X509Certificate, ...X509Certificate[]],
  { publicKey, aaguid, signed }: Attested,
): Promise<void> {
  if (statement.get('ver') !== '2.0') throw attestationInvalid('The statement is not of TPM 2.0.');
  const [pubArea, certInfo] = [bytesAt(statement, 'pubArea'), bytesAt(statement, 'certInfo')];
  const publicArea = parsePublicArea(pubArea);
  if (!isKeyOf(publicArea, publicKey)) throw attestationInvalid('pubArea is of another key.');

  const { extraData, name } = parseCertification(certInfo);
  const algorithm = statement.get('alg');
  const digest = digestOf(algorithm);
  if (digest === null || !createHash(digest).update(signed).digest().equals(extraData)) {
    throw attestationInvalid('certInfo is for another ceremony.');
  }
  if (!nameOf(publicArea, pubArea)?.equals(name)) throw attestationInvalid('certInfo is for another key.');

  await requireSignatureBy(certificate, { algorithm, signature: statement.get('sig'), data: certInfo });
  requireAaguid(certificate, aaguid);
  // Without this usage, the key is not one that a TPM attests with: it could have signed any certInfo.
  const usages = derMembers(extensionOf(certificate, EXTENDED_KEY_USAGE) ?? Buffer.from([0x30, 0]));
  if (
    !usages.some(({ tag, content }) => tag === DER_TAG.OID && content.toString('hex') === AIK_CERTIFICATE)
  ) {
    throw attestationInvalid('The certificate is not for an attestation identity key.');
  }
}

function bytesAt(statement: Statement, member: string): Buffer {
  const value = statement.get(member);
  if (!(value instanceof Uint8Array)) throw attestationInvalid(`${member} is not a byte string.`);
  return Buffer.from(value);
}

function isKeyOf({ key }: TpmPublicArea, publicKey: Uint8Array): boolean {
  const jwk = importCredentialKey(publicKey).export({ format: 'jwk' });
  const isSame = (ours: unknown, theirs: Buffer) =>
    typeof ours === 'string' && withoutZeros(Buffer.from(ours, 'base64url')).equals(withoutZeros(theirs));
  return key.kind === 'RSA'
    ? isSame(jwk.n, key.n) && isSame(jwk.e, key.e)
    : jwk.crv === key.curve && isSame(jwk.x, key.x) && isSame(jwk.y, key.y);
}

/** TPMs write numbers with or without leading zeros. */
function withoutZeros(number: Buffer): Buffer {
  const start = number.findIndex((byte) => byte !== 0);
  return number.subarray(start < 0 ? number.length : start);
}

/** The name of a key (TPM 2.0 Library, Part 1 §16); null if it is named by an unknown digest. */
function nameOf({ nameAlgorithm }: TpmPublicArea, pubArea: Buffer): Buffer | null {
  const digest = NAME_DIGESTS.get(nameAlgorithm);
  if (digest === undefined) return null;
  const prefix = Buffer.of(nameAlgorithm >> 8, nameAlgorithm & 0xff);
  return Buffer.concat([prefix, createHash(digest).update(pubArea).digest()]);
}

/** What §8.3.1 asks of the certificate beyond that. Throws `CertificateError`. */
export function judgeTpm([certificate]: readonly [X509Certificate, ...X509Certificate[]]): void {
  judgeAttestationCertificate(certificate);
  requireThat(subjectOf(certificate).length === 0, 'names a subject');
  const names = alternativeNamesOf(certificate);
  for (const [what, attribute] of Object.entries(TPM_ATTRIBUTE)) {
    const isNamed = names.some(({ identifier, value }) => identifier === attribute && value !== '');
    requireThat(isNamed, `does not say the ${what} of the TPM`);
  }
}

/** The attributes of all directory names among the alternative names, whichever names stand before or between them. */
function alternativeNamesOf(certificate: X509Certificate): NameAttribute[] {
  const extension = extensionOf(certificate, SUBJECT_ALTERNATIVE_NAME);
  if (extension === null) return [];
  return derMembers(extension)
    .filter(({ tag }) => tag === DIRECTORY_NAME)
    .flatMap(({ content }) => nameAttributes(content));
}
