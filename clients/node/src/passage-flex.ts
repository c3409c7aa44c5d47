import { Auth, type AuthenticateTransactionArgs, type RegisterTransactionArgs } from './auth.js';
import { Connection, type ConnectionSettings, invalidResponse } from './connection.js';
import type { PassageUser, WebAuthnDevice } from './models.js';
import { type RevokeDeviceArgs, User } from './user.js';

export interface PassageFlexConfig extends ConnectionSettings {
  readonly appId: string;
  /** A key of that app; a secret. */
  readonly apiKey: string;
  /** The server's `/v1`, https except on localhost: `https://passkeys.example.com/v1`. */
  readonly baseUrl: string;
  /** How long one request may take, in milliseconds; 10,000 unless told. */
  readonly timeout?: number;
}

export interface AppInfo {
  readonly id: string;
  readonly name: string;
  readonly authOrigin: string;
  /** Keyway's own: the WebAuthn RP ID; null where not told. */
  readonly rpId: string | null;
}

/**
 * One app of a Keyway server. The calls of the original's 1.x are on `auth` and `user`, those of its 0.2.x on the
 * instance itself. Everything throws `PassageError` only, and `invalid_argument` before any request if an argument
 * is empty.
 */
export class PassageFlex {
  readonly appId: string;
  readonly auth: Auth;
  readonly user: User;
  readonly #connection: Connection;

  constructor(config: PassageFlexConfig) {
    this.#connection = new Connection(config);
    this.appId = config.appId;
    this.auth = new Auth(this.#connection);
    this.user = new User(this.#connection);
  }

  /** What anybody may know of the app; the API key is not sent. */
  async getApp(): Promise<AppInfo> {
    const { app } = (await this.#connection.request({ anonymous: true })) as { app?: AppJson };
    if (!app) throw invalidResponse(200, 'The server told of no app.');
    return { id: app.id, name: app.name, authOrigin: app.auth_origin, rpId: app.rp_id ?? null };
  }

  /** See {@link Auth.createRegisterTransaction}. */
  createRegisterTransaction(args: RegisterTransactionArgs): Promise<string> {
    return this.auth.createRegisterTransaction(args);
  }

  /** See {@link Auth.createAuthenticateTransaction}. */
  createAuthenticateTransaction(args: AuthenticateTransactionArgs): Promise<string> {
    return this.auth.createAuthenticateTransaction(args);
  }

  /** See {@link Auth.verifyNonce}. */
  verifyNonce(nonce: string): Promise<string> {
    return this.auth.verifyNonce(nonce);
  }

  /** See {@link User.get}. */
  getUser(externalId: string): Promise<PassageUser> {
    return this.user.get(externalId);
  }

  /** See {@link User.listDevices}. */
  getDevices(externalId: string): Promise<WebAuthnDevice[]> {
    return this.user.listDevices(externalId);
  }

  /** See {@link User.revokeDevice}; resolves to true. */
  revokeDevice(externalId: string, deviceId: string): Promise<true>;
  revokeDevice(args: RevokeDeviceArgs): Promise<true>;
  async revokeDevice(first: string | RevokeDeviceArgs, deviceId?: string): Promise<true> {
    await this.user.revokeDevice(first as string, deviceId as string);
    return true;
  }
}

interface AppJson {
  readonly id: string;
  readonly name: string;
  readonly auth_origin: string;
  readonly rp_id?: string | null;
}
