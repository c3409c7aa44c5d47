import { type JsonRequest, RequestError, sendJson } from './request.js';

/** One passkey as `GET /user/devices` answers it; dates are RFC 3339, `credId` is base64url. */
export interface UserPasskey {
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
 * first added; `limit` is how many they may have and `lastPasskey` what becomes of the revocation of the last one, null where
 * that is not known; `signals` is empty when there is nothing to tell the browser.
 */
export interface PasskeyList {
  readonly username: string;
  readonly externalId: string | null;
  readonly passkeys: readonly UserPasskey[];
  readonly limit: number | null;
  readonly lastPasskey: 'allow' | 'warn' | 'deny' | null;
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

/** What a user does to their own account that may need step-up; `target` is the id of the passkey to be revoked. */
export type StepUpAct =
  { readonly act: 'add' | 'erase' } | { readonly act: 'revoke'; readonly target: string };

/** How a call is made. */
export interface UserApiOptions {
  readonly signal?: AbortSignal | undefined;
}

/** How an act is done that may need step-up. */
export interface StepUpOptions extends UserApiOptions {
  /** That of a sign-in which was begun for this act. */
  readonly nonce?: string | undefined;
}

/**
 * Client of the user's API. Every method asks for the token anew and throws `RequestError`. Adding, revoking and erasing throw
 * `insufficient_user_authentication` where the app wants step-up: see `withStepUp`.
 */
export class UserApi {
  readonly #baseUrl: string;
  readonly #getToken: GetToken;

  /** `baseUrl` is where Keyway is reached; empty means the page's own origin. */
  constructor(baseUrl: string, getToken: GetToken) {
    this.#baseUrl = baseUrl.replace(/\/+$/, '');
    this.#getToken = getToken;
  }

  /** All passkeys of the user. */
  async list(options?: UserApiOptions): Promise<PasskeyList> {
    const list = await this.#send<PasskeyList>('/user/devices', { ...options });
    if (!isList(list.passkeys) || !isList(list.signals)) throw new RequestError(200, 'invalid_response');
    return list;
  }

  /** What happened to the user's passkeys, newest first, a page at a time. */
  async history(query: HistoryQuery = {}, options?: UserApiOptions): Promise<PasskeyHistory> {
    const parameters = new URLSearchParams();
    for (const [name, value] of Object.entries(query)) {
      if (value !== undefined) parameters.set(name, String(value));
    }
    const search = parameters.size > 0 ? `?${parameters.toString()}` : '';
    const page = await this.#send<PasskeyHistory>(`/user/passkey-events${search}`, { ...options });
    if (!isList(page.events)) throw new RequestError(200, 'invalid_response');
    return page;
  }

  /** Renames a passkey and resolves to it as it now is. */
  rename(id: string, friendlyName: string, options?: UserApiOptions): Promise<UserPasskey> {
    return this.#send(device(id), { ...options, method: 'PATCH', body: { friendlyName } });
  }

  /** Revokes a passkey for good. Throws `last_passkey` where it is the last one and the app denies it. */
  revoke(id: string, options?: StepUpOptions): Promise<void> {
    return this.#send(device(id), { ...options, method: 'DELETE' });
  }

  /** Begins adding a passkey. */
  beginRegistration(options?: StepUpOptions): Promise<FlexTransaction> {
    return this.#send('/passkey/register', { ...options, method: 'POST' });
  }

  /** Begins a sign-in by which the user proves that it is still them: its nonce is for one act, or without to be verified. */
  beginStepUp(act?: StepUpAct, options?: UserApiOptions): Promise<FlexTransaction> {
    const body = act && { stepUp: act };
    return this.#send('/user/authenticate-with-passkey', { ...options, method: 'POST', body });
  }

  /** Verifies and consumes the nonce of a ceremony that this user has just finished. */
  verify(nonce: string, options?: UserApiOptions): Promise<VerifiedNonce> {
    return this.#send('/passkey/verify', { ...options, method: 'POST', body: { nonce } });
  }

  /**
   * Erases the user with all passkeys, for good, and tells the browser that none is left. What they are signed in to is the
   * application's to end.
   */
  async erase(options?: StepUpOptions): Promise<void> {
    const { signals } = await this.#send<Pick<PasskeyList, 'signals'>>('/user', {
      ...options,
      method: 'DELETE',
    });
    if (!isList(signals)) throw new RequestError(200, 'invalid_response');
    for (const signal of signals) await signalAccepted(signal);
  }

  async #send<T>(path: string, request: JsonRequest): Promise<T> {
    const token = await this.#token();
    request.signal?.throwIfAborted();
    return sendJson<T>(this.#baseUrl + path, { ...request, token });
  }

  async #token(): Promise<string> {
    try {
      return await this.#getToken();
    } catch (cause) {
      throw new RequestError(401, 'missing_token', { cause });
    }
  }
}

/**
 * Tells the browser which passkeys an account accepts (WebAuthn Level 3 §5.1.10.2), where it can be told. Best effort by its
 * nature: an authenticator that cannot be told goes on offering a passkey that no longer works, and nothing else breaks.
 */
export async function signalAccepted({ rpId, userId, allAcceptedCredentialIds }: UserSignal): Promise<void> {
  if (typeof PublicKeyCredential !== 'function') return;
  const api = PublicKeyCredential as Partial<typeof PublicKeyCredential>;
  const accepted = { rpId, userId, allAcceptedCredentialIds: [...allAcceptedCredentialIds] };
  await api.signalAllAcceptedCredentials?.call(PublicKeyCredential, accepted).catch(() => undefined);
}

const isList = (value: unknown): boolean => Array.isArray(value);

const device = (id: string): string => `/user/devices/${encodeURIComponent(id)}`;
