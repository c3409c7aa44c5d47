import {
  PassageError,
  signalAccepted,
  signalNames,
  type OnCreated,
  type UserSignal,
} from '@keyway/passage-flex-js/http.js';

/*
 * A browser deletes every passkey of the user that a signal does not name, and a list that was asked for before an
 * add ended may lack the new passkey. An add lasts from the start of its ceremony until its finish is answered.
 * Adds are counted for the whole page, not for each table: the finish of an add goes on when its table is removed
 * or starts over, and a page may hold several tables.
 */
const addsUnderWay = new Set<Promise<unknown>>();
let addsEnded = 0;

/** Credential IDs, base64url, whose finish got no clear answer: the server may have stored them, or may yet. */
const unconfirmed = new Set<string>();

/**
 * Runs the ceremony of an add. `ceremony` reports the credential's ID (base64url) as soon as the authenticator has
 * made it. Resolves and throws as `ceremony` does.
 */
export async function trackAdd<T>(ceremony: (onCreated: OnCreated) => Promise<T>): Promise<T> {
  let created: string | undefined;
  const add = ceremony((credentialId) => (created = credentialId));
  addsUnderWay.add(add);
  try {
    return await add;
  } catch (error) {
    if (created !== undefined && !isRefusal(error)) unconfirmed.add(created);
    throw error;
  } finally {
    addsUnderWay.delete(add);
    addsEnded += 1;
  }
}

/**
 * Call it before a list is asked for. The function that it returns says, once the list is there, whether no add was
 * under way in between: only then does the list name every passkey that was made in this page.
 */
export function watchForAdds(): () => boolean {
  const before = addsEnded;
  return () => addsUnderWay.size === 0 && addsEnded === before;
}

/** Resolves when no add is under way in this page. */
export async function whenAddsEnd(): Promise<void> {
  while (addsUnderWay.size > 0) await Promise.allSettled(addsUnderWay);
}

/**
 * Tells the browser, for each user handle, which passkeys the account still accepts, so that it can hide the others, and
 * the user's names. `signals` must come from a list that {@link watchForAdds} calls complete.
 */
export async function signalAcceptedCredentials(signals: readonly UserSignal[]): Promise<void> {
  for (const signal of signals) {
    const { allAcceptedCredentialIds: listed } = signal;
    for (const id of listed) unconfirmed.delete(id);
    await signalAccepted({ ...signal, allAcceptedCredentialIds: [...listed, ...unconfirmed] });
    await signalNames(signal);
  }
}

/** Whether the server itself said no. Without an answer, or with one of a failing server, the outcome is open. */
export function isRefusal(error: unknown): boolean {
  if (!(error instanceof PassageError) || error.code === 'invalid_response') return false;
  const isForNow = [408, 425, 429].includes(error.statusCode);
  return error.statusCode >= 400 && error.statusCode < 500 && !isForNow;
}
