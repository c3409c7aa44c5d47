import { AAGUID } from '../../webauthn/aaguid.js';
import type { VerifiedRegistration } from '../../webauthn/verify-registration.js';
import type { AppPolicy } from './app-policy.js';

type AttestationPolicy = Pick<AppPolicy, 'attestation' | 'aaguidAllow' | 'aaguidDeny'>;

const MAX_AAGUIDS = 1_000;

/**
 * Why an app does not take a passkey, or null if it does: `authenticator_not_allowed` for a model that is denied or not
 * among those allowed, `attestation_untrusted` for one that is allowed but does not prove that it is what it says.
 */
export function authenticatorRefusal(
  { aaguidAllow, aaguidDeny }: Pick<AttestationPolicy, 'aaguidAllow' | 'aaguidDeny'>,
  { aaguid, attestationTrust }: Pick<VerifiedRegistration, 'aaguid' | 'attestationTrust'>,
): 'authenticator_not_allowed' | 'attestation_untrusted' | null {
  if (aaguidDeny.includes(aaguid)) return 'authenticator_not_allowed';
  if (aaguidAllow === null) return null;
  if (!aaguidAllow.includes(aaguid)) return 'authenticator_not_allowed';
  return attestationTrust === 'trusted' ? null : 'attestation_untrusted';
}

/** A sentence for each thing that keeps the lists from working; none if they may be as they are. */
export function attestationPolicyProblems({
  attestation,
  aaguidAllow,
  aaguidDeny,
}: AttestationPolicy): string[] {
  const problems = [
    ...listProblems('the allowed AAGUIDs', aaguidAllow ?? []),
    ...listProblems('the denied AAGUIDs', aaguidDeny),
  ];
  if (aaguidAllow === null) return problems;
  if (aaguidAllow.length === 0) problems.push('Set the allowed AAGUIDs to one or more, or allow any.');
  const both = aaguidAllow.filter((aaguid) => aaguidDeny.includes(aaguid));
  if (both.length > 0) problems.push(`Either allow or deny ${both.join(', ')}, not both.`);
  if (attestation !== 'direct' && attestation !== 'enterprise') {
    problems.push('Set the attestation to direct or enterprise: allowed AAGUIDs have to be proven by it.');
  }
  return problems;
}

function listProblems(name: string, aaguids: readonly string[]): string[] {
  const isGood = aaguids.every((aaguid) => AAGUID.test(aaguid)) && new Set(aaguids).size === aaguids.length;
  return isGood && aaguids.length <= MAX_AAGUIDS
    ? []
    : [`Set ${name} to at most ${MAX_AAGUIDS} lower-case UUIDs, each once.`];
}
