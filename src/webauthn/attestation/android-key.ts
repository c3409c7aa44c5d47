import type { X509Certificate } from 'node:crypto';
import { attestationInvalid } from '../ceremony-refusal.js';
import { importCredentialKey } from '../credential-key.js';
import { leadsToAnchor } from './certificate-path.js';
import { extensionOf, knownRoots } from './certificates.js';
import { DER_TAG, type DerElement, derContent, derElements, derMembers } from './der.js';
import { type Attested, verifySelfAttestation } from './self-attestation.js';

/** 1.3.6.1.4.1.11129.2.1.17: Android's KeyDescription. */
const KEY_DESCRIPTION = '2b06010401d679020111';
/** Members of an AuthorizationList: [1], [600] and [702]. Later versions of Android add others, which are ignored. */
const AUTHORIZATION = { purpose: 'a1', allApplications: 'bf8458', origin: 'bf853e' } as const;
const PURPOSE_SIGN = 2;
const ORIGIN_GENERATED = 0;

/**
 * Verifies an Android key attestation (WebAuthn Level 3 §8.4). Its certificates must lead to one of Google's roots for
 * keys in hardware; therefore only the list that the hardware enforces is believed. Makes no network call. Throws
 * `CeremonyRefusal`, or `CertificateError` if the description of the key cannot be read.
 *
 * The library's own verification is not used: it trusts a root that the statement brings, calls the addresses in the
 * certificates before it knows who issued them, and does not check `origin` and `purpose`.
 */
export async function verifyAndroidKey(
  statement: ReadonlyMap<unknown, unknown>,
  chain: readonly X509Certificate[],
  attested: Attested,
): Promise<void> {
  const [certificate] = chain;
  demand(certificate !== undefined, 'there is no certificate');
  // First the issuer: nothing else in the certificates is read before it is known.
  demand(
    leadsToAnchor(chain, knownRoots('android-key')),
    'the certificates do not lead to one of Google’s roots',
  );
  const key = importCredentialKey(attested.publicKey);
  demand(certificate.publicKey.equals(key), 'the certificate is for another key');
  await verifySelfAttestation(statement, attested);
  requireKeyDescription(certificate, attested.clientDataHash);
}

function requireKeyDescription(certificate: X509Certificate, clientDataHash: Buffer): void {
  const extension = extensionOf(certificate, KEY_DESCRIPTION);
  demand(extension !== null, 'the certificate does not describe a key');
  const [, , , , challenge, , softwareEnforced, teeEnforced] = derMembers(extension);
  demand(challenge?.tag === DER_TAG.OCTET_STRING, 'the certificate has no challenge');
  demand(clientDataHash.equals(challenge.content), 'the certificate is for another challenge');
  const [software, hardware] = [authorizations(softwareEnforced), authorizations(teeEnforced)];

  // The key is for one application.
  const isForAll = [software, hardware].some((list) => list.has(AUTHORIZATION.allApplications));
  demand(!isForAll, 'the key is for all applications');

  // The hardware generated it, and it may sign.
  const origin = hardware.get(AUTHORIZATION.origin);
  const wasMadeHere = origin && integer(derContent(origin, DER_TAG.INTEGER)) === ORIGIN_GENERATED;
  demand(wasMadeHere === true, 'the key was imported');
  const purposes = derMembers(hardware.get(AUTHORIZATION.purpose) ?? Buffer.alloc(0), DER_TAG.SET);
  demand(
    purposes.some(({ content }) => integer(content) === PURPOSE_SIGN),
    'the key may not sign',
  );
}

function authorizations(list: DerElement | undefined): Map<string, Buffer> {
  demand(list?.tag === DER_TAG.SEQUENCE, 'the certificate lacks a list of authorizations');
  return new Map(derElements(list.content).map(({ tag, content }) => [tag, content]));
}

const integer = (content: Buffer): number => Number(`0x${content.toString('hex')}`);

function demand(holds: boolean, otherwise: string): asserts holds {
  if (!holds) throw attestationInvalid(`Android key attestation: ${otherwise}.`);
}
