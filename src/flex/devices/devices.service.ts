import { Injectable } from '@nestjs/common';
import { Authenticators } from '../../authenticators/authenticators.js';
import { type PasskeyType, passkeyType } from '../../authenticators/passkey-type.js';
import { placeOf } from '../../authenticators/user-agent.js';
import { Configuration } from '../../config/configuration.js';
import { Database, type DatabaseTransaction } from '../../database/database.js';
import { AppError } from '../../errors/app-error.js';
import { AuditTrail } from '../../events/audit-trail.js';
import { Ties } from '../../users/ties.js';
import type { AppPolicy } from '../apps/app.js';
import { AppPolicies } from '../apps/app-policies.js';
import type { ActOfPerson } from '../step-up/step-up.js';
import { StepUps } from '../step-up/step-ups.js';
import { OPAQUE_ID, type UserKey } from '../user-key.js';
import { DeviceRepository, type DeviceRow, type ListedDeviceRow } from './device.repository.js';
import type { Passkey, UserPasskeys } from './passkey.js';

/** Each handle that one of the passkeys carries, once, base64url without padding. */
export function handlesOf(devices: readonly ListedDeviceRow[]): string[] {
  const handles = devices.flatMap(({ userHandle }) => (userHandle ? [userHandle.toString('base64url')] : []));
  return [...new Set(handles)];
}

/** Whether icons are URLs, as our own API has them, or what the app wants in the protocol. */
export type Icons = 'urls' | 'as the app wants';

const isId = (text: string): boolean => OPAQUE_ID.test(text);

/** Lists, renames and revokes the passkeys of one user of one app; those of other users do not exist here. */
@Injectable()
export class DevicesService {
  private readonly publicUrl: string;

  constructor(
    private readonly database: Database,
    private readonly devices: DeviceRepository,
    private readonly authenticators: Authenticators,
    private readonly audit: AuditTrail,
    private readonly ties: Ties,
    private readonly apps: AppPolicies,
    private readonly stepUps: StepUps,
    configuration: Configuration,
  ) {
    this.publicUrl = configuration.http.publicUrl;
  }

  /** All passkeys of a user, oldest first; null if the app has no such user. */
  async list(appId: string, user: UserKey, icons: Icons = 'urls'): Promise<UserPasskeys | null> {
    const found = await this.devices.list(appId, user);
    if (!found) return null;
    const { rpId, limit, lastPasskey, isRegistering, devices } = found;
    return {
      devices: devices.map((row) => this.toPasskey(row, icons)),
      limit,
      lastPasskey,
      rpId,
      signalUserHandles: isRegistering ? [] : handlesOf(devices),
    };
  }

  /** The same, but throws `user_not_found` instead. */
  async require(appId: string, user: UserKey, icons: Icons = 'urls'): Promise<UserPasskeys> {
    const passkeys = await this.list(appId, user, icons);
    if (!passkeys) throw new AppError('user_not_found');
    return passkeys;
  }

  /** Renames a passkey and answers with it as it then is. Throws `device_not_found`. */
  rename(
    appId: string,
    user: UserKey,
    device: { readonly id: string; readonly friendlyName: string },
    icons: Icons = 'urls',
  ): Promise<Passkey> {
    return this.database.transaction(async (tx) => {
      if (!(await this.ties.hold(user, tx))) throw new AppError('device_not_found');
      const row = isId(device.id) && (await this.devices.rename(appId, user, device, tx));
      if (!row) throw new AppError('device_not_found');
      await this.audit.record({ type: 'passkey.renamed', appId, userId: row.userId, deviceId: row.id }, tx);
      return this.toPasskey(row, icons);
    });
  }

  /**
   * Revokes a passkey for good: the nonces that it proved are deleted with it, and it finishes no ceremony that began
   * before. Throws `device_not_found`; where it is the act of a person, `insufficient_user_authentication` and `last_passkey`.
   */
  async revoke(appId: string, user: UserKey, deviceId: string, person?: ActOfPerson): Promise<void> {
    const app = person && (await this.apps.get(appId));
    const work = this.database.transaction(async (tx) => {
      if (!isId(deviceId) || !(await this.ties.hold(user, tx))) throw new AppError('device_not_found');
      if (app) await this.permit(app, user, { ...person, deviceId }, tx);
      const userId = await this.devices.revoke(appId, user, deviceId, tx);
      if (!userId) throw new AppError('device_not_found');
      await this.audit.record({ type: 'passkey.revoked', appId, userId, deviceId }, tx);
    });
    await this.stepUps.auditing(work);
  }

  /** Holds the revocation by a person to what the app asks of them, under the user's lock. */
  private async permit(
    app: AppPolicy,
    user: UserKey,
    { stepUp = 'done', deviceId }: ActOfPerson & { readonly deviceId: string },
    tx: DatabaseTransaction,
  ): Promise<void> {
    const userId = await this.devices.lockOwner(app.id, user, tx);
    if (userId === null) throw new AppError('device_not_found');
    const use = { appId: app.id, userId, act: 'revoke', target: deviceId } as const;
    await this.stepUps.require(stepUp, { ...use, isNeeded: app.stepUp !== 'off' }, tx);
    if (app.lastPasskey === 'deny' && (await this.devices.isLast({ ...use, deviceId }, tx))) {
      throw new AppError('last_passkey', { told: 'last_passkey' });
    }
  }

  private toPasskey(row: DeviceRow, icons: Icons): Passkey {
    const type = passkeyType(row);
    const asData = icons === 'as the app wants' && row.iconForm === 'data';
    return {
      id: row.id,
      credId: row.credentialId.toString('base64url'),
      friendlyName: row.friendlyName,
      nameCode: row.nameCode,
      type,
      icons: asData ? this.authenticators.iconData(row.aaguid, type) : this.iconUrls(row.aaguid, type),
      usageCount: row.usageCount,
      lastLoginAt: row.lastLoginAt,
      createdAt: row.createdAt,
      updatedAt: row.updatedAt,
      provider: this.authenticators.nameOf(row.aaguid),
      synced: row.backedUp,
      transports: row.transports,
      automatic: row.automatic,
      createdFrom: placeOf(row.createdFrom),
      lastUsedFrom: placeOf(row.lastUsedFrom),
    };
  }

  private iconUrls(aaguid: string, type: PasskeyType): Passkey['icons'] {
    const { light, dark } = this.authenticators.iconPaths(aaguid, type);
    return { light: light && this.publicUrl + light, dark: dark && this.publicUrl + dark };
  }
}
