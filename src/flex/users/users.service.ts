import { Injectable, Logger } from '@nestjs/common';
import { Configuration, embeddedPassageOf } from '../../config/configuration.js';
import { Database } from '../../database/database.js';
import { databaseOutage } from '../../database/database-outage.js';
import { AppError } from '../../errors/app-error.js';
import { AuditTrail } from '../../events/audit-trail.js';
import { ExternalIds } from '../../users/external-ids.js';
import { Ties } from '../../users/ties.js';
import { UserRepository } from '../../users/user.repository.js';
import { AppPolicies } from '../apps/app-policies.js';
import { DeviceRepository } from '../devices/device.repository.js';
import { DevicesService, handlesOf } from '../devices/devices.service.js';
import type { ActOfPerson } from '../step-up/step-up.js';
import { StepUps } from '../step-up/step-ups.js';
import type { UserKey } from '../user-key.js';
import type { FlexUserStatus } from './flex-user.entity.js';
import type { UserProfile } from './flex-user.json.js';
import { type FlexUserRecord, FlexUserRepository } from './flex-user.repository.js';

/** What a browser needs to forget the passkeys of a user who was erased; nothing unless a person acted. */
export interface ErasedUser {
  readonly rpId: string | null;
  /** The user handles that the passkeys carried, base64url without padding. */
  readonly signalUserHandles: readonly string[];
}

/** The users of an app, as its servers see and change them. */
@Injectable()
export class UsersService {
  private readonly log = new Logger(UsersService.name);
  /** The one app that has identities: that of the user's API. */
  private readonly ownAppId: string;

  constructor(
    private readonly database: Database,
    private readonly users: FlexUserRepository,
    private readonly devices: DevicesService,
    private readonly passkeys: DeviceRepository,
    private readonly apps: AppPolicies,
    private readonly stepUps: StepUps,
    private readonly identities: UserRepository,
    private readonly ties: Ties,
    private readonly externalIds: ExternalIds,
    private readonly audit: AuditTrail,
    configuration: Configuration,
  ) {
    this.ownAppId = embeddedPassageOf(configuration).app.id;
  }

  /** Throws `user_not_found`. */
  async get(appId: string, key: UserKey): Promise<UserProfile> {
    return this.profile(appId, await this.require(appId, key));
  }

  /** While a user is inactive they start and finish no ceremony, and what they proved is refused. Throws `user_not_found`. */
  async setStatus(appId: string, key: UserKey, status: FlexUserStatus): Promise<UserProfile> {
    const { id } = await this.require(appId, key);
    const user = await this.database.transaction((tx) => this.users.setStatus({ appId, id }, status, tx));
    if (!user) throw new AppError('user_not_found');
    return this.profile(appId, user);
  }

  /**
   * Deletes the user and all that points at a person: passkeys, transactions, nonces, their identity here, and in the
   * audit trail who acted from where. A mark of the identity remains, as a keyed hash. Throws `user_not_found`; where the
   * person acts, `insufficient_user_authentication` as well, unless they have no passkeys.
   */
  async erase(appId: string, key: UserKey, person?: ActOfPerson): Promise<ErasedUser> {
    const { id, externalId } = await this.require(appId, key);
    const isNeeded = person !== undefined && (await this.apps.get(appId)).stepUp !== 'off';
    const tiedTo = 'id' in key ? undefined : key.tiedTo;
    const work = this.database.transaction(async (tx) => {
      const untied = appId === this.ownAppId ? await this.ties.undo(appId, externalId, tx, tiedTo) : null;
      if (tiedTo && !untied) throw new AppError('user_not_found');
      await this.users.lockToErase({ appId, id }, tx);
      // What browsers may be told is for the person themself.
      const owned = person ? await this.passkeys.list(appId, { id }, tx) : null;
      const { devices = [], rpId = null } = owned ?? {};
      const use = { appId, userId: id, act: 'erase', target: null } as const;
      await this.stepUps.require(
        person?.stepUp ?? 'done',
        { ...use, isNeeded: isNeeded && devices.length > 0 },
        tx,
      );
      if (!(await this.users.erase({ appId, id }, tx))) throw new AppError('user_not_found');
      await this.audit.hide(appId, { id, externalId }, tx);
      const whom = { externalId, issuer: untied?.issuer ?? null, subject: untied?.subject ?? null };
      // Names the server that asked, which is not a person.
      await this.audit.record(
        { type: 'user.deleted', appId, userId: id, isAnonymous: tiedTo !== undefined, person: whom },
        tx,
      );
      return { identity: untied, rpId, signalUserHandles: handlesOf(devices) };
    });
    const { identity, ...erased } = await this.stepUps.auditing(work);
    if (identity) this.externalIds.forget(identity);
    // After the commit: it takes long where events are many, and keeps nobody's row.
    await this.audit.anonymise(appId, id).catch((error: unknown) => {
      this.log.warn(
        `Events of an erased user are left to the purge: ${databaseOutage(error)?.reason ?? 'unexpected error'}`,
      );
    });
    return erased;
  }

  private async require(appId: string, key: UserKey): Promise<FlexUserRecord> {
    const user = await this.users.find(appId, key);
    if (!user) throw new AppError('user_not_found');
    return user;
  }

  private async profile(appId: string, user: FlexUserRecord): Promise<UserProfile> {
    const [owned, events, identity] = await Promise.all([
      this.devices.list(appId, { id: user.id }, 'as the app wants'),
      this.audit.recent(appId, user.id),
      appId === this.ownAppId ? this.identities.findByExternalId(user.externalId) : null,
    ]);
    const { devices = [], signalUserHandles = [] } = owned ?? {};
    return { user, identity, devices, signalUserHandles, events };
  }
}
