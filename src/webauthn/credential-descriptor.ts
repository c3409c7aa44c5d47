import type { PublicKeyCredentialDescriptorJSON } from '@simplewebauthn/server';
import { encodeBase64url } from './base64url.js';

/** A stored credential as a browser is told of it: its ID in bytes and how its authenticator may be reached. */
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
    // An empty list would tell some browsers that no transport works; an absent one means any.
    ...(transports.length === 0 ? {} : { transports: [...transports] }),
  }));
}
