import { attestationPolicyProblems, authenticatorRefusal } from './app-rules.js';

const A = 'aaaaaaaa-0000-4000-8000-000000000001';
const B = 'bbbbbbbb-0000-4000-8000-000000000002';
const ZERO = '00000000-0000-0000-0000-000000000000';

type Rules = Parameters<typeof authenticatorRefusal>[0];
const TRUSTS = ['none', 'untrusted', 'trusted'] as const;

describe('authenticatorRefusal', () => {
  const refusals = (rules: Partial<Rules>, aaguid: string) =>
    TRUSTS.map((attestationTrust) =>
      authenticatorRefusal(
        { aaguidAllow: null, aaguidDeny: [], isTrustRequired: false, ...rules },
        { aaguid, attestationTrust },
      ),
    );

  it('accepts every authenticator if the app has no lists', () =>
    expect(refusals({}, ZERO)).toEqual([null, null, null]));

  it('refuses a denied model, even if its attestation is trusted', () => {
    const denied = 'authenticator_not_allowed';
    expect(refusals({ aaguidDeny: [B, A] }, A)).toEqual([denied, denied, denied]);
    expect(refusals({ aaguidDeny: [A], aaguidAllow: [A] }, A)).toEqual([denied, denied, denied]);
    expect(refusals({ aaguidDeny: [B] }, A)).toEqual([null, null, null]);
  });

  it('accepts an allowed model only if a trusted attestation proves it', () => {
    const [untrusted, other] = ['attestation_untrusted', 'authenticator_not_allowed'];
    expect(refusals({ aaguidAllow: [B, A] }, A)).toEqual([untrusted, untrusted, null]);
    expect(refusals({ aaguidAllow: [B] }, A)).toEqual([other, other, other]);
    expect(refusals({ aaguidAllow: [] }, A)).toEqual([other, other, other]);
  });

  it('accepts only a trusted attestation if the app requires one, whichever model it is of', () => {
    const [untrusted, denied] = ['attestation_untrusted', 'authenticator_not_allowed'];
    expect(refusals({ isTrustRequired: true }, A)).toEqual([untrusted, untrusted, null]);
    expect(refusals({ isTrustRequired: true, aaguidDeny: [A] }, A)).toEqual([denied, denied, denied]);
  });
});

describe('attestationPolicyProblems', () => {
  const problems = (policy: Partial<Parameters<typeof attestationPolicyProblems>[0]>) =>
    attestationPolicyProblems({
      attestation: 'direct',
      attestationTrust: 'optional',
      aaguidAllow: null,
      aaguidDeny: [],
      ...policy,
    });

  it.each([
    {},
    { attestation: 'none' },
    { attestation: 'none', aaguidDeny: [A] },
    { aaguidAllow: [A], aaguidDeny: [B] },
    { attestation: 'enterprise', aaguidAllow: [A, B] },
    { attestationTrust: 'required' },
  ] as const)('accepts %j', (policy) => expect(problems(policy)).toEqual([]));

  it.each([
    [{ attestation: 'none', aaguidAllow: [A] }, /^Set the attestation to direct or enterprise/],
    [{ attestation: 'indirect', aaguidAllow: [A] }, /^Set the attestation to direct or enterprise/],
    [{ attestation: 'none', attestationTrust: 'required' }, /^Set the attestation to direct or enterprise/],
    [{ aaguidAllow: [] }, /^Set the allowed AAGUIDs to one or more/],
    [{ aaguidAllow: ['yubikey'] }, /^Set the allowed AAGUIDs to at most 1000 lower-case UUIDs/],
    [{ aaguidAllow: [A.toUpperCase()] }, /^Set the allowed AAGUIDs to at most 1000 lower-case UUIDs/],
    [{ aaguidDeny: [A, A] }, /^Set the denied AAGUIDs to at most 1000 lower-case UUIDs, each once/],
    [{ aaguidDeny: [A], aaguidAllow: [A] }, /^Either allow or deny aaaaaaaa-0000-4000-8000-000000000001/],
  ] as const)('says what to set instead of %j', (policy, sentence) =>
    expect(problems(policy)).toEqual([expect.stringMatching(sentence)]),
  );
});
