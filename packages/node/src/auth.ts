import { isFlag, isId, isNonEmpty, type Json, read, readOwn } from './answers.js';
import { invalidArgument, isArgs, required } from './arguments.js';
import type { Connection } from './connection.js';
import { PassageError, PassageErrorCode } from './passage-error.js';

/** What kind of registration a transaction permits. */
export interface RegisterTransactionOptions {
  /**
   * Keyway's own: an automatic upgrade. The browser may make the passkey without asking the user, by `passkey.upgrade()`,
   * where the app allows it; a user has one such transaction at a time, and five a day.
   */
  conditional?: boolean | undefined;
}

/** The arguments of `createRegisterTransaction` in an object. */
export interface RegisterTransactionArgs extends RegisterTransactionOptions {
  /** Your own id of the user: unique, and the same for ever. */
  externalId: string;
  /** What the user sees in the browser's prompt, such as their email address. */
  passkeyDisplayName: string;
}

/** The arguments of `createAuthenticateTransaction` in an object. */
export interface AuthenticateTransactionArgs {
  externalId: string;
  /** Keyway's own: what the sign-in is the step-up for. Its nonce is for that act alone, and not to be verified. */
  stepUp?: StepUpFor | undefined;
}

/** What a person is to do to their own account; `target` is the id of the passkey to be revoked. */
export interface StepUpFor {
  act: 'add' | 'revoke' | 'erase';
  target?: string | null | undefined;
}

/** What a finished ceremony proved. */
export interface NonceProof {
  externalId: string;
  /** Keyway's own: which ceremony, and with which passkey; null where not told. */
  kind: 'register' | 'authenticate' | null;
  deviceId: string | null;
  /** Keyway's own: the identity that the external ID is tied to; null where it is tied to none. */
  issuer: string | null;
  subject: string | null;
  /** Keyway's own: whether PIN or biometrics verified the user in that ceremony; null where not told. */
  userVerified: boolean | null;
}

/** What a nonce has to prove. */
export interface VerifyNonceOptions {
  /** The only ceremony that counts: with `authenticate`, the nonce of a registration does not pass for a sign-in. */
  kind: 'register' | 'authenticate';
}

/** Makes the transactions of ceremonies, and verifies the nonces with which they end. */
export class Auth {
  readonly #connection: Connection;

  constructor(connection: Connection) {
    this.#connection = connection;
  }

  /** Resolves to the id of a transaction that lets a browser register one passkey for the user. */
  createRegisterTransaction(
    externalId: string,
    passkeyDisplayName: string,
    options?: RegisterTransactionOptions,
  ): Promise<string>;
  createRegisterTransaction(args: RegisterTransactionArgs): Promise<string>;
  async createRegisterTransaction(
    first: string | RegisterTransactionArgs,
    passkeyDisplayName?: string,
    options?: RegisterTransactionOptions,
  ): Promise<string> {
    const args = isArgs(first) ? first : { ...options, externalId: first, passkeyDisplayName };
    return this.#createTransaction('register', {
      external_id: required('externalId', args.externalId),
      passkey_display_name: required('passkeyDisplayName', args.passkeyDisplayName),
      ...(args.conditional && { conditional: true }),
    });
  }

  /**
   * Resolves to the id of a transaction that lets a browser sign the user in. Throws `user_not_found` and
   * `user_has_no_passkeys`, which must not be relayed to a person who is not signed in.
   */
  createAuthenticateTransaction(externalId: string): Promise<string>;
  createAuthenticateTransaction(args: AuthenticateTransactionArgs): Promise<string>;
  async createAuthenticateTransaction(first: string | AuthenticateTransactionArgs): Promise<string> {
    const args: AuthenticateTransactionArgs = isArgs(first) ? first : { externalId: first };
    return this.#createTransaction('authenticate', {
      external_id: required('externalId', args.externalId),
      ...(args.stepUp && { step_up: args.stepUp }),
    });
  }

  /**
   * Resolves to the external ID of the user who held the ceremony. Uses the nonce up; throws `invalid_nonce`, also where it
   * is of another kind than asked for, or the server does not tell the kind. Verify it only in the browser session that
   * began the ceremony, and compare the external ID.
   */
  async verifyNonce(nonce: string, options?: VerifyNonceOptions): Promise<string> {
    const wanted = options?.kind;
    if (options && !isCeremony(wanted)) throw invalidArgument('kind must be register or authenticate.');
    const { externalId, kind } = await this.verify(nonce);
    if (wanted === undefined || kind === wanted) return externalId;
    const message = 'The nonce is not that of the ceremony which was asked for.';
    throw new PassageError(401, PassageErrorCode.Nonce, message, { reason: 'other_kind' });
  }

  /** {@link verifyNonce} for all that the nonce proved. */
  async verify(nonce: string): Promise<NonceProof> {
    return this.#connection.request(
      { method: 'POST', route: '/authenticate/verify', body: { nonce: required('nonce', nonce) } },
      (answer) => ({
        externalId: read(answer, 'external_id', isNonEmpty),
        kind: readOwn(answer, 'kind', isCeremony),
        deviceId: readOwn(answer, 'device_id', isId),
        issuer: readOwn(answer, 'issuer', isNonEmpty),
        subject: readOwn(answer, 'subject', isNonEmpty),
        userVerified: readOwn(answer, 'user_verified', isFlag),
      }),
    );
  }

  #createTransaction(kind: 'register' | 'authenticate', body: object): Promise<string> {
    return this.#connection.request(
      { method: 'POST', route: `/transactions/${kind}`, body },
      toTransactionId,
    );
  }
}

const toTransactionId = (answer: Json): string => read(answer, 'transaction_id', isNonEmpty);

const isCeremony = (value: unknown): value is 'register' | 'authenticate' =>
  value === 'register' || value === 'authenticate';
