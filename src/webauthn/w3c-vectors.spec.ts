import { createHash, createPublicKey, verify } from 'node:crypto';
import { aRelyingParty } from '../../test/support/ceremonies.js';
import { withRoots } from '../../test/support/known-roots.js';
import {
  W3C_ORIGIN,
  W3C_ROOT,
  W3C_TOP_ORIGIN,
  W3C_VECTOR_NAMES,
  type W3cVectorName,
  w3cCeremonies,
  w3cVector,
} from '../../test/support/w3c-vectors.js';
import type { AuthenticatorModel, AuthenticatorModels } from './attestation/attestation-trust.js';
import { encodeBase64url } from './base64url.js';
import type { CeremonyRefusal } from './ceremony-refusal.js';
import { readPublicKey } from './public-key-formats.js';
import type { RelyingParty } from './relying-party.js';
import { type ExpectedAuthentication, verifyAuthentication } from './verify-authentication.js';
import { type ExpectedRegistration, verifyRegistration } from './verify-registration.js';

/** What an app asks for; the defaults are those of a new app. */
interface Policy {
  readonly name: string;
  /** Offered: ES256, EdDSA and RS256 by default. */
  readonly algorithms?: readonly number[];
  readonly party?: Partial<RelyingParty>;
  /** Whether an attestation is asked for. Without it, the outcome is the same either way. */
  readonly judgesAttestation?: boolean;
  /** Whether FIDO metadata lists the W3C's root for the vector's model. */
  readonly isRootListed?: boolean;
  /** Whether the W3C's root stands in the place of Apple's. */
  readonly isApples?: boolean;
}

const DEFAULT: Policy = { name: 'by default' };
const TOP_ORIGIN: Policy = { name: 'if its top origin is listed', party: { topOrigins: [W3C_TOP_ORIGIN] } };
const UNKNOWN_FRAMES: Policy = { name: 'if unknown frames are allowed', party: { unknownFrames: 'allow' } };
const UNASKED: Policy = { name: 'if no attestation is asked for', judgesAttestation: false };
const ASKED: Policy = { name: 'if an attestation is asked for', judgesAttestation: true };
const ROOT: Policy = { name: 'if FIDO metadata lists its root', isRootListed: true };
const UNASKED_ROOT: Policy = { ...ROOT, ...UNASKED, name: `${UNASKED.name}, even ${ROOT.name}` };
const ASKED_ROOT: Policy = { ...ROOT, ...ASKED, name: `${ASKED.name}, even ${ROOT.name}` };
const ES384: Policy = { name: 'if ES384 is offered', algorithms: [-7, -35] };
const ES384_ROOT: Policy = { ...ROOT, ...ES384, name: `${ES384.name} and ${ROOT.name}` };
const ES512: Policy = { name: 'if ES512 is offered', algorithms: [-7, -36] };
const ES512_ROOT: Policy = { ...ROOT, ...ES512, name: `${ES512.name} and ${ROOT.name}` };
const ED448: Policy = { name: 'even if Ed448 were offered', algorithms: [-7, -53] };
const APPLE: Policy = { name: 'if its root were that of Apple', isApples: true };
const APPLE_ROOT: Policy = { ...ROOT, ...APPLE, name: `${APPLE.name} and ${ROOT.name}` };

const NOT_OFFERED = 'algorithm_not_offered 7.1-20';
const CERTIFICATE = 'attestation_invalid 7.1-22: The attestation certificate';

/**
 * What becomes of the registration and of the authentication: the trust in the attestation of what is accepted, and the
 * reason and the step of what is refused. An app that requires trust registers no passkey whose attestation is not trusted.
 */
