import { PassageError } from '@keyway/passage-flex-js/http.js';
import { readClaims } from '../token-source.js';

/** What is known when a first load fails. */
export interface FailedLoad {
  readonly error: unknown;
  readonly baseUrl: string;
  /** The token that was sent; empty if there was none. */
  readonly token: string;
}

/**
 * Whether a load failed because page or server are not set up right, which no user can mend. If so, tells the console what to
 * look at.
 */
export async function isSetUpFault({ error, baseUrl, token }: FailedLoad): Promise<boolean> {
  if (!(error instanceof PassageError)) return false;
  const what = await fault(error, baseUrl || location.origin, token);
  if (what) console.error(`<passkey-table>: ${what}`, error);
  return what !== null;
}

async function fault(error: PassageError, server: string, token: string): Promise<string | null> {
  const { code, statusCode, cause } = error;
  if (code === 'network_unreachable' && (await answersOtherPages(server))) {
    return `${server} can be reached, but not from this page. Add ${location.origin} to APP_ORIGINS, and ${server} to connect-src if the page has a content security policy.`;
  }
  if (code === 'invalid_response') {
    return `What answers at ${server} (status ${statusCode}) is not Keyway. Look at the attribute base-url: the address of PUBLIC_URL, without /v1.`;
  }
  if (code === 'external_id_missing') {
    return 'The token names no external ID. Look at EXTERNAL_ID_CLAIM, and at what the issuer writes into its tokens.';
  }
  if (code === 'missing_token' && cause instanceof TypeError) {
    return 'getToken has to give a JWT as a string, or a promise of one.';
  }
  if (code !== 'invalid_token') return null;
  const { iss, aud, exp } = readClaims(token);
  if (typeof exp === 'number' && exp * 1000 <= Date.now()) return null;
  return `The server does not accept the token. Compare its iss (${show(iss)}), aud (${show(aud)}) and exp (${show(exp)}, required) with JWT_ISSUER and JWT_AUDIENCE, and its key with the settings JWT_*; the server's log has the reason.`;
}

/** Whether a server answers at all: what it says stays unread. A policy of the page may forbid to ask. */
async function answersOtherPages(server: string): Promise<boolean> {
  try {
    await fetch(`${server.replace(/\/+$/, '')}/health/live`, { mode: 'no-cors', credentials: 'omit' });
    return true;
  } catch {
    return false;
  }
}

const show = (claim: unknown): string => JSON.stringify(claim) ?? 'none';
