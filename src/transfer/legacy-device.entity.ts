import { defineEntity, p } from '@mikro-orm/core';
import { belongsTo } from '../database/belongs-to.js';
import { FlexUser } from '../flex/users/flex-user.entity.js';

/** What kind of authenticator holds a device without a key. */
export const DEVICE_KINDS = ['passkey', 'security_key', 'platform'] as const;
/** One of {@link DEVICE_KINDS}. */
export type DeviceKind = (typeof DEVICE_KINDS)[number];

export const LegacyDeviceSchema = defineEntity({
  name: 'LegacyDevice',
  tableName: 'legacy_devices',
  indexes: [{ properties: ['appId', 'userId'] }],
  properties: {
    appId: p.text().primary(),
    id: p.text().primary(),
    userId: p.text(),
    user: () => belongsTo(FlexUser, 'app_id', 'user_id'),
    /** 1 to 1023 bytes; null if the export did not have it. */
    credentialId: p
      .blob()
      .$type<Buffer>()
      .nullable()
      .check('octet_length(credential_id) >= 1 and octet_length(credential_id) <= 1023'),
    friendlyName: p.text(),
    kind: p.text().$type<DeviceKind>().nullable().check(`kind in ('passkey', 'security_key', 'platform')`),
    usageCount: p.integer().default(0),
    lastLoginAt: p.datetime().nullable(),
    createdAt: p.datetime().defaultRaw('now()'),
    updatedAt: p.datetime().defaultRaw('now()'),
  },
});

/** A passkey imported without its public key: it cannot sign in until its user enrols it again. */
export class LegacyDevice extends LegacyDeviceSchema.class {}
LegacyDeviceSchema.setClass(LegacyDevice);
