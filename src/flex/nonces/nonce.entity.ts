import { defineEntity, p } from '@mikro-orm/core';
import { belongsTo } from '../../database/belongs-to.js';
import { Device } from '../devices/device.entity.js';
import type { StepUpAct } from '../step-up/step-up.js';
import type { CeremonyKind } from '../transactions/transaction.entity.js';
import { FlexUser } from '../users/flex-user.entity.js';

export const NonceSchema = defineEntity({
  name: 'Nonce',
  tableName: 'nonces',
  indexes: [{ properties: ['appId', 'userId'] }, { properties: ['appId', 'deviceId'] }],
  checks: [{ property: 'target', expression: `(target is not null) = (act is not null and act = 'revoke')` }],
  properties: {
    appId: p.text().primary(),
    /** SHA-256 of the nonce that the client holds (32 bytes). */
    hash: p.blob().$type<Buffer>().primary().check('octet_length(hash) = 32'),
    userId: p.text(),
    user: () => belongsTo(FlexUser, 'app_id', 'user_id'),
    deviceId: p.text(),
    // A nonce is deleted with its passkey: what a revoked passkey proved is void at once.
    device: () => belongsTo(Device, 'app_id', 'device_id'),
    kind: p.text().$type<CeremonyKind>().check(`kind in ('register', 'authenticate')`),
    /** Came of a passkey that was automatic, and still was when the ceremony was finished: it never counts for step-up. */
    automatic: p.boolean().default(false),
    /** Whether its ceremony verified the user, by PIN or biometrics; null in rows from before this was kept. */
    userVerified: p.boolean().nullable(),
    /** Whether the passkey's backup eligibility changed in its ceremony, which then never counts for step-up. */
    backupChanged: p.boolean().default(false),
    /** What it is the step-up for, as its transaction had it; null for any other nonce. */
    act: p
      .text()
      .$type<StepUpAct>()
      .nullable()
      .check(`act is null or act in ('add', 'revoke', 'erase') and kind = 'authenticate'`),
    /** The id of the passkey to be revoked. */
    target: p.text().nullable(),
    createdAt: p.datetime().defaultRaw('now()'),
    expiresAt: p.datetime().index(),
    consumedAt: p.datetime().nullable(),
  },
});

/** Proof of a finished ceremony, verified once by the app's server; it is deleted with its passkey or its user. */
export class Nonce extends NonceSchema.class {}
NonceSchema.setClass(Nonce);
