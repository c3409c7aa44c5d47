import { invalidResponse, isCount, isListOf, isObject, isText, type Json, read, readOwn } from './answers.js';
import {
  Auth,
  type AuthenticateTransactionArgs,
  type RegisterTransactionArgs,
  type VerifyNonceOptions,
} from './auth.js';
import { Connection } from './connection.js';
import { Events } from './events.js';
import type { PassageUser, WebAuthnDevice } from './models.js';
import { type Stats, toStats } from './stats.js';
import { type RevokeDeviceArgs, User } from './user.js';

/** How calls are made. */
export interface CallOptions {
  /** How long one request may take, in milliseconds; 10,000 unless told. A call makes up to two. */
  timeout?: number | undefined;
  /** Ends calls at once: they throw `aborted`. */
  signal?: AbortSignal | undefined;
  /** Sent with every request, such as `x-request-id`; the client's own take precedence. */
  headers?: Readonly<Record<string, string>> | undefined;
  /**
   * Keyway's own: the calls are what a person does to their own account, and this is how they have proved again who they
   * are. The server then holds them to the app's rules for persons, of step-up and of the last passkey.
   */
  stepUp?: StepUpProof | undefined;
}

/**
 * How a person has proved again who they are: by a sign-in that you have found recent enough (`done`), by the nonce of a
 * sign-in on a transaction that was made for the act, or not at all (`missing`).
 */
export type StepUpProof =
  | 'done'
  | 'missing'
  | {
      nonce: string;
      /** When the person signed in to your application, seconds since the epoch; only an older passkey counts. */
      signedInAt: number | null;
    };

/** The server, the app on it and its key. */
export interface PassageFlexConfig extends CallOptions {
  appId: string;
  /** A key of that app; a secret. */
  apiKey: string;
  /** The server's `/v1`, https except on localhost: `https://passkeys.example.com/v1`. */
  baseUrl: string;
}

/** An app, as the server tells of it without a key. */
export interface AppInfo {
  id: string;
  name: string;
  authOrigin: string;
  /** Further origins of the app, web or Android; empty where not told. */
  additionalAuthOrigins: string[];
  /** Keyway's own: the WebAuthn RP ID; null where not told. */
  rpId: string | null;
  /** Keyway's own: how many passkeys a user may have; null where not told. */
  maxPasskeysPerUser: number | null;
  /** Keyway's own: what persons need to add or revoke a passkey, or to erase themselves; null where not told. */
  stepUp: AppStepUp | null;
  /** Keyway's own: what becomes of the revocation of a person's last passkey; null where not told. */
  lastPasskey: 'allow' | 'warn' | 'deny' | null;
}

/** What an app accepts as step-up. */
export interface AppStepUp {
  by: 'off' | 'fresh-token' | 'passkey' | 'either';
  /** How recent a sign-in has to be, in seconds. */
  maxAge: number;
  /** Where there are any, a sign-in counts only with one of these `acr`, or one of these `amr`. */
  acrValues: string[];
  amrValues: string[];
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
  readonly events: Events;
  readonly #config: PassageFlexConfig;
  readonly #connection: Connection;

  constructor(config: PassageFlexConfig) {
    this.#connection = new Connection(withProof(config));
    this.#config = { ...config };
    this.appId = config.appId;
    this.auth = new Auth(this.#connection);
    this.user = new User(this.#connection);
    this.events = new Events(this.#connection);
  }

  /** The same app and key, for calls that are made in another way: `passage.with({ signal }).user.get(id)`. */
  with(options: CallOptions): PassageFlex {
    return withConfig({ ...this.#config, ...options });
  }

  /** The public facts of the app; the API key is not sent. */
  async getApp(): Promise<AppInfo> {
    return this.#connection.request({ anonymous: true }, (answer) => {
      const app = read(answer, 'app', isObject);
      if (app['id'] !== this.appId) throw invalidResponse(200, 'The server told of another app.');
      return {
        id: this.appId,
        name: read(app, 'name', isText),
        authOrigin: read(app, 'auth_origin', isText),
        additionalAuthOrigins: (readOwn(app, 'additional_auth_origins', Array.isArray) ?? []).filter(isText),
        rpId: readOwn(app, 'rp_id', isDomain),
        maxPasskeysPerUser: readOwn(app, 'max_passkeys_per_user', isCount),
        stepUp: toStepUp(app),
        lastPasskey: readOwn(app, 'last_passkey', isOneOf('allow', 'warn', 'deny')),
      };
    });
  }

  /** Keyway's own: users of the app by their passkeys, its passkeys, and its sign-ins of the last days (30, at most 366). */
  async getStats({ days }: { days?: number | undefined } = {}): Promise<Stats> {
    const query: Record<string, string> = days === undefined ? {} : { days: `${days}` };
    return this.#connection.request({ route: '/stats', query }, toStats);
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
  verifyNonce(nonce: string, options?: VerifyNonceOptions): Promise<string> {
    return this.auth.verifyNonce(nonce, options);
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

/** Outside the class: the bundler renames a class that names itself. */
const withConfig = (config: PassageFlexConfig): PassageFlex => new PassageFlex(config);

/** Says in the headers of calls how the person has stepped up; the caller's own object stays as it is. */
function withProof(config: PassageFlexConfig): PassageFlexConfig {
  const stepUp = (config as Partial<PassageFlexConfig> | undefined)?.stepUp;
  if (stepUp === undefined) return config;
  if (typeof stepUp === 'string') {
    return { ...config, headers: { ...config.headers, 'x-keyway-step-up': stepUp } };
  }
  const { nonce, signedInAt } = stepUp;
  const signedIn: Record<string, string> =
    signedInAt === null ? {} : { 'x-keyway-signed-in-at': String(signedInAt) };
  return { ...config, headers: { ...config.headers, 'x-keyway-nonce': nonce, ...signedIn } };
}

/** Of a word that a later server has, it is known only that something is asked: a passkey always counts for most. */
function toStepUp(app: Json): AppStepUp | null {
  const word = readOwn(app, 'step_up', isText);
  if (word === null) return null;
  return {
    by: isOneOf('off', 'fresh-token', 'passkey', 'either')(word) ? word : 'passkey',
    maxAge: readOwn(app, 'step_up_max_age', isCount) ?? 0,
    acrValues: readOwn(app, 'step_up_acr', isListOf(isText)) ?? [],
    amrValues: readOwn(app, 'step_up_amr', isListOf(isText)) ?? [],
  };
}

const isOneOf =
  <T extends string>(...words: readonly T[]) =>
  (value: unknown): value is T =>
    words.includes(value as T);

const isDomain = (value: unknown): value is string => isText(value) && /^[a-z0-9.-]{1,253}$/.test(value);