const TABLE: [W3cVectorName, Policy, registration: string, authentication: string][] = [
  ['none.ES256', DEFAULT, 'accepted, none', 'accepted'],
  ['none.ES256', ROOT, 'accepted, none', 'accepted'],
  ['packed-self.ES256', DEFAULT, 'accepted, untrusted', 'accepted'],
  ['packed-self.ES256', ROOT, 'accepted, untrusted', 'accepted'],
  ['none.ES256.crossOrigin', DEFAULT, 'cross_origin 7.1-10', 'cross_origin 7.2-13'],
  ['none.ES256.crossOrigin', TOP_ORIGIN, 'cross_origin 7.1-10', 'cross_origin 7.2-13'],
  ['none.ES256.crossOrigin', UNKNOWN_FRAMES, 'accepted, none', 'accepted'],
  ['none.ES256.topOrigin', DEFAULT, 'top_origin_not_allowed 7.1-11', 'top_origin_not_allowed 7.2-14'],
  ['none.ES256.topOrigin', TOP_ORIGIN, 'accepted, none', 'accepted'],
  ['none.ES256.topOrigin', UNKNOWN_FRAMES, 'top_origin_not_allowed 7.1-11', 'top_origin_not_allowed 7.2-14'],
  ['none.ES256.long-credential-id', DEFAULT, 'accepted, none', 'accepted'],
  ['packed.ES256', DEFAULT, 'accepted, untrusted', 'accepted'],
  ['packed.ES256', ROOT, 'accepted, trusted', 'accepted'],
  // A passkey of an algorithm that is not offered any more, or was imported, still signs in.
  ['packed.ES384', DEFAULT, NOT_OFFERED, 'accepted'],
  ['packed.ES384', ES512, NOT_OFFERED, 'accepted'],
  ['packed.ES384', ES384, 'accepted, untrusted', 'accepted'],
  ['packed.ES384', ES384_ROOT, 'accepted, trusted', 'accepted'],
  ['packed.ES512', DEFAULT, NOT_OFFERED, 'accepted'],
  ['packed.ES512', ES384, NOT_OFFERED, 'accepted'],
  ['packed.ES512', ES512, 'accepted, untrusted', 'accepted'],
  ['packed.ES512', ES512_ROOT, 'accepted, trusted', 'accepted'],
  ['packed.RS256', DEFAULT, 'accepted, untrusted', 'accepted'],
  ['packed.RS256', ROOT, 'accepted, trusted', 'accepted'],
  ['packed.RS256', ES384, NOT_OFFERED, 'accepted'],
  ['packed.EdDSA', DEFAULT, 'accepted, untrusted', 'accepted'],
  ['packed.EdDSA', ROOT, 'accepted, trusted', 'accepted'],
  ['packed.EdDSA', ES384, NOT_OFFERED, 'accepted'],
  // No app can offer Ed448, and no import stores such a key, so that none is there to sign in with.
  ['packed.Ed448', DEFAULT, NOT_OFFERED, 'signature_invalid 7.2-21'],
  ['packed.Ed448', ED448, NOT_OFFERED, 'signature_invalid 7.2-21'],
  ['tpm.ES256', DEFAULT, 'accepted, untrusted', 'accepted'],
  ['tpm.ES256', ROOT, 'accepted, trusted', 'accepted'],
  // Its lists of authorizations are empty, although §8.4 asks for an origin and a purpose in them.
  ['android-key.ES256', UNASKED, 'accepted, untrusted', 'accepted'],
  ['android-key.ES256', UNASKED_ROOT, 'accepted, untrusted', 'accepted'],
  [
    'android-key.ES256',
    ASKED_ROOT,
    `${CERTIFICATE} does not say that the hardware made the key.`,
    'accepted',
  ],
  ['apple.ES256', UNASKED, 'accepted, untrusted', 'accepted'],
  ['apple.ES256', UNASKED_ROOT, 'accepted, untrusted', 'accepted'],
  ['apple.ES256', ASKED_ROOT, `${CERTIFICATE} does not lead to Apple’s root.`, 'accepted'],
  ['apple.ES256', APPLE, 'accepted, untrusted', 'accepted'],
  ['apple.ES256', APPLE_ROOT, 'accepted, trusted', 'accepted'],
  // Its AAGUID is not zero, although U2F knows none and its signature covers none.
  ['fido-u2f.ES256', UNASKED, 'accepted, untrusted', 'accepted'],
  ['fido-u2f.ES256', UNASKED_ROOT, 'accepted, untrusted', 'accepted'],
  ['fido-u2f.ES256', ASKED_ROOT, `${CERTIFICATE} is for a model with an AAGUID.`, 'accepted'],
];

/** Those whose algorithm an app can offer. */
const OURS = W3C_VECTOR_NAMES.filter((name) => name !== 'packed.Ed448');

const fromBase64url = (text: string): Buffer => Buffer.from(text, 'base64url');

const outcomeOf = (verification: Promise<object>): Promise<string> =>
  verification.then(
    (verified) =>
      'attestationTrust' in verified ? `accepted, ${String(verified.attestationTrust)}` : 'accepted',
    ({ reason, step, cause }: CeremonyRefusal) =>
      `${reason} ${step}${cause instanceof Error ? `: ${cause.message}` : ''}`,
  );

const withPolicy = <T>({ isApples }: Policy, work: () => Promise<T>): Promise<T> =>
  isApples ? withRoots('apple', [{ x509: W3C_ROOT }], work) : work();

const W3C_MODEL: AuthenticatorModel = {
  attestationRoots: [W3C_ROOT],
  sharesRoots: false,
  isCompromised: false,
};
const W3C_MODELS: AuthenticatorModels = { ofAaguid: () => W3C_MODEL, ofAttestationKey: () => W3C_MODEL };

type Ceremonies = ReturnType<typeof w3cCeremonies>;

