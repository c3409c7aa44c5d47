import type { PublicKeyCredentialRequestOptionsJSON } from '@simplewebauthn/server';
import { CredentialDescriptor, describeCredentials } from './credential-descriptor.js';
import { Hint, RelyingParty, UserVerification } from './relying-party.js';

/** The input of {@link requestOptions}; trusted, as it comes from the app's settings and the server. */
export interface RequestOptionsInput {
  readonly relyingParty: RelyingParty;
  /** Random challenge, unpadded base64url. */
  readonly challenge: string;
  readonly userVerification: UserVerification;
  /** Milliseconds. */
  readonly timeout: number;
  /** The likeliest first. */
  readonly hints?: readonly Hint[];
  /** The credentials of the user who signs in; absent for a discoverable sign-in, where the passkey names the user. */
  readonly allowCredentials?: readonly CredentialDescriptor[];
}

/**
 * The options for `navigator.credentials.get()` in the JSON form of WebAuthn Level 3 §5.1.10, byte strings as
 * unpadded base64url; `allowCredentials` is present exactly when given.
 */
export function requestOptions(input: RequestOptionsInput): PublicKeyCredentialRequestOptionsJSON {
  return {
    challenge: input.challenge,
    rpId: input.relyingParty.id,
    timeout: input.timeout,
    userVerification: input.userVerification,
    ...(input.hints === undefined || input.hints.length === 0 ? {} : { hints: [...input.hints] }),
    ...(input.allowCredentials === undefined
      ? {}
      : { allowCredentials: describeCredentials(input.allowCredentials) }),
  };
}
