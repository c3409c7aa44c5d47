import { defineEntity, p } from '@mikro-orm/core';

const TransactionSchema = defineEntity({
  name: 'Transaction',
  tableName: 'transactions',
  indexes: [{ properties: ['appId', 'userId'] }],
  properties: {
    /** SHA-256 of the transaction id that the client holds (32 bytes). */
    hash: p.blob().primary(),
    appId: p.text(),
    userId: p.text(),
    kind: p.text(),
    /** What the authenticator shows as the account's name; of register transactions only. */
    passkeyDisplayName: p.text().nullable(),
    createdAt: p.datetime().defaultRaw('now()'),
    expiresAt: p.datetime().index(),
    consumedAt: p.datetime().nullable(),
  },
});

/** Leave for one ceremony of one kind by one user. */
export class Transaction extends TransactionSchema.class {}
TransactionSchema.setClass(Transaction);
