import { randomBytes } from 'node:crypto';
import { creationOptions, CreationOptionsInput } from '../../src/webauthn/registration-options.js';
import { requestOptions, RequestOptionsInput } from '../../src/webauthn/authentication-options.js';
import { RelyingParty } from '../../src/webauthn/relying-party.js';
import { ExpectedAuthentication } from '../../src/webauthn/verify-authentication.js';
import { ExpectedRegistration, verifyRegistration } from '../../src/webauthn/verify-registration.js';
import { CreateOverrides, GetOverrides, SoftwareAuthenticatorTraits } from './ceremony-overrides.js';
import { SoftwareAuthenticator } from './software-authenticator.js';

/** The origin that ceremonies run on unless a test says otherwise. */
export const ORIGIN = 'https://example.com';

/** A relying party with one origin and nothing unusual. */
export function aRelyingParty(overrides: Partial<RelyingParty> = {}): RelyingParty {
  return {
    id: 'example.com',
    name: 'Example',
    origins: [ORIGIN],
    topOrigins: [],
    unknownFrames: 'refuse',
    ...overrides,
  };
}

/** A challenge of 32 random bytes, base64url. */
export function aChallenge(): string {
  return randomBytes(32).toString('base64url');
}

/** A registration that was begun: its options, what finishing it has to match, and an authenticator to answer with. */
export function aRegistration(
  traits: Partial<SoftwareAuthenticatorTraits> = {},
  input: Partial<CreationOptionsInput> = {},
) {
  const relyingParty = input.relyingParty ?? aRelyingParty();
  const userHandle = randomBytes(32);
  const options = creationOptions({
    relyingParty,
    user: { handle: userHandle, name: 'ada', displayName: 'Ada' },
    challenge: aChallenge(),
    algorithms: [-7, -35, -36, -8, -257],
    userVerification: 'required',
    residentKey: 'required',
    attestation: 'none',
    timeout: 300_000,
    excludeCredentials: [],
    ...input,
  });
  const authenticator = new SoftwareAuthenticator(traits);
  const expected: ExpectedRegistration = {
    challenge: options.challenge,
    relyingParty,
    requireUserVerification: true,
    isConditional: false,
    algorithms: options.pubKeyCredParams.map(({ alg }) => alg),
    judgesAttestation: true,
  };
  const respond = (overrides: Partial<CreateOverrides> = {}) =>
    authenticator.create(options, { origin: ORIGIN, ...overrides });
  return { options, expected, authenticator, userHandle, respond };
}

/** A sign-in that was begun with a passkey registered before: options, expectation, and the authenticator's answer. */
export async function anAuthentication(
  traits: Partial<SoftwareAuthenticatorTraits> = {},
  input: Partial<RequestOptionsInput> = {},
  create: Partial<CreateOverrides> = {},
) {
  const registration = aRegistration(traits);
  const registered = await verifyRegistration(registration.respond(create), {
    ...registration.expected,
    requireUserVerification: false,
  });
  const relyingParty = input.relyingParty ?? registration.expected.relyingParty;
  const options = requestOptions({
    relyingParty,
    challenge: aChallenge(),
    userVerification: 'required',
    timeout: 300_000,
    ...input,
  });
  const expected: ExpectedAuthentication = {
    challenge: options.challenge,
    relyingParty,
    requireUserVerification: true,
    credential: {
      id: registered.credentialId,
      publicKey: registered.publicKey,
      backupEligible: registered.backupEligible,
      userHandle: registration.userHandle,
    },
    backupEligibilityChange: 'refuse',
    userHandleRequired: true,
  };
  const { authenticator } = registration;
  const respond = (overrides: Partial<GetOverrides> = {}) =>
    authenticator.get(options, { origin: ORIGIN, ...overrides });
  return { options, expected, authenticator, registered, userHandle: registration.userHandle, respond };
}
