import { Injectable } from '@nestjs/common';
import type { Caller } from '../auth/caller.js';
import { AppError } from '../errors/app-error.js';
import { Passage } from '../passage/passage.js';
import { UserRepository } from '../users/user.repository.js';
import { ExternalIds } from './external-ids.js';
import {
  type AcceptedCredentialsSignal,
  toSignal,
  toWebAuthnDevice,
  type WebAuthnDevice,
} from './web-authn-device.js';

export interface PasskeyList {
  readonly username: string;
  readonly passkeys: readonly WebAuthnDevice[];
  readonly signal: AcceptedCredentialsSignal | null;
}

/** What a browser needs to begin a ceremony on the Flex routes. */
export interface CeremonyLeave {
  readonly transactionId: string;
  readonly appId: string;
  readonly flexUrl: string;
}

export interface ProvenCeremony {
  readonly username: string;
  readonly externalId: string;
  readonly kind: 'register' | 'authenticate' | null;
}

/** The passkeys of the user who is calling, and nobody else's. */
@Injectable()
export class PasskeysService {
  constructor(
    private readonly users: UserRepository,
    private readonly externalIds: ExternalIds,
    private readonly passage: Passage,
  ) {}

  /** A user without an external ID has none, and the provider is not asked. */
  async list(caller: Caller): Promise<PasskeyList> {
    const { username } = caller;
    const externalId = await this.externalIds.recent(caller);
    if (externalId === null) return { username, passkeys: [], signal: null };
    let devices = await this.passage.getDevices(externalId);
    if (devices.devices.length === 0) {
      const current = await this.externalIds.renewed(caller);
      if (current === null) return { username, passkeys: [], signal: null };
      if (current !== externalId) devices = await this.passage.getDevices(current);
    }
    return { username, passkeys: devices.devices.map(toWebAuthnDevice), signal: toSignal(devices) };
  }

  /** Throws `device_not_found`, also for somebody else's. */
  async revoke(caller: Caller, deviceId: string): Promise<void> {
    await this.passage.revokeDevice(await this.ownerOfDevices(caller), deviceId);
  }

  /** Throws `device_not_found`, also for somebody else's. */
  async rename(caller: Caller, deviceId: string, friendlyName: string): Promise<WebAuthnDevice> {
    const externalId = await this.ownerOfDevices(caller);
    return toWebAuthnDevice(await this.passage.renameDevice(externalId, deviceId, friendlyName));
  }

  /** Lets the caller add one passkey; the first time makes their external ID. */
  async beginRegistration(caller: Caller): Promise<CeremonyLeave> {
    const leave = (await this.tryToRegister(caller)) ?? (await this.tryToRegister(caller));
    if (!leave) throw new AppError('user_not_found');
    return leave;
  }

  /** Lets the caller sign in once more as themselves (step-up). Throws `user_has_no_passkeys`. */
  async beginAuthentication(caller: Caller): Promise<CeremonyLeave> {
    const externalId = await this.externalIds.current(caller);
    if (externalId === null) throw new AppError('user_has_no_passkeys');
    try {
      return this.leave(await this.passage.createAuthenticateTransaction(externalId));
    } catch (error) {
      const isUnknown = error instanceof AppError && error.code === 'user_not_found';
      throw isUnknown ? new AppError('user_has_no_passkeys', { cause: error }) : error;
    }
  }

  /** Uses the nonce up, whosever it is. Throws `invalid_nonce` unless it is the caller's own. */
  async verify(caller: Caller, nonce: string): Promise<ProvenCeremony> {
    const own = await this.externalIds.current(caller);
    const { externalId, kind } = await this.passage.verifyNonce(nonce);
    if (own === null || externalId !== own) throw new AppError('invalid_nonce');
    return { username: caller.username, externalId, kind };
  }

  /** Null if the caller is erased meanwhile: leave given under an external ID that nobody has makes a passkey of nobody. */
  private async tryToRegister(caller: Caller): Promise<CeremonyLeave | null> {
    const externalId = await this.users.enrol(caller, caller.username);
    const transactionId = await this.passage
      .createRegisterTransaction(externalId, caller.username)
      .catch(nullIfUnknown);
    if (transactionId === null || (await this.externalIds.current(caller)) !== externalId) return null;
    return this.leave(transactionId);
  }

  private async ownerOfDevices(caller: Caller): Promise<string> {
    const externalId = await this.externalIds.current(caller);
    if (externalId === null) throw new AppError('device_not_found');
    return externalId;
  }

  private leave(transactionId: string): CeremonyLeave {
    return { transactionId, appId: this.passage.appId, flexUrl: this.passage.flexUrl };
  }
}

function nullIfUnknown(error: unknown): null {
  if (error instanceof AppError && error.code === 'user_not_found') return null;
  throw error;
}
