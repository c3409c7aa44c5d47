import { defineEntity, p } from '@mikro-orm/core';

export const ErasureSchema = defineEntity({
  name: 'Erasure',
  tableName: 'erasures',
  properties: {
    appId: p.text().primary(),
    userId: p.text().primary(),
    /** The id of the last event that was made anonymous; empty before the first. */
    anonymisedTo: p.text().default(''),
    erasedAt: p.datetime().defaultRaw('now()'),
  },
});

/** A user who was erased, while events of them still name a person: those are shown without, and made anonymous in batches. */
export class Erasure extends ErasureSchema.class {}
ErasureSchema.setClass(Erasure);
