import { Injectable } from '@nestjs/common';
import { type Caller, hasSignedInRecently } from '../auth/caller.js';
import { AppError } from '../errors/app-error.js';
import type { UserPasskeys } from '../flex/devices/passkey.js';
import {
  type ActingPerson,
  type LastPasskey,
  Passage,
  type RegisterTransactionOptions,
  type StepUpFor,
} from '../passage/passage.js';
import { ExternalIds } from '../users/external-ids.js';
import { challenging, stepUpOf } from './step-up.js';
import {
  toEmptySignals,
  toSignals,
  toWebAuthnDevice,
  type UserSignal,
  type WebAuthnDevice,
} from './web-authn-device.js';

/** Seconds: how recent the sign-in has to be that an automatic upgrade follows. */
const UPGRADE_MAX_AGE = 300;

/** All passkeys of the caller, newest first; `externalId` is null until they first add one. */
export interface PasskeyList {
  readonly username: string;
  readonly externalId: string | null;
  readonly passkeys: readonly WebAuthnDevice[];
  /** How many passkeys the caller may have; null where that is not known. */
  readonly limit: number | null;
  /** What becomes of the revocation of their last passkey; null where that is not known. */
  readonly lastPasskey: LastPasskey | null;
  /** What browsers may be told; empty where the provider does not tell what it takes. */
  readonly signals: readonly UserSignal[];
}

/** What a browser needs to begin a ceremony on the Flex routes. */
export interface CeremonyPermission {
  readonly transactionId: string;
  readonly appId: string;
  readonly flexUrl: string;
}

/** What the caller has just proved with a nonce; `kind` is null where the provider does not tell. */
export interface ProvenCeremony {
  readonly username: string;
  readonly externalId: string;
  readonly kind: 'register' | 'authenticate' | null;
  /** The passkey; null where the provider does not tell. */
  readonly deviceId: string | null;
}

/** The passkeys of the calling user. */
@Injectable()
export class PasskeysService {
  constructor(
    private readonly externalIds: ExternalIds,
    private readonly passage: Passage,
  ) {}

  /** A user without an external ID has none, and the provider is not asked for them. */
  async list(caller: Caller): Promise<PasskeyList> {
    const externalId = await this.externalIds.recent(caller, this.passage.appId);
    if (externalId === null) return this.emptyList(caller);
    const owned = await this.passage.getDevices(externalId);
    if (owned.devices.length > 0) return this.toList(caller, externalId, owned);
    const current = await this.externalIds.renewed(caller, this.passage.appId);
    if (current === null) return this.emptyList(caller);
    const ofCurrent = current === externalId ? owned : await this.passage.getDevices(current);
    return this.toList(caller, current, ofCurrent);
  }

  /**
   * Throws `device_not_found`, also for another user's passkey; `insufficient_user_authentication` and `last_passkey` as the
   * app has it.
   */
  async revoke(caller: Caller, deviceId: string, nonce: string | null): Promise<void> {
    const externalId = await this.ownerOfDevices(caller);
    await this.steppingUp(caller, nonce, (person) => this.passage.revokeDevice(externalId, deviceId, person));
  }

  /**
   * Erases the caller, with their passkeys and all that points at them; what browsers may be told then is that no passkey
   * of theirs is left. Throws `insufficient_user_authentication`, unless they have no passkeys.
   */
  async erase(caller: Caller, nonce: string | null): Promise<{ readonly signals: readonly UserSignal[] }> {
    const externalId = await this.current(caller);
    if (externalId === null) return { signals: [] };
    const erased = await this.steppingUp(caller, nonce, (person) =>
      this.passage.eraseUser(externalId, person).catch(nullIfUnknown),
    );
    // The provider may not know the user, or know no ties.
    await this.externalIds.undo(caller, this.passage.appId, externalId);
    return { signals: erased ? toEmptySignals(erased, this.namesOf(caller)) : [] };
  }

  /** Throws `device_not_found`, also for another user's passkey. */
  async rename(caller: Caller, deviceId: string, friendlyName: string): Promise<WebAuthnDevice> {
    const externalId = await this.ownerOfDevices(caller);
    return toWebAuthnDevice(await this.passage.renameDevice(externalId, deviceId, friendlyName, caller));
  }

  /**
   * Permits the caller to add one passkey; the first time makes their external ID. Throws
   * `insufficient_user_authentication` as the app has it, if it is not their first.
   */
  async beginRegistration(
    caller: Caller,
    nonce: string | null,
    options: Pick<RegisterTransactionOptions, 'conditional'> = {},
  ): Promise<CeremonyPermission> {
    // An erasure of the caller may overtake the first attempt; the second then makes them anew.
    const permission =
      (await this.permitRegistration(caller, nonce, options)) ??
      (await this.permitRegistration(caller, nonce, options));
    if (!permission) throw new AppError('user_not_found');
    return permission;
  }

