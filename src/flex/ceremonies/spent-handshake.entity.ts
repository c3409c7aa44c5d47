import { defineEntity, p } from '@mikro-orm/core';

const SpentHandshakeSchema = defineEntity({
  name: 'SpentHandshake',
  tableName: 'spent_handshakes',
  properties: {
    /** SHA-256 of the handshake's challenge (32 bytes). */
    hash: p.blob().primary(),
    expiresAt: p.datetime().index(),
  },
});

/** A handshake that a finished ceremony has used up; kept until the token itself has expired. */
export class SpentHandshake extends SpentHandshakeSchema.class {}
SpentHandshakeSchema.setClass(SpentHandshake);
