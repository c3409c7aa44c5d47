import type { Passkey, UserPasskeys } from '../flex/devices/passkey.js';
import type { HistoryPage, HistoryQuery } from './history.js';

/** A user as the provider knows them. */
export interface PassageUser {
  readonly id: string;
  readonly externalId: string;
  readonly status: 'active' | 'inactive' | 'pending';
  readonly loginCount: number;
  readonly lastLoginAt: Date | null;
  readonly createdAt: Date;
  readonly updatedAt: Date;
}

/** The app as the provider knows it. */
export interface PassageApp {
  readonly id: string;
  readonly name: string;
  readonly rpId: string | null;
  /** How many passkeys a user may have; null where the provider does not tell. */
  readonly maxPasskeysPerUser: number | null;
  readonly stepUp: StepUpPolicy;
  readonly lastPasskey: LastPasskey | null;
  readonly origins: readonly string[];
}

/** What a nonce proved; `kind` and `deviceId` are null where the provider does not tell. */
export interface PassageNonce {
  readonly externalId: string;
  readonly kind: 'register' | 'authenticate' | null;
  readonly deviceId: string | null;
}

/** The identity of a user who acts for themself. */
export interface ActingIdentity {
  readonly issuer: string;
  readonly subject: string;
}

/** What an app accepts as step-up; where the provider does not tell, none is asked. */
export interface StepUpPolicy {
  readonly by: 'off' | 'fresh-token' | 'passkey' | 'either';
  /** Seconds since which the user of a token has to have signed in. */
  readonly maxAge: number;
  /** Where there are any, a token counts only with `acr` or `amr` among them. */
  readonly acrValues: readonly string[];
  readonly amrValues: readonly string[];
}

/** What becomes of the revocation of a user's last passkey; `warn`: pages warn of it. */
export type LastPasskey = 'allow' | 'warn' | 'deny';

/**
 * How a person has stepped up: `done` where their token is of a fresh sign-in, a nonce to be used up with the act, or
 * `missing`. Whether that is enough is decided by the provider, with the act.
 */
export type StepUp = 'done' | 'missing' | { readonly nonce: string; readonly signedInAt: number | null };

/** A person who acts on their own account. */
export interface ActingPerson extends ActingIdentity {
  readonly stepUp: StepUp;
}

/** The act that a sign-in is the step-up for: `target` is the id of the passkey to be revoked, null for other acts. */
export interface StepUpFor {
  readonly act: 'add' | 'revoke' | 'erase';
  readonly target: string | null;
}

/** What a browser needs to forget the passkeys of a user who was erased; as in {@link UserPasskeys}. */
export type ErasedUser = Pick<UserPasskeys, 'rpId' | 'signalUserHandles'>;

/** What holds for every user of an app; nulls where it is not known. */
export type UserRules = Pick<UserPasskeys, 'limit' | 'lastPasskey'>;

/** Who registers, and what kind of registration a transaction permits. */
export interface RegisterTransactionOptions {
  /** The person who acts for themself, if one does. */
  readonly tiedTo?: ActingPerson;
  /** What authenticators show as the account's name, if the provider {@link Passage.showsUsernames}. */
  readonly username?: string;
  /** An automatic upgrade: the passkey may be created without asking the user. */
  readonly conditional?: boolean;
}

/**
 * A Passage Flex provider for one app: where the passkeys are. Also its injection token. Every call may throw
 * `provider_unavailable` or `database_unavailable`, and names users by external ID alone. What changes something is told
 * which identity acts: a provider on the database of the ties makes sure, in the transaction of the change, that the
 * external ID is still tied to it; the user is unknown otherwise.
 */
export abstract class Passage {
  /** The app, as browsers name it on the Flex routes. */
  abstract readonly appId: string;
  /** Base URL of the Flex routes for browsers, version included, no trailing slash. */
  abstract readonly flexUrl: string;
  /** Whether a registration tells the username from the display name; else authenticators have the latter as both. */
  abstract readonly showsUsernames: boolean;

  /** Oldest first; an unknown user has none. */
  abstract getDevices(externalId: string): Promise<UserPasskeys>;
  /** What holds for a user without passkeys, without asking another server. */
  abstract recentRules(): Promise<UserRules>;
  /** What the app accepts as step-up. */
  abstract stepUpPolicy(): Promise<StepUpPolicy>;
  /**
   * Throws `device_not_found`, also for another user's; `access_denied` where the provider does not allow it; of a person
   * `insufficient_user_authentication`, and `last_passkey` where the app denies it.
   */
  abstract revokeDevice(externalId: string, deviceId: string, person?: ActingPerson): Promise<void>;
  /**
   * Throws `device_not_found`, also for another user's; `invalid_request` where the provider does not accept the name,
   * `access_denied` where it cannot rename.
   */
  abstract renameDevice(
    externalId: string,
    deviceId: string,
    friendlyName: string,
    tiedTo?: ActingIdentity,
  ): Promise<Passkey>;
  /**
   * The id of a transaction that lets the user register one passkey. Throws `user_not_active`, `too_many_passkeys`, and
   * `user_not_found` where they are erased at that moment; `invalid_request` where the provider does not accept the name,
   * `access_denied` where it does not allow the call, `too_many_requests` for too many automatic upgrades; of a person
   * `insufficient_user_authentication`, if it is not their first passkey.
   */
  abstract createRegisterTransaction(
    externalId: string,
    passkeyDisplayName: string,
    options?: RegisterTransactionOptions,
  ): Promise<string>;
  /**
   * The id of a transaction for one sign-in. Throws `user_not_found`, `user_not_active`, `user_has_no_passkeys`;
   * `access_denied` where the provider does not allow it.
   */
  abstract createAuthenticateTransaction(
    externalId: string,
    tiedTo?: ActingIdentity,
    stepUp?: StepUpFor,
  ): Promise<string>;
  /**
   * Deletes a person with all that points at them, on their own behalf. Throws `user_not_found`,
   * `insufficient_user_authentication` if they have passkeys, `access_denied` where the provider does not allow it.
   */
  abstract eraseUser(externalId: string, person: ActingPerson): Promise<ErasedUser>;
  /** Uses the nonce up. Throws `invalid_nonce`; where that is because of the identity, the nonce is used up as well. */
  abstract verifyNonce(nonce: string, tiedTo?: ActingIdentity): Promise<PassageNonce>;
  /** False if the app is known not to allow automatic upgrades; what is not known is decided by the transaction. */
  abstract allowsUpgrades(): Promise<boolean>;
  /**
   * What happened to a user and their passkeys, newest first; an unknown user has no history. Throws `invalid_request` where the
   * provider does not know the cursor, `access_denied` where it does not allow or has no such call.
   */
  abstract getHistory(externalId: string, query: HistoryQuery): Promise<HistoryPage>;
  /** Null if the app has no such user. */
  abstract getUser(externalId: string): Promise<PassageUser | null>;
  /** The app as it is now. */
  abstract getApp(): Promise<PassageApp>;
}
