import { Injectable } from '@nestjs/common';
import { Authenticators } from '../../authenticators/authenticators.js';
import { passkeyType } from '../../authenticators/passkey-type.js';
import { Configuration } from '../../config/configuration.js';
import { Database } from '../../database/database.js';
import { toDate } from '../../database/statement.js';
import { AuditTrail } from '../../events/audit-trail.js';
import { AppError } from '../../errors/app-error.js';
import { OPAQUE_ID } from '../opaque-id.js';
import type { UserKey } from '../users/user-key.js';
import type { DeviceDetails, DeviceRow, UserDevices } from './device.js';
import { DeviceRepository } from './device.repository.js';

const isId = (text: string): boolean => OPAQUE_ID.test(text);

/** Shows, names and revokes the passkeys of one user of one app; anybody else's do not exist here. */
@Injectable()
export class DevicesService {
  private readonly publicUrl: string;

  constructor(
    private readonly database: Database,
    private readonly devices: DeviceRepository,
    private readonly authenticators: Authenticators,
    private readonly audit: AuditTrail,
    configuration: Configuration,
  ) {
    this.publicUrl = configuration.http.publicUrl;
  }

  /** Null if the app has no such user. */
  async list(appId: string, user: UserKey): Promise<UserDevices | null> {
    const rows = await this.devices.list(appId, user);
    const [first] = rows;
    if (!first) return null;
    const devices = first.id === null ? [] : rows.map((row) => this.toDetails(row as DeviceRow));
    return { rpId: first.rpId, userHandle: first.userHandle.toString('base64url'), devices };
  }

  /** Throws `user_not_found`. */
  async require(appId: string, user: UserKey): Promise<UserDevices> {
    const devices = await this.list(appId, user);
    if (!devices) throw new AppError('user_not_found');
    return devices;
  }

  /** Throws `device_not_found`. */
  rename(appId: string, user: UserKey, deviceId: string, friendlyName: string): Promise<DeviceDetails> {
    return this.database.transaction(async (tx) => {
      const row = isId(deviceId) && (await this.devices.rename(appId, user, deviceId, friendlyName, tx));
      if (!row) throw new AppError('device_not_found');
      await this.audit.record({ type: 'renamed', appId, userId: row.userId, deviceId }, tx);
      return this.toDetails(row);
    });
  }

  /**
   * Takes a passkey away for good: with it go the nonces it proved, and it finishes no ceremony begun before. Throws
   * `device_not_found`.
   */
  revoke(appId: string, user: UserKey, deviceId: string): Promise<void> {
    return this.database.transaction(async (tx) => {
      const userId = isId(deviceId) && (await this.devices.delete(appId, user, deviceId, tx));
      if (!userId) throw new AppError('device_not_found');
      await this.audit.record({ type: 'revoked', appId, userId, deviceId }, tx);
    });
  }

  private toDetails(row: DeviceRow): DeviceDetails {
    const type = passkeyType(row);
    const { light, dark } = this.authenticators.iconPaths(row.aaguid, type);
    return {
      id: row.id,
      credId: row.credentialId.toString('base64url'),
      friendlyName: row.friendlyName,
      type,
      icons: { light: light && this.publicUrl + light, dark: dark && this.publicUrl + dark },
      usageCount: row.usageCount,
      lastLoginAt: row.lastLoginAt ? toDate(row.lastLoginAt) : null,
      createdAt: toDate(row.createdAt),
      updatedAt: toDate(row.updatedAt),
      provider: this.authenticators.nameOf(row.aaguid),
      synced: row.backedUp,
      transports: row.transports,
    };
  }
}
