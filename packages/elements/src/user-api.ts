import { RequestError, sendJson, type JsonRequest } from './request.js';

/** One passkey as `GET /user/devices` answers it; dates are RFC 3339, `credId` is base64url. */
export interface Passkey {
  readonly id: string;
  readonly credId: string;
  readonly friendlyName: string;
  readonly type: 'passkey' | 'security_key' | 'platform';
  readonly icons: { readonly light: string | null; readonly dark: string | null };
  readonly provider: string | null;
  readonly synced: boolean | null;
  readonly transports: readonly string[];
  /** Created without asking the user, and not yet used in a sign-in that verified them; null where not told. */
  readonly automatic: boolean | null;
  readonly createdAt: string;
  readonly updatedAt: string;
  readonly lastLoginAt: string | null;
  readonly usageCount: number;
}

/** What a browser may be told of one user handle; `userId` and the credential IDs are base64url. */
export interface UserSignal {
  readonly rpId: string;
  readonly userId: string;
  readonly name: string;
  readonly displayName: string;
  readonly allAcceptedCredentialIds: readonly string[];
}

/**
 * The signed-in user's passkeys. `externalId` is what the application's servers know the user by, null until a passkey is
 * first added; `limit` is how many they may have, null where that is not known; `signals` is empty when there is nothing to
 * tell the browser.
 */
export interface PasskeyList {
  readonly username: string;
  readonly externalId: string | null;
  readonly passkeys: readonly Passkey[];
  readonly limit: number | null;
  readonly signals: readonly UserSignal[];
}

/** A permission to run one ceremony, with the app and the base URL (up to `/v1`) that it runs at. */
export interface FlexTransaction {
  readonly transactionId: string;
  readonly appId: string;
  readonly flexUrl: string;
}

/** A verified nonce: its user, and the kind of ceremony that made it. */
export interface VerifiedNonce {
  readonly username: string;
  readonly externalId: string;
  readonly kind: 'register' | 'authenticate' | null;
  readonly deviceId: string | null;
}

/** Something that happened to the user's passkeys. */
export interface PasskeyEvent {
  readonly id: string;
  /** Such as `passkey.registered`, `passkey.used`, `passkey.renamed`, `passkey.revoked`, `passkey.refused`. */
  readonly type: string;
  readonly createdAt: string;
  readonly deviceId: string | null;
  /** The passkey's name of now; null once it is revoked. */
  readonly deviceName: string | null;
  readonly actor: 'person' | 'server' | 'command_line' | 'unknown';
  /** In words, such as "Chrome on Windows". */
  readonly browser: string | null;
  readonly userAgent: string | null;
  readonly address: string | null;
  /** Why it was refused, or what else is to be known: a code. */
  readonly reason: string | null;
}

/** One page of the history, newest first; `next` is the cursor of the next one, null on the last. */
export interface PasskeyHistory {
  readonly events: readonly PasskeyEvent[];
  readonly next: string | null;
}

/** Which events the history gives; what is left out does not matter. Times are RFC 3339, `limit` is 1 to 100. */
export interface HistoryQuery {
  readonly type?: string;
  readonly device?: string;
  readonly since?: string;
  readonly until?: string;
  readonly limit?: number;
  readonly cursor?: string;
}

/** Gives the user's JWT for one request; it may renew it. */
export type GetToken = () => Promise<string> | string;

/** Client of the user's API. Every method asks for the token anew and throws `RequestError`. */
export class UserApi {
  readonly #baseUrl: string;

  /** `baseUrl` is where Keyway is reached; empty means the page's own origin. */
  constructor(
    baseUrl: string,
    private readonly getToken: GetToken,
  ) {
    this.#baseUrl = baseUrl.replace(/\/+$/, '');
  }

  /** All passkeys of the user. */
  async list(signal?: AbortSignal): Promise<PasskeyList> {
    const list = await this.#send<PasskeyList>('/user/devices', { signal });
    if (!Array.isArray(list.passkeys) || !Array.isArray(list.signals))
      throw new RequestError(200, 'invalid_response');
    return list;
  }

  /** What happened to the user's passkeys, newest first, a page at a time. */
  async history(query: HistoryQuery = {}, signal?: AbortSignal): Promise<PasskeyHistory> {
    const parameters = new URLSearchParams();
    for (const [name, value] of Object.entries(query)) {
      if (value !== undefined) parameters.set(name, String(value));
    }
    const search = parameters.size > 0 ? `?${parameters.toString()}` : '';
    const page = await this.#send<PasskeyHistory>(`/user/passkey-events${search}`, { signal });
    if (!Array.isArray(page.events)) throw new RequestError(200, 'invalid_response');
    return page;
  }

  /** Renames a passkey and resolves to it as it now is. */
  rename(id: string, friendlyName: string, signal?: AbortSignal): Promise<Passkey> {
    return this.#send(device(id), { method: 'PATCH', body: { friendlyName }, signal });
  }

  /** Revokes a passkey for good. */
  revoke(id: string, signal?: AbortSignal): Promise<void> {
    return this.#send(device(id), { method: 'DELETE', signal });
  }

  /** Begins adding a passkey. */
  beginRegistration(signal?: AbortSignal): Promise<FlexTransaction> {
    return this.#send('/passkey/register', { method: 'POST', signal });
  }

  /** Begins a step-up: the user proves with a passkey that it is still them. */
  beginStepUp(signal?: AbortSignal): Promise<FlexTransaction> {
    return this.#send('/user/authenticate-with-passkey', { method: 'POST', signal });
  }

  /** Verifies and consumes the nonce of a ceremony that this user has just finished. */
  verify(nonce: string, signal?: AbortSignal): Promise<VerifiedNonce> {
    return this.#send('/passkey/verify', { method: 'POST', body: { nonce }, signal });
  }

  async #send<T>(path: string, request: JsonRequest): Promise<T> {
    const token = await this.#token();
    request.signal?.throwIfAborted();
    return sendJson<T>(this.#baseUrl + path, { ...request, token });
  }

  async #token(): Promise<string> {
    try {
      return await this.getToken();
    } catch (cause) {
      throw new RequestError(401, 'missing_token', { cause });
    }
  }
}

function device(id: string): string {
  return `/user/devices/${encodeURIComponent(id)}`;
}
