import type { AcceptedCredentials } from './user-api.js';

/**
 * Tells the browser which passkeys the account still accepts, so that it can hide the others, where it can be
 * told. Best effort by its nature: failures are ignored.
 */
export async function signalAcceptedCredentials(signal: AcceptedCredentials | null): Promise<void> {
  if (!signal || typeof PublicKeyCredential !== 'function') return;
  const api = PublicKeyCredential as Partial<typeof PublicKeyCredential>;
  try {
    await api.signalAllAcceptedCredentials?.call(PublicKeyCredential, signal);
  } catch {
    // An authenticator that cannot be told keeps offering a passkey that no longer works; nothing else breaks.
  }
}
