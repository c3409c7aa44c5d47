import type { X509Certificate } from 'node:crypto';
import { ZERO_AAGUID } from '../aaguid.js';
import { leadsToAnchor } from './certificate-path.js';
import { extensionOf, keyIdentifierOf } from './certificates.js';

/**
 * How far an attestation proves the model of the authenticator. `none`: there is no attestation. `untrusted`: its
 * signature is right, but its issuer is unknown. `trusted`: it leads to a root that FIDO metadata lists for the model that
 * its AAGUID names, and FIDO metadata does not list that model as compromised.
 */
export type AttestationTrust = 'none' | 'untrusted' | 'trusted';

/** A model of authenticator as FIDO metadata describes it. */
export interface AuthenticatorModel {
  /** Roots, intermediate authorities or the attestation certificates themselves. */
  readonly attestationRoots: readonly X509Certificate[];
  /** Whether another model has one of the roots as well. */
  readonly sharesRoots: boolean;
  /** Whether its attestations prove nothing any more, because the model was revoked or broken. */
  readonly isCompromised: boolean;
}

/** Finds models of authenticators. */
export interface AuthenticatorModels {
  /** The model with an AAGUID, a lower-case UUID; null if there is none. */
  ofAaguid(aaguid: string): AuthenticatorModel | null;
  /** The model without an AAGUID that has this attestation key: its SHA-1 in lower-case hex. Null if there is none. */
  ofAttestationKey(identifier: string): AuthenticatorModel | null;
}

/** 1.3.6.1.4.1.45724.1.1.4 as the content of its DER in hex: the AAGUID that a certificate is for. */
const AAGUID_EXTENSION = '2b0601040182e51c010104';

/** An attestation after its statement was verified. */
export interface VerifiedAttestation {
  readonly format: string;
  /** Lower-case UUID. */
  readonly aaguid: string;
  /** Leaf first; empty for a self attestation. */
  readonly chain: readonly X509Certificate[];
}

/**
 * Assesses the trustworthiness of a verified attestation (WebAuthn Level 3 §7.1 steps 23 and 24). Without models, none is
 * trusted. Refuses nothing; throws only what `models` throws.
 */
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
 * §8.2.1: where several models share a root, a certificate has to name its model; otherwise the key of one model could
 * attest another. The library has compared the name with the AAGUID.
 */
const namesModel = ({ format, chain }: VerifiedAttestation, { sharesRoots }: AuthenticatorModel): boolean =>
  format !== 'packed' || !sharesRoots || extensionOf(chain[0]!, AAGUID_EXTENSION) !== null;
