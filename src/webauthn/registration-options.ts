import type { PublicKeyCredentialCreationOptionsJSON } from '@simplewebauthn/server';
import { encodeBase64url } from './base64url.js';
import { CredentialDescriptor, describeCredentials } from './credential-descriptor.js';
import { Hint, RelyingParty, UserVerification } from './relying-party.js';

/** The input of {@link creationOptions}; trusted, as it comes from the app's settings and the server. */
export interface CreationOptionsInput {
  readonly relyingParty: RelyingParty;
  /** `handle` is the user handle in bytes, at most 64; the names are shown by the browser. */
  readonly user: { readonly handle: Uint8Array; readonly name: string; readonly displayName: string };
  /** Random challenge, unpadded base64url. */
  readonly challenge: string;
  /** COSE algorithm identifiers, most preferred first. */
  readonly algorithms: readonly number[];
  readonly userVerification: UserVerification;
  readonly residentKey: 'required' | 'preferred' | 'discouraged';
  readonly attestation: 'none' | 'indirect' | 'direct' | 'enterprise';
  /** If absent, the browser offers every kind of authenticator, unless the hints agree on one. */
  readonly attachment?: 'platform' | 'cross-platform';
  /** The likeliest first; they prevail over `attachment`. */
  readonly hints?: readonly Hint[];
  /** Milliseconds. */
  readonly timeout: number;
  /** The user's credentials, so that an authenticator registers no second one. */
  readonly excludeCredentials: readonly CredentialDescriptor[];
}

/**
 * The options for `navigator.credentials.create()` in the JSON form of WebAuthn Level 3 §5.1.9, byte strings as
 * unpadded base64url.
 */
export function creationOptions(input: CreationOptionsInput): PublicKeyCredentialCreationOptionsJSON {
  const { hints = [] } = input;
  const attachment = attachmentOf(hints) ?? input.attachment;
  return {
    rp: { id: input.relyingParty.id, name: input.relyingParty.name },
    user: {
      id: encodeBase64url(input.user.handle),
      name: input.user.name,
      displayName: input.user.displayName,
    },
    challenge: input.challenge,
    pubKeyCredParams: input.algorithms.map((alg) => ({ type: 'public-key', alg })),
    timeout: input.timeout,
    excludeCredentials: describeCredentials(input.excludeCredentials),
    authenticatorSelection: {
      ...(attachment === undefined ? {} : { authenticatorAttachment: attachment }),
      residentKey: input.residentKey,
      // §5.4.4: true if, and only if, residentKey is required; older browsers know this member alone.
      requireResidentKey: input.residentKey === 'required',
      userVerification: input.userVerification,
    },
    ...(hints.length === 0 ? {} : { hints: [...hints] }),
    attestation: input.attestation,
    extensions: { credProps: true },
  };
}

/** §5.8.7: what browsers that know no hints are told instead; undefined where the hints stand for both kinds. */
function attachmentOf(hints: readonly Hint[]): 'platform' | 'cross-platform' | undefined {
  const kinds = new Set(hints.map((hint) => (hint === 'client-device' ? 'platform' : 'cross-platform')));
  return kinds.size === 1 ? [...kinds][0] : undefined;
}
