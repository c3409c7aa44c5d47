import { type EntityClass, p, type PropertyChain } from '@mikro-orm/core';

/**
 * A foreign key to `owner`, which deletes the rows together with their owner. Its columns are properties of the entity
 * too, so that queries see each of them once, with its own type; the relation only puts the key into the schema.
 */
export const belongsTo = <Owner>(
  owner: EntityClass<Owner>,
  ...columns: string[]
): PropertyChain<Owner, { kind: 'm:1'; persist: false }> =>
  p
    .manyToOne(owner)
    .joinColumns(...columns)
    .deleteRule('cascade')
    .updateRule('no action') as unknown as PropertyChain<Owner, { kind: 'm:1'; persist: false }>;
