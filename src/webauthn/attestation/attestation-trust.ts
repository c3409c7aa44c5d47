import type { X509Certificate } from 'node:crypto';
import { ZERO_AAGUID } from '../aaguid.js';
import { leadsToAnchor } from './certificate-path.js';
import { keyIdentifierOf, knownRoots } from '../certificates.js';
import { namesAaguid } from './attestation-key.js';

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

/** An attestation after its statement was verified. */
export interface VerifiedAttestation {
  readonly format: string;
  /** Lower-case UUID. */
  readonly aaguid: string;
  /** Leaf first; empty for a self attestation. */
  readonly chain: readonly X509Certificate[];
  /** Whether something in the certificates is not as the format has it: then they are not trusted. */
  readonly isOdd: boolean;
}

/**
 * Assesses the trustworthiness of a verified attestation (WebAuthn Level 3 §7.1 steps 23 and 24). Without models, none is
 * trusted. Refuses nothing; throws only what `models` throws.
 */
export function attestationTrust(
  attestation: VerifiedAttestation,
  models: AuthenticatorModels | null,
): AttestationTrust {
  const { format, chain, isOdd } = attestation;
  if (format === 'none') return 'none';
  if (models === null || chain.length === 0 || isOdd) return 'untrusted';
  const model = modelOf(attestation, models);
  if (model === null || model.isCompromised || !namesModel(attestation, model)) return 'untrusted';
  return leadsToAnchor(chain, anchorsOf(format, model)) ? 'trusted' : 'untrusted';
}

/** Google certifies phones by several roots, and FIDO metadata may list the new ones late: one stands for all. */
function anchorsOf(format: string, { attestationRoots }: AuthenticatorModel): readonly X509Certificate[] {
  if (format !== 'android-key') return attestationRoots;
  const googles = knownRoots(format);
  const isGoogles = attestationRoots.some((root) =>
    googles.some(({ publicKey }) => publicKey.equals(root.publicKey)),
  );
  return isGoogles ? [...attestationRoots, ...googles] : attestationRoots;
}

function modelOf(
  { format, aaguid, chain }: VerifiedAttestation,
  models: AuthenticatorModels,
): AuthenticatorModel | null {
  if (format === 'fido-u2f') return models.ofAttestationKey(keyIdentifierOf(chain[0]!));
  return aaguid === ZERO_AAGUID ? null : models.ofAaguid(aaguid);
}

/**
 * Where several models share a root, a certificate has to name its model (§8.2.1); otherwise the key of one model could
 * attest another. The name was compared with the AAGUID. A U2F model is found by the very key.
 */
const namesModel = ({ format, chain }: VerifiedAttestation, { sharesRoots }: AuthenticatorModel): boolean =>
  format === 'fido-u2f' || !sharesRoots || namesAaguid(chain[0]!);
