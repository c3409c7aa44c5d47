import { isId, isObject, isText, orNothing, read } from './answers.js';
import { Auth, type AuthenticateTransactionArgs, type RegisterTransactionArgs } from './auth.js';
import { Connection, type ConnectionSettings } from './connection.js';
import type { PassageUser, WebAuthnDevice } from './models.js';
import { type RevokeDeviceArgs, User } from './user.js';

export interface PassageFlexConfig extends ConnectionSettings {
  appId: string;
  /** A key of that app; a secret. */
  apiKey: string;
  /** The server's `/v1`, https except on localhost: `https://passkeys.example.com/v1`. */
  baseUrl: string;
  /** How long one request may take, in milliseconds; 10,000 unless told. */
  timeout?: number;
}

export interface AppInfo {
  id: string;
  name: string;
  authOrigin: string;
  /** Keyway's own: the WebAuthn RP ID; null where not told. */
  rpId: string | null;
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
    const app = read(await this.#connection.request({ anonymous: true }), 'app', isObject);
    return {
      id: read(app, 'id', isId),
      name: read(app, 'name', isText),
      authOrigin: read(app, 'auth_origin', isText),
      rpId: read(app, 'rp_id', orNothing(isText)) ?? null,
    };
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
