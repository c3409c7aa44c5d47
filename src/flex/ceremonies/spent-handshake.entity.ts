import { defineEntity, p } from '@mikro-orm/core';

export const SpentHandshakeSchema = defineEntity({
  name: 'SpentHandshake',
  tableName: 'spent_handshakes',
  properties: {
    appId: p.text().primary(),
    /** SHA-256 of the handshake's challenge (32 bytes). */
    hash: p.blob().$type<Buffer>().primary().check('octet_length(hash) = 32'),
    expiresAt: p.datetime().index(),
  },
});

/** A handshake that a finished ceremony has spent; kept until ten minutes after the handshake itself has expired. */
export class SpentHandshake extends SpentHandshakeSchema.class {}
SpentHandshakeSchema.setClass(SpentHandshake);