  /**
   * Permits the caller, who has just signed in, to have one passkey made without being asked (automatic upgrade). Throws
   * `insufficient_user_authentication`, `access_denied` where the app does not allow it, `too_many_requests`.
   */
  async beginUpgrade(caller: Caller, nonce: string | null): Promise<CeremonyPermission> {
    const maxAge = UPGRADE_MAX_AGE;
    if (!hasSignedInRecently(caller, maxAge)) {
      throw new AppError('insufficient_user_authentication', { stepUp: { by: 'fresh-token', maxAge } });
    }
    // Before anything of the caller is stored.
    if (!(await this.passage.allowsUpgrades())) throw new AppError('access_denied');
    return this.beginRegistration(caller, nonce, { conditional: true });
  }

  /**
   * Permits the caller to sign in once more as themselves; the nonce is then for the act that is named, or else to be
   * verified. Throws `user_has_no_passkeys`.
   */
  async beginAuthentication(caller: Caller, stepUp?: StepUpFor): Promise<CeremonyPermission> {
    const externalId = await this.current(caller);
    if (externalId === null) throw new AppError('user_has_no_passkeys');
    try {
      return this.permission(await this.passage.createAuthenticateTransaction(externalId, caller, stepUp));
    } catch (error) {
      const isUnknown = error instanceof AppError && error.code === 'user_not_found';
      throw isUnknown ? new AppError('user_has_no_passkeys', { cause: error }) : error;
    }
  }

  /** Uses the nonce up in any case. Throws `invalid_nonce` unless it is the caller's own. */
  async verify(caller: Caller, nonce: string): Promise<ProvenCeremony> {
    const own = await this.current(caller);
    const { externalId, kind, deviceId } = await this.passage.verifyNonce(nonce, caller);
    // Another server knows no ties: that one was undone while it was asked is seen by reading it again.
    const isOwn = own !== null && externalId === own && own === (await this.current(caller));
    if (!isOwn) throw new AppError('invalid_nonce');
    return { username: caller.username, externalId, kind, deviceId };
  }

  /** Signals tell browsers the names with which a registration begins: they would show others from then on. */
  private toList(caller: Caller, externalId: string, owned: UserPasskeys): PasskeyList {
    return {
      username: caller.username,
      externalId,
      passkeys: owned.devices.map(toWebAuthnDevice).reverse(),
      limit: owned.limit,
      lastPasskey: owned.lastPasskey,
      signals: toSignals(owned, this.namesOf(caller)),
    };
  }

  private namesOf({ username, displayName }: Caller): Pick<UserSignal, 'name' | 'displayName'> {
    return { name: this.passage.showsUsernames ? username : displayName, displayName };
  }

  private async emptyList({ username }: Caller): Promise<PasskeyList> {
    const { limit, lastPasskey } = await this.passage.recentRules();
    return { username, externalId: null, passkeys: [], limit, lastPasskey, signals: [] };
  }

  /** Null if the caller is erased meanwhile: a transaction for an erased user would create an orphaned passkey. */
  private async permitRegistration(
    caller: Caller,
    nonce: string | null,
    options: Pick<RegisterTransactionOptions, 'conditional'>,
  ): Promise<CeremonyPermission | null> {
    const externalId = await this.externalIds.made(caller, this.passage.appId);
    const transactionId = await this.steppingUp(caller, nonce, (person) =>
      this.passage
        .createRegisterTransaction(externalId, caller.displayName, {
          ...options,
          username: caller.username,
          tiedTo: person,
        })
        .catch(nullIfUnknown),
    );
    if (transactionId === null || (await this.current(caller)) !== externalId) return null;
    return this.permission(transactionId);
  }

  /** Runs an act with what the caller brings for step-up; the provider decides whether that is enough. */
  private async steppingUp<T>(
    caller: Caller,
    nonce: string | null,
    act: (person: ActingPerson) => Promise<T>,
  ): Promise<T> {
    const { issuer, subject } = caller;
    const policy = await this.passage.stepUpPolicy();
    return challenging(policy, act({ issuer, subject, stepUp: stepUpOf(policy, caller, nonce) }));
  }

  private async ownerOfDevices(caller: Caller): Promise<string> {
    const externalId = await this.current(caller);
    if (externalId === null) throw new AppError('device_not_found');
    return externalId;
  }

  private current(caller: Caller): Promise<string | null> {
    return this.externalIds.current(caller, this.passage.appId);
  }

  private permission(transactionId: string): CeremonyPermission {
    return { transactionId, appId: this.passage.appId, flexUrl: this.passage.flexUrl };
  }
}

function nullIfUnknown(error: unknown): null {
  if (error instanceof AppError && error.code === 'user_not_found') return null;
  throw error;
}
