import { Injectable } from '@nestjs/common';
import { Configuration, embeddedPassageOf } from '../../config/configuration.js';
import type { AppPolicy } from '../../flex/apps/app.js';
import { AppPolicies } from '../../flex/apps/app-policies.js';
import { DevicesService } from '../../flex/devices/devices.service.js';
import { requireCursor } from '../../flex/events/event-list-query.js';
import { EventsService } from '../../flex/events/events.service.js';
import { NoncesService } from '../../flex/nonces/nonces.service.js';
import { TransactionsService } from '../../flex/transactions/transactions.service.js';
import { UsersService } from '../../flex/users/users.service.js';
import { FlexUserRepository } from '../../flex/users/flex-user.repository.js';
import type { Passkey, UserPasskeys } from '../../flex/devices/passkey.js';
import type { HistoryPage, HistoryQuery } from '../history.js';
import {
  type ActingIdentity,
  type ActingPerson,
  type ErasedUser,
  Passage,
  type PassageApp,
  type PassageNonce,
  type PassageUser,
  type RegisterTransactionOptions,
  type StepUpFor,
  type StepUpPolicy,
  type UserRules,
} from '../passage.js';

/** The provider in this very process: the app of `APP_ID` in our own Flex backend. */
@Injectable()
export class EmbeddedPassage extends Passage {
  readonly appId: string;
  readonly flexUrl: string;
  readonly showsUsernames = true;

  constructor(
    configuration: Configuration,
    private readonly apps: AppPolicies,
    private readonly users: FlexUserRepository,
    private readonly devices: DevicesService,
    private readonly transactions: TransactionsService,
    private readonly nonces: NoncesService,
    private readonly accounts: UsersService,
    private readonly events: EventsService,
  ) {
    super();
    this.appId = embeddedPassageOf(configuration).app.id;
    this.flexUrl = `${configuration.http.publicUrl}/v1`;
  }

  override async getDevices(externalId: string): Promise<UserPasskeys> {
    const found = await this.devices.list(this.appId, { externalId });
    return found ?? { devices: [], ...(await this.recentRules()), rpId: null, signalUserHandles: [] };
  }

  override async recentRules(): Promise<UserRules> {
    const { maxPasskeysPerUser: limit, lastPasskey } = await this.apps.getRecent(this.appId);
    return { limit, lastPasskey };
  }

  override async stepUpPolicy(): Promise<StepUpPolicy> {
    return stepUpOf(await this.apps.get(this.appId));
  }

  override revokeDevice(externalId: string, deviceId: string, person?: ActingPerson): Promise<void> {
    return this.devices.revoke(this.appId, { externalId, tiedTo: person }, deviceId, person);
  }

  override renameDevice(
    externalId: string,
    id: string,
    friendlyName: string,
    tiedTo?: ActingIdentity,
  ): Promise<Passkey> {
    return this.devices.rename(this.appId, { externalId, tiedTo }, { id, friendlyName });
  }

  override createRegisterTransaction(
    externalId: string,
    passkeyDisplayName: string,
    options?: RegisterTransactionOptions,
  ): Promise<string> {
    const stepUp = options?.tiedTo?.stepUp;
    return this.transactions.createRegister(this.appId, externalId, passkeyDisplayName, {
      ...options,
      stepUp,
    });
  }

  override createAuthenticateTransaction(
    externalId: string,
    tiedTo?: ActingIdentity,
    stepUp?: StepUpFor,
  ): Promise<string> {
    return this.transactions.createAuthenticate(this.appId, externalId, { tiedTo, stepUp });
  }

  override eraseUser(externalId: string, person: ActingPerson): Promise<ErasedUser> {
    return this.accounts.erase(this.appId, { externalId, tiedTo: person }, person);
  }

  override async verifyNonce(nonce: string, tiedTo?: ActingIdentity): Promise<PassageNonce> {
    const { externalId, kind, deviceId } = await this.nonces.verify(this.appId, nonce, tiedTo);
    return { externalId, kind, deviceId };
  }

  override async allowsUpgrades(): Promise<boolean> {
    return (await this.apps.get(this.appId)).conditionalCreate === 'on';
  }

  override getHistory(externalId: string, { cursor, ...query }: HistoryQuery): Promise<HistoryPage> {
    const after = requireCursor(cursor);
    return this.events.list(this.appId, { ...query, user: { externalId }, after });
  }

  override async getUser(externalId: string): Promise<PassageUser | null> {
    return this.users.find(this.appId, { externalId });
  }

  override async getApp(): Promise<PassageApp> {
    const app = await this.apps.get(this.appId);
    const { id, relyingParty, maxPasskeysPerUser, lastPasskey, webOrigins: origins } = app;
    const { name, id: rpId } = relyingParty;
    return { id, name, rpId, maxPasskeysPerUser, lastPasskey, stepUp: stepUpOf(app), origins };
  }
}

const stepUpOf = ({ stepUp, stepUpMaxAge, stepUpAcr, stepUpAmr }: AppPolicy): StepUpPolicy => ({
  by: stepUp,
  maxAge: stepUpMaxAge,
  acrValues: stepUpAcr,
  amrValues: stepUpAmr,
});
