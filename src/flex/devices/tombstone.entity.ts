import { defineEntity, p } from '@mikro-orm/core';

const TombstoneSchema = defineEntity({
  name: 'Tombstone',
  tableName: 'tombstones',
  properties: {
    appId: p.text().primary(),
    /** SHA-256 of the credential ID (32 bytes). */
    credentialHash: p.blob().primary(),
    revokedAt: p.datetime().defaultRaw('now()'),
  },
});

/** Left behind by a revoked passkey, so that no import brings it back. */
export class Tombstone extends TombstoneSchema.class {}
TombstoneSchema.setClass(Tombstone);
