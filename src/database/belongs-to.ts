import { type EntityClass, p, type PropertyChain } from '@mikro-orm/core';

/**
 * The foreign key of an entity whose rows go with those of another one. Its columns are properties of their own, so that
 * queries see each of them once, with its own type: the relation stands for the key in the schema alone.
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
