import { PassageFlex, PassageError, type Passkey } from '@keyway/passage-flex-js';
import type { UpgradeOutcome } from './events.js';

/** For how long a refusal is remembered, in milliseconds. */
const THIRTY_DAYS = 30 * 86_400_000;

/** Gives a conditional transaction, from the page's server or the user's API. */
export type GetTransaction = () => Promise<string> | string;

/** How one upgrade ended. */
export interface Upgraded {
  readonly outcome: UpgradeOutcome;
  readonly nonce: string | null;
  readonly error: unknown;
}

/**
 * Lets the password manager that has just filled in a password create a passkey, without asking. `key` tells apart what is
 * remembered. Never throws.
 */
export async function upgrade(
  passkey: Passkey,
  getTransaction: GetTransaction,
  key: string,
): Promise<Upgraded> {
  try {
    if (!(await passkey.canUpgrade())) return ended('unsupported');
    // A user is given few such transactions a day.
    if (isRemembered(key)) return ended('remembered');
    const nonce = await passkey.upgrade(await getTransaction());
    if (nonce !== null) return { outcome: 'added', nonce, error: null };
    remember(key);
    return ended('declined');
  } catch (error) {
    return { outcome: 'failed', nonce: null, error };
  }
}

/** The client of an app; throws a sentence where an attribute is missing or malformed. */
export function clientOf(baseUrl: string, appId: string): Passkey {
  if (appId === '') throw new PassageError('invalid_argument', 'The attribute app-id is required.');
  return new PassageFlex(appId, { baseUrl: `${baseUrl.replace(/\/+$/, '')}/v1` }).passkey;
}

const ended = (outcome: UpgradeOutcome): Upgraded => ({ outcome, nonce: null, error: null });

/** Storage may be forbidden; then nothing is remembered. */
function isRemembered(key: string): boolean {
  try {
    return Number(localStorage.getItem(key)) > Date.now() - THIRTY_DAYS;
  } catch {
    return false;
  }
}

function remember(key: string): void {
  try {
    localStorage.setItem(key, String(Date.now()));
  } catch {
    // See above.
  }
}
