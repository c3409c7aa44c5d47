import type { X509Certificate } from 'node:crypto';
import { ZERO_AAGUID } from './aaguid.js';
import { leadsToAnchor } from './certificate-path.js';
import { extensionOf, keyIdentifierOf } from './certificates.js';

/**
 * What an attestation is worth. `none`: there was none. `untrusted`: its signature is right, but whose it is nobody
 * knows. `trusted`: it leads to a root that FIDO metadata gives for the very model that its AAGUID names, and nothing is
 * known against that model.
 */
export type AttestationTrust = 'none' | 'untrusted' | 'trusted';

/** What FIDO metadata says of a model of authenticator. */
export interface AuthenticatorModel {
  /** Roots, intermediate authorities or the attestation certificates themselves. */
  readonly attestationRoots: readonly X509Certificate[];
  /** Whether one of the roots is another model's as well. */
  readonly sharesRoots: boolean;
  /** Whether it was revoked, or is known to be broken in a way that makes its attestations worthless. */
  readonly isCompromised: boolean;
}

/** Where models are looked up. */
export interface AuthenticatorModels {
  /** The model of an AAGUID, a lower-case UUID. */
  ofAaguid(aaguid: string): AuthenticatorModel | null;
  /** The model without an AAGUID whose attestation key has this identifier: SHA-1 in lower-case hex. */
  ofAttestationKey(identifier: string): AuthenticatorModel | null;
}

/** 1.3.6.1.4.1.45724.1.1.4 as the content of its DER in hex: the AAGUID that a certificate is for. */
const AAGUID_EXTENSION = '2b0601040182e51c010104';

/** An attestation whose statement has been verified. */
export interface VerifiedAttestation {
  readonly format: string;
  /** Lower-case UUID. */
  readonly aaguid: string;
  /** Leaf first; empty for a self attestation. */
  readonly chain: readonly X509Certificate[];
}

/** Assesses the trustworthiness of a verified attestation (WebAuthn Level 3 §7.1 steps 23 and 24); without models there is none. */
export function attestationTrust(
  attestation: VerifiedAttestation,
  models: AuthenticatorModels | null,
): AttestationTrust {
  const { format, chain } = attestation;
  if (format === 'none') return 'none';
  if (models === null || chain.length === 0) return 'untrusted';
  const model = modelOf(attestation, models);
  if (model === null || model.isCompromised || !namesModel(attestation, model)) return 'untrusted';
  return leadsToAnchor(chain, model.attestationRoots) ? 'trusted' : 'untrusted';
}

function modelOf(
  { format, aaguid, chain }: VerifiedAttestation,
  models: AuthenticatorModels,
): AuthenticatorModel | null {
  if (format === 'fido-u2f') return models.ofAttestationKey(keyIdentifierOf(chain[0]!));
  return aaguid === ZERO_AAGUID ? null : models.ofAaguid(aaguid);
}

/**
 * §8.2.1: a root that vouches for several models needs certificates that say for which, or the key of one would do for
 * another. What they say has been compared by the verification.
 */
const namesModel = ({ format, chain }: VerifiedAttestation, { sharesRoots }: AuthenticatorModel): boolean =>
  format !== 'packed' || !sharesRoots || extensionOf(chain[0]!, AAGUID_EXTENSION) !== null;
