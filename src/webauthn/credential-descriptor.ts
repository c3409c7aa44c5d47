import type { PublicKeyCredentialDescriptorJSON } from '@simplewebauthn/server';
import { encodeBase64url } from './base64url.js';

/** A stored credential as the options of a ceremony name it: its ID in bytes, and how to reach its authenticator. */
export interface CredentialDescriptor {
  readonly id: Uint8Array;
  readonly transports: readonly string[];
}

/** Credential descriptors in their JSON form (WebAuthn Level 3 §5.8.3), IDs as unpadded base64url. */
export function describeCredentials(
  credentials: readonly CredentialDescriptor[],
): PublicKeyCredentialDescriptorJSON[] {
  return credentials.map(({ id, transports }) => ({
    type: 'public-key',
    id: encodeBase64url(id),
    // Some browsers take an empty list to mean that no transport works; an absent list means any.
    ...(transports.length === 0 ? {} : { transports: [...transports] }),
  }));
}
