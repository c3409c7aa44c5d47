import { invalidResponse, type JsonRequest, sendJson } from './json-request.js';
import { PassageError } from './passage-error.js';
import { signalAccepted, type UserSignal } from './signals.js';

/** A browser and a system, such as Chrome on Windows. */
export interface Place {
  readonly browser: string;
  readonly system: string;
}

/** One passkey as `GET /user/devices` answers it; dates are RFC 3339, `credId` is base64url. */
export interface UserPasskey {
  readonly id: string;
  readonly credId: string;
  readonly friendlyName: string;
  /** What the name says, as long as it is the server's own; null or absent for any other. */
  readonly nameCode?: 'phone_or_tablet' | 'security_key' | 'browser_on_system' | 'passkey' | null;
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
  /** Null or absent where the server does not tell. */
  readonly createdFrom?: Place | null;
  /** Null or absent where the server does not tell. */
  readonly lastUsedFrom?: Place | null;
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
 * Client of the user's API. Every method asks for the token anew and throws `PassageError`. Adding, revoking and erasing throw
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
    const list = await this.#send<PasskeyList | null>('/user/devices', {}, options);
    if (!isList(list?.passkeys) || !isList(list?.signals)) throw invalidResponse(200);
    return list as PasskeyList;
  }

  /** What happened to the user's passkeys, newest first, a page at a time. */
  async history(query: HistoryQuery = {}, options?: UserApiOptions): Promise<PasskeyHistory> {
    const parameters = new URLSearchParams();
    for (const [name, value] of Object.entries(query)) {
      if (value !== undefined) parameters.set(name, String(value));
    }
    const search = parameters.size > 0 ? `?${parameters.toString()}` : '';
    const path = `/user/passkey-events${search}`;
    const page = await this.#send<PasskeyHistory | null>(path, {}, options);
    if (!isList(page?.events)) throw invalidResponse(200);
    return page as PasskeyHistory;
  }

  /** Renames a passkey and resolves to it as it now is. */
  rename(id: string, friendlyName: string, options?: UserApiOptions): Promise<UserPasskey> {
    return this.#send(device(id), { method: 'PATCH', body: { friendlyName } }, options);
  }

  /** Revokes a passkey for good. Throws `last_passkey` where it is the last one and the app denies it. */
  revoke(id: string, options?: StepUpOptions): Promise<void> {
    return this.#send(device(id), { method: 'DELETE' }, options);
  }

  /** Begins adding a passkey; a `conditional` one is for an automatic upgrade. */
  beginRegistration(options?: StepUpOptions & { readonly conditional?: boolean }): Promise<FlexTransaction> {
    const body = options?.conditional ? { body: { conditional: true } } : {};
    return this.#send('/passkey/register', { method: 'POST', ...body }, options);
  }

  /** Begins a sign-in by which the user proves that it is still them: its nonce is for one act, or without to be verified. */
  beginStepUp(act?: StepUpAct, options?: UserApiOptions): Promise<FlexTransaction> {
    const body = act && { body: { stepUp: act } };
    return this.#send('/user/authenticate-with-passkey', { method: 'POST', ...body }, options);
  }

  /** Verifies and consumes the nonce of a ceremony that this user has just finished. */
  verify(nonce: string, options?: UserApiOptions): Promise<VerifiedNonce> {
    return this.#send('/passkey/verify', { method: 'POST', body: { nonce } }, options);
  }

  /**
   * Erases the user with all passkeys, for good, and tells the browser that none is left. What they are signed in to is the
   * application's to end.
   */
  async erase(options?: StepUpOptions): Promise<void> {
    const answer = await this.#send<Pick<PasskeyList, 'signals'> | null>(
      '/user',
      { method: 'DELETE' },
      options,
    );
    if (!answer || !isList(answer.signals)) throw invalidResponse(200);
    for (const signal of answer.signals) await signalAccepted(signal);
  }

  async #send<T>(path: string, request: JsonRequest, options: StepUpOptions = {}): Promise<T> {
    const { signal, nonce } = options;
    const token = await this.#token();
    signal?.throwIfAborted();
    const headers = { authorization: `Bearer ${token}`, ...(nonce && { 'x-keyway-nonce': nonce }) };
    return (await sendJson(this.#baseUrl + path, { ...request, headers, signal })) as T;
  }

  async #token(): Promise<string> {
    try {
      return await this.#getToken();
    } catch (cause) {
      throw new PassageError('missing_token', 'There is no token of the user.', 401, { cause });
    }
  }
}

const isList = (value: unknown): boolean => Array.isArray(value);

const device = (id: string): string => `/user/devices/${encodeURIComponent(id)}`;
