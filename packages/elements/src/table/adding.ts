import { PassageFlex } from '@keyway/passage-flex-js';
import { signalUnknownCredential } from '@keyway/passage-flex-js/http.js';
import { isRefusal, trackAdd } from '../accepted-credentials.js';
import type { FlexTransaction, UserApi } from '@keyway/passage-flex-js/http.js';

/** How the ceremony of an add went. */
export interface AddOutcome {
  /** The new credential, if the authenticator made one. */
  readonly created: { readonly credentialId: string; readonly rpId: string } | null;
  /** What was thrown, if anything; the passkey may have been added all the same. */
  readonly failure: unknown;
}

/** Runs the ceremony of an add. Throws only what `signal` aborts with; `onCreated` hears of the new credential. */
export async function addPasskey(
  api: UserApi,
  { transactionId, appId, flexUrl }: FlexTransaction,
  signals: { readonly life: AbortSignal; readonly ceremony: AbortSignal },
  onCreated: () => void,
): Promise<AddOutcome> {
  let created: AddOutcome['created'] = null;
  try {
    const nonce = await trackAdd((tell) =>
      new PassageFlex(appId, { baseUrl: flexUrl }).passkey.register(transactionId, {
        authenticatorAttachment: 'any',
        signal: signals.ceremony,
        onCreated: (credentialId, rpId) => {
          created = { credentialId, rpId };
          tell(credentialId, rpId);
          onCreated();
        },
      }),
    );
    signals.life.throwIfAborted();
    await api.verify(nonce, { signal: signals.life });
    return { created, failure: undefined };
  } catch (failure) {
    signals.life.throwIfAborted();
    return { created, failure };
  }
}

/**
 * Tells the browser to forget a credential that the server has refused and, by a list that was read after that, does not
 * have: nothing else knows of it, so it will never be accepted.
 */
export function forgetRefused({ created, failure }: AddOutcome): void {
  if (created && isRefusal(failure)) void signalUnknownCredential(created.rpId, created.credentialId);
}
