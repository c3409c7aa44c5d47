import { defineEntity, p } from '@mikro-orm/core';

export const TieMarkKeySchema = defineEntity({
  name: 'TieMarkKey',
  tableName: 'tie_mark_keys',
  properties: {
    appId: p.text().primary(),
    /** 32 random bytes, drawn with the app's first mark. */
    key: p.blob().$type<Buffer>().check('octet_length(key) = 32'),
  },
});

/** What the hashes in `tie_marks` are keyed with: a mark by itself names no person. */
export class TieMarkKey extends TieMarkKeySchema.class {}
TieMarkKeySchema.setClass(TieMarkKey);

export const TieMarkSchema = defineEntity({
  name: 'TieMark',
  tableName: 'tie_marks',
  indexes: [{ properties: ['appId', 'identityHash'] }],
  properties: {
    appId: p.text().primary(),
    externalIdHash: p.blob().$type<Buffer>().primary().check('octet_length(external_id_hash) = 32'),
    identityHash: p.blob().$type<Buffer>().primary().check('octet_length(identity_hash) = 32'),
    markedAt: p.datetime().defaultRaw('clock_timestamp()'),
  },
});

/** What remains of a tie between an identity and an external ID that was unlinked or erased. */
export class TieMark extends TieMarkSchema.class {}
TieMarkSchema.setClass(TieMark);
