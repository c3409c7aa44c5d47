import { defineEntity, p } from '@mikro-orm/core';

const NonceSchema = defineEntity({
  name: 'Nonce',
  tableName: 'nonces',
  indexes: [{ properties: ['appId', 'userId'] }, { properties: ['appId', 'deviceId'] }],
  properties: {
    /** SHA-256 of the nonce that the client holds (32 bytes). */
    hash: p.blob().primary(),
    appId: p.text(),
    userId: p.text(),
    deviceId: p.text(),
    kind: p.text(),
    createdAt: p.datetime().defaultRaw('now()'),
    expiresAt: p.datetime().index(),
    consumedAt: p.datetime().nullable(),
  },
});

/** Proof of a finished ceremony, verified once by the app's server; it dies with its passkey and its user. */
export class Nonce extends NonceSchema.class {}
NonceSchema.setClass(Nonce);
