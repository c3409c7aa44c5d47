import { defineEntity, p } from '@mikro-orm/core';

const DeviceSchema = defineEntity({
  name: 'Device',
  tableName: 'devices',
  indexes: [{ properties: ['appId', 'userId', 'createdAt'] }],
  uniques: [{ properties: ['appId', 'credentialId'] }],
  properties: {
    appId: p.text().primary(),
    id: p.text().primary(),
    userId: p.text(),
    /** 1 to 1023 bytes. */
    credentialId: p.blob(),
    /** The handle it was made with; null for the user's own, or while it is not known. */
    userHandle: p.blob().nullable(),
    /** False until a sign-in on a transaction tells. */
    userHandleKnown: p.boolean().default(true),
    /** COSE_Key bytes. */
    publicKey: p.blob(),
    /** COSE algorithm identifier of the key. */
    algorithm: p.integer(),
    /** Signature counter of the last ceremony; stays 0 for synced passkeys. */
    counter: p.bigint('string'),
    /** Lower-case UUID; zeros where the authenticator keeps its make to itself. */
    aaguid: p.text(),
    transports: p.array(),
    attachment: p.text().nullable(),
    /** Null until a sign-in tells. */
    backupEligible: p.boolean().nullable(),
    backedUp: p.boolean().nullable(),
    attestationFormat: p.text(),
    /** `none`, `untrusted`, or `trusted`, which proves the AAGUID. */
    attestationTrust: p.text().default('none'),
    friendlyName: p.text(),
    usageCount: p.integer().default(0),
    lastLoginAt: p.datetime().nullable(),
    createdAt: p.datetime().defaultRaw('now()'),
    updatedAt: p.datetime().defaultRaw('now()'),
  },
});

/** A passkey: one credential of one user of one app. */
export class Device extends DeviceSchema.class {}
DeviceSchema.setClass(Device);
