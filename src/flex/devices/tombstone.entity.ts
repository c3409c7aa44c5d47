import { defineEntity, p } from '@mikro-orm/core';
import { belongsTo } from '../../database/belongs-to.js';
import { App } from '../apps/app.entity.js';

export const TombstoneSchema = defineEntity({
  name: 'Tombstone',
  tableName: 'tombstones',
  indexes: [
    {
      name: 'tombstones_users_index',
      properties: ['appId', 'userId', 'revokedAt'],
      where: 'user_id is not null',
    },
  ],
  properties: {
    appId: p.text().primary(),
    /** SHA-256 of the credential ID (32 bytes). */
    credentialHash: p.blob().$type<Buffer>().primary().check('octet_length(credential_hash) = 32'),
    app: () => belongsTo(App, 'app_id'),
    /** Who had it; null if it was imported, or went with its user. A plain id: it may outlive the user. */
    userId: p.text().nullable(),
    revokedAt: p.datetime().defaultRaw('now()'),
  },
});

/** What remains of a revoked passkey, so that no import restores it. */
export class Tombstone extends TombstoneSchema.class {}
TombstoneSchema.setClass(Tombstone);
