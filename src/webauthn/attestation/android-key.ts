import type { X509Certificate } from 'node:crypto';
import { attestationInvalid } from '../ceremony-refusal.js';
import { extensionOf } from '../certificates.js';
import { importCredentialKey } from '../credential-key.js';
import { DER_TAG, type DerElement, derContent, derElements, derMembers } from '../der.js';
import { judgeDates, requireThat } from './attestation-key.js';
import type { Attested, Statement } from './attested.js';
import { verifySelfAttestation } from './self-attestation.js';

/** 1.3.6.1.4.1.11129.2.1.17: Android's KeyDescription. */
const KEY_DESCRIPTION = '2b06010401d679020111';
/** Members of an AuthorizationList: [1], [600] and [702]. Later versions of Android add others, which are ignored. */
const AUTHORIZATION = { purpose: 'a1', allApplications: 'bf8458', origin: 'bf853e' } as const;
const PURPOSE_SIGN = 2;
const ORIGIN_GENERATED = 0;

/**
 * Verifies an Android key attestation (WebAuthn Level 3 §8.4). Throws `CeremonyRefusal`, or `CertificateError` if the
 * description of the key cannot be read. Whether Google issued the certificates is a matter of trust, not of this.
 */
export async function verifyAndroidKey(
  statement: Statement,
  [certificate]: readonly [X509Certificate, ...X509Certificate[]],
  attested: Attested,
): Promise<void> {
  const key = importCredentialKey(attested.publicKey);
  demand(certificate.publicKey.equals(key), 'the certificate is for another key');
  await verifySelfAttestation(statement, attested);

  const { challenge, software, hardware } = keyDescriptionOf(certificate);
  demand(attested.clientDataHash.equals(challenge), 'the certificate is for another challenge');
  const isForAll = [software, hardware].some((list) => list.has(AUTHORIZATION.allApplications));
  demand(!isForAll, 'the key is for all applications');
}

/**
 * The hardware generated the key, and it may sign: only the list that the hardware enforces is believed. Throws
 * `CertificateError`.
 */
export function judgeAndroidKey([certificate]: readonly [X509Certificate, ...X509Certificate[]]): void {
  judgeDates(certificate);
  const { hardware } = keyDescriptionOf(certificate);
  const origin = hardware.get(AUTHORIZATION.origin);
  const wasMadeHere = origin && integer(derContent(origin, DER_TAG.INTEGER)) === ORIGIN_GENERATED;
  requireThat(wasMadeHere === true, 'does not say that the hardware made the key');
  const purposes = derMembers(hardware.get(AUTHORIZATION.purpose) ?? EMPTY_SET, DER_TAG.SET);
  requireThat(
    purposes.some(({ content }) => integer(content) === PURPOSE_SIGN),
    'is for a key that may not sign',
  );
}

const EMPTY_SET = Buffer.from([0x31, 0]);

interface KeyDescription {
  readonly challenge: Buffer;
  /** Authorizations by their tag; those of `hardware` are enforced by it. */
  readonly software: ReadonlyMap<string, Buffer>;
  readonly hardware: ReadonlyMap<string, Buffer>;
}

function keyDescriptionOf(certificate: X509Certificate): KeyDescription {
  const extension = extensionOf(certificate, KEY_DESCRIPTION);
  demand(extension !== null, 'the certificate does not describe a key');
  const [, , , , challenge, , software, hardware] = derMembers(extension);
  demand(challenge?.tag === DER_TAG.OCTET_STRING, 'the certificate has no challenge');
  return {
    challenge: challenge.content,
    software: authorizations(software),
    hardware: authorizations(hardware),
  };
}

function authorizations(list: DerElement | undefined): Map<string, Buffer> {
  demand(list?.tag === DER_TAG.SEQUENCE, 'the certificate lacks a list of authorizations');
  return new Map(derElements(list.content).map(({ tag, content }) => [tag, content]));
}

const integer = (content: Buffer): number => Number(`0x${content.toString('hex')}`);

function demand(holds: boolean, otherwise: string): asserts holds {
  if (!holds) throw attestationInvalid(`Android key attestation: ${otherwise}.`);
}
