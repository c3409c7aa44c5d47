import { Injectable, Logger } from '@nestjs/common';
import { Configuration, embeddedPassageOf } from '../../config/configuration.js';
import { Database } from '../../database/database.js';
import { databaseOutage } from '../../database/database-outage.js';
import { AppError } from '../../errors/app-error.js';
import { AuditTrail } from '../../events/audit-trail.js';
import { ExternalIds } from '../../users/external-ids.js';
import { Ties } from '../../users/ties.js';
import { UserRepository } from '../../users/user.repository.js';
import { DevicesService } from '../devices/devices.service.js';
import type { UserKey } from '../user-key.js';
import type { FlexUserStatus } from './flex-user.entity.js';
import type { UserProfile } from './flex-user.json.js';
import { type FlexUserRecord, FlexUserRepository } from './flex-user.repository.js';

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
   * audit trail who acted from where. A mark of the identity remains, as a keyed hash. Throws `user_not_found`.
   */
  async erase(appId: string, key: UserKey): Promise<void> {
    const { id, externalId } = await this.require(appId, key);
    const identity = await this.database.transaction(async (tx) => {
      const untied = appId === this.ownAppId ? await this.ties.undo(appId, externalId, tx) : null;
      if (!(await this.users.erase({ appId, id }, tx))) throw new AppError('user_not_found');
      await this.audit.hide(appId, id, tx);
      // Names the server that asked, which is not a person.
      await this.audit.record({ type: 'user.deleted', appId, userId: id }, tx);
      return untied;
    });
    if (identity) this.externalIds.forget(identity);
    // After the commit: it takes long where events are many, and keeps nobody's row.
    await this.audit.anonymise(appId, id).catch((error: unknown) => {
      this.log.warn(
        `Events of an erased user are left to the purge: ${databaseOutage(error)?.reason ?? 'unexpected error'}`,
      );
    });
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
