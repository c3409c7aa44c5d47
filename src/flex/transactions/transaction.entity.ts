import { defineEntity, p } from '@mikro-orm/core';
import { belongsTo } from '../../database/belongs-to.js';
import type { StepUpAct } from '../step-up/step-up.js';
import { FlexUser } from '../users/flex-user.entity.js';

/** The two ceremonies of WebAuthn, as transactions, handshakes and nonces name them. */
export type CeremonyKind = 'register' | 'authenticate';

export const TransactionSchema = defineEntity({
  name: 'Transaction',
  tableName: 'transactions',
  indexes: [{ properties: ['appId', 'userId'] }],
  checks: [
    { property: 'conditional', expression: `kind = 'register' or not conditional` },
    { property: 'unproven', expression: `kind = 'register' or not unproven` },
    { property: 'target', expression: `(target is not null) = (act is not null and act = 'revoke')` },
  ],
  properties: {
    appId: p.text().primary(),
    /** SHA-256 of the transaction id that the client holds (32 bytes). */
    hash: p.blob().$type<Buffer>().primary().check('octet_length(hash) = 32'),
    userId: p.text(),
    user: () => belongsTo(FlexUser, 'app_id', 'user_id'),
    kind: p.text().$type<CeremonyKind>().check(`kind in ('register', 'authenticate')`),
    /** The account's display name as the authenticator shows it, and its name too; of register transactions only. */
    passkeyDisplayName: p.text().nullable(),
    /** The account's name where that is told apart from the display name: in transactions of the user's API. */
    username: p.text().nullable(),
    /** Of an automatic upgrade: its passkey may be created without asking the user. Only register transactions are. */
    conditional: p.boolean().default(false),
    /** Of the user's API, given without step-up: where the app asks for it, it adds only a first passkey. */
    unproven: p.boolean().default(false),
    /** What the sign-in is to be the step-up for; null for any other. Only authenticate transactions have one. */
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

/** A single-use permission for one user to run one ceremony. */
export class Transaction extends TransactionSchema.class {}
TransactionSchema.setClass(Transaction);
