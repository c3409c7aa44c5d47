import { defineEntity, p } from '@mikro-orm/core';
import { NAME_CODES, type NameCode } from '../../authenticators/default-passkey-name.js';
import { belongsTo } from '../../database/belongs-to.js';
import { FlexUser } from '../users/flex-user.entity.js';

export { NAME_CODES, type NameCode };

export const DeviceSchema = defineEntity({
  name: 'Device',
  tableName: 'devices',
  indexes: [
    { properties: ['appId', 'userId', 'createdAt'] },
    {
      name: 'devices_credential_hash_index',
      expression: 'create index devices_credential_hash_index on devices (app_id, sha256(credential_id))',
    },
  ],
  uniques: [{ properties: ['appId', 'credentialId'] }],
  checks: [{ property: 'userHandleKnown', expression: 'user_handle_known or user_handle is null' }],
  properties: {
    appId: p.text().primary(),
    id: p.text().primary(),
    userId: p.text(),
    user: () => belongsTo(FlexUser, 'app_id', 'user_id'),
    /** 1 to 1023 bytes. */
    credentialId: p
      .blob()
      .$type<Buffer>()
      .check('octet_length(credential_id) >= 1 and octet_length(credential_id) <= 1023'),
    /** The handle it was made with; null for the user's own, or while it is not known. */
    userHandle: p
      .blob()
      .$type<Buffer>()
      .nullable()
      .check('octet_length(user_handle) >= 1 and octet_length(user_handle) <= 64'),
    /** False until a sign-in on a transaction shows the handle. */
    userHandleKnown: p.boolean().default(true),
    /** COSE_Key bytes. */
    publicKey: p.blob().$type<Buffer>(),
    /** COSE algorithm identifier of the key. */
    algorithm: p.integer(),
    /** Signature counter of the last ceremony; stays 0 for synced passkeys. */
    counter: p.bigint('number').check('counter >= 0 and counter <= 4294967295'),
    /** Lower-case UUID; all zeros if the authenticator does not disclose its model. */
    aaguid: p.text(),
    transports: p.array(),
    attachment: p
      .text()
      .$type<'platform' | 'cross-platform'>()
      .nullable()
      .check(`attachment in ('platform', 'cross-platform')`),
    /** Null until a sign-in shows it. */
    backupEligible: p.boolean().nullable(),
    backedUp: p.boolean().nullable(),
    attestationFormat: p.text(),
    /** `none`, `untrusted`, or `trusted`, which proves the AAGUID. */
    attestationTrust: p
      .text()
      .$type<'none' | 'untrusted' | 'trusted'>()
      .default('none')
      .check(`attestation_trust in ('none', 'untrusted', 'trusted')`),
    /** Created without asking the user, and not yet used in a sign-in that verified them. */
    automatic: p.boolean().default(false),
    friendlyName: p.text(),
    /** What the name says, as long as it is the one given by default; null for a provider's. */
    nameCode: p
      .text()
      .$type<NameCode>()
      .nullable()
      .check(`name_code in (${NAME_CODES.map((code) => `'${code}'`).join(', ')})`),
    /** The browser and the system of the registration and of the last sign-in, such as "Chrome on macOS". */
    createdFrom: p.text().nullable(),
    lastUsedFrom: p.text().nullable(),
    usageCount: p.integer().default(0),
    lastLoginAt: p.datetime().nullable(),
    createdAt: p.datetime().defaultRaw('now()'),
    updatedAt: p.datetime().defaultRaw('now()'),
  },
});

/** A passkey: one credential of one user of one app. */
export class Device extends DeviceSchema.class {}
DeviceSchema.setClass(Device);