/** User verification is not required, as few vectors have it. */
const expectedBy = ({ party }: Policy) => ({
  relyingParty: aRelyingParty({ id: 'example.org', origins: [W3C_ORIGIN], ...party }),
  requireUserVerification: false,
});

/** What becomes of a registration: each outcome once, if the policy leaves open whether an attestation is asked for. */
async function registrations({ registration }: Ceremonies, policy: Policy): Promise<string[]> {
  const { algorithms = [-7, -8, -257], judgesAttestation, isRootListed } = policy;
  const expected: Omit<ExpectedRegistration, 'judgesAttestation'> = {
    ...expectedBy(policy),
    challenge: registration.challenge,
    algorithms,
    isConditional: false,
    models: isRootListed ? W3C_MODELS : null,
  };
  const found: string[] = [];
  for (const judges of judgesAttestation === undefined ? [true, false] : [judgesAttestation]) {
    const register = () =>
      verifyRegistration(registration.response, { ...expected, judgesAttestation: judges });
    found.push(await withPolicy(policy, () => outcomeOf(register())));
  }
  return [...new Set(found)];
}

function signIn({ authentication, ...made }: Ceremonies, policy: Policy): Promise<string> {
  const expected: ExpectedAuthentication = {
    ...expectedBy(policy),
    challenge: authentication.challenge,
    credential: {
      id: made.credentialId,
      publicKey: made.publicKey,
      backupEligible: made.isBackupEligible,
      userHandle: Buffer.alloc(32),
    },
    backupEligibilityChange: 'refuse',
    userHandleRequired: false,
  };
  return outcomeOf(verifyAuthentication(authentication.response, expected));
}

describe('WebAuthn Level 3 §16 test vectors', () => {
  it('has all fifteen in its table', () => {
    expect([...new Set(TABLE.map(([name]) => name))]).toEqual(W3C_VECTOR_NAMES);
    expect(W3C_VECTOR_NAMES).toHaveLength(15);
  });

  it.each(TABLE.map(([name, policy, ...outcomes]) => [name, policy.name, policy, ...outcomes] as const))(
    '%s is accepted or refused as the table says %s',
    async (name, _, policy, registration, authentication) => {
      const ceremonies = w3cCeremonies(w3cVector(name));
      expect(await registrations(ceremonies, policy)).toEqual([registration]);
      expect(await signIn(ceremonies, policy)).toBe(authentication);
    },
  );

  it.each(TABLE.map(([name, policy]) => [name, policy.name, policy] as const))(
    '%s is refused with another signature %s',
    async (name, _, policy) => {
      const vector = w3cVector(name);
      const signature = vector.signature.replace(/..$/, (last) => (last === '00' ? '01' : '00'));
      expect(await signIn(w3cCeremonies({ ...vector, signature }), policy)).toMatch(
        /^(signature_invalid 7\.2-21|(cross|top)_origin.* 7\.2-1[34])$/,
      );
    },
  );

  it.each(OURS.filter((name) => !name.startsWith('none.')))(
    '%s is refused if its attestation is for other client data',
    async (name) => {
      const ceremonies = w3cCeremonies(w3cVector(name));
      const { response } = ceremonies.registration.response;
      const blank = Buffer.concat([fromBase64url(response.clientDataJSON), Buffer.from(' ')]);
      response.clientDataJSON = encodeBase64url(blank);
      const policy = { ...APPLE_ROOT, algorithms: [-7, -35, -36, -8, -257] };
      for (const outcome of await registrations(ceremonies, policy)) {
        expect(outcome).toMatch(/^attestation_invalid 7\.1-22: /);
      }
    },
  );

  it.each(OURS)('%s has a key that can be imported', (name) => {
    const { publicKey } = w3cCeremonies(w3cVector(name));
    const { algorithm = -7 } = w3cVector(name);
    expect(readPublicKey(publicKey.toString('base64url'))).toEqual({ publicKey, algorithm });
  });

  it('packed.Ed448 has a sound signature, and a key that cannot be imported', () => {
    const { publicKey, authentication } = w3cCeremonies(w3cVector('packed.Ed448'));
    expect(() => readPublicKey(publicKey.toString('base64url'))).toThrow('Public key refused: unsupported');
    const x = publicKey.subarray(-57).toString('base64url');
    const key = createPublicKey({ key: { kty: 'OKP', crv: 'Ed448', x }, format: 'jwk' });
    const { authenticatorData, clientDataJSON, signature } = authentication.response.response;
    const clientDataHash = createHash('sha256').update(fromBase64url(clientDataJSON)).digest();
    const signed = Buffer.concat([fromBase64url(authenticatorData), clientDataHash]);
    expect(verify(null, signed, key, fromBase64url(signature))).toBe(true);
  });
});
