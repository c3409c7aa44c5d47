import { defineEntity, p } from '@mikro-orm/core';

const LegacyDeviceSchema = defineEntity({
  name: 'LegacyDevice',
  tableName: 'legacy_devices',
  indexes: [{ properties: ['appId', 'userId'] }],
  properties: {
    appId: p.text().primary(),
    id: p.text().primary(),
    userId: p.text(),
    /** 1 to 1023 bytes; null where it was not told. */
    credentialId: p.blob().nullable(),
    friendlyName: p.text(),
    kind: p.text().nullable(),
    usageCount: p.integer().default(0),
    lastLoginAt: p.datetime().nullable(),
    createdAt: p.datetime().defaultRaw('now()'),
    updatedAt: p.datetime().defaultRaw('now()'),
  },
});

/** What is known of a passkey whose key stayed behind: it signs nobody in, and its user has to enrol it again. */
export class LegacyDevice extends LegacyDeviceSchema.class {}
LegacyDeviceSchema.setClass(LegacyDevice);
