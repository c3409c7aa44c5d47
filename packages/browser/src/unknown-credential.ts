import { PassageError } from './passage-error.js';
import { signalUnknownCredential } from './signals.js';

/**
 * Finishes a sign-in that named no user. If the server does not know the passkey, tells the browser, which may then offer
 * it no more (WebAuthn Level 3 §5.1.10.1). Resolves and throws as `finish` does: a browser that cannot be told goes on
 * offering a passkey that does not work, and nothing else breaks.
 */
export async function signallingUnknown(
  finish: () => Promise<string>,
  { rpId }: PublicKeyCredentialRequestOptionsJSON,
  { id }: AuthenticationResponseJSON,
): Promise<string> {
  try {
    return await finish();
  } catch (error) {
    if (error instanceof PassageError && error.reason === 'unknown_credential') {
      await signalUnknownCredential(rpId ?? location.hostname, id);
    }
    throw error;
  }
}
