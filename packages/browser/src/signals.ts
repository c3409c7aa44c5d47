/*
 * What browsers are told of the passkeys they hold (WebAuthn Level 3 §5.1.10), where they can be told. Best effort by its
 * nature: what cannot be told is ignored, and goes on offering a passkey that no longer works; nothing else breaks.
 */

/** What a browser may be told of one user handle; `userId` and the credential IDs are base64url. */
export interface UserSignal {
  readonly rpId: string;
  readonly userId: string;
  readonly name: string;
  readonly displayName: string;
  readonly allAcceptedCredentialIds: readonly string[];
}

/** Tells the browser which passkeys an account accepts, for one of its user handles. */
export async function signalAccepted({ rpId, userId, allAcceptedCredentialIds }: UserSignal): Promise<void> {
  const accepted = { rpId, userId, allAcceptedCredentialIds: [...allAcceptedCredentialIds] };
  await tell((api) => api.signalAllAcceptedCredentials?.(accepted));
}

/** Tells the browser the names of an account, which it shows beside its passkeys. */
export async function signalNames({ rpId, userId, name, displayName }: UserSignal): Promise<void> {
  await tell((api) => api.signalCurrentUserDetails?.({ rpId, userId, name, displayName }));
}

/** Tells the browser that a credential is none of the RP's, so that it offers it no more; `credentialId` is base64url. */
export async function signalUnknownCredential(rpId: string, credentialId: string): Promise<void> {
  await tell((api) => api.signalUnknownCredential?.({ rpId, credentialId }));
}

async function tell(
  signal: (api: Partial<typeof PublicKeyCredential>) => Promise<void> | undefined,
): Promise<void> {
  try {
    await signal(PublicKeyCredential);
  } catch {
    // See above.
  }
}
