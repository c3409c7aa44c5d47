import { defineEntity, p } from '@mikro-orm/core';

/** Who made a tie: Keyway, when the user first added a passkey; the claim of `EXTERNAL_ID_CLAIM`; or the operator. */
export const TIED_BY = ['keyway', 'claim', 'operator'] as const;
/** One of {@link TIED_BY}. */
export type TiedBy = (typeof TIED_BY)[number];

export const UserSchema = defineEntity({
  name: 'User',
  tableName: 'users',
  uniques: [{ properties: ['issuer', 'subject'] }],
  properties: {
    id: p.text().primary(),
    issuer: p.text(),
    subject: p.text(),
    /** Display text from the last token seen; authorises nothing. */
    username: p.text(),
    /** Compared bytewise; null for a user without passkeys, and equal to nothing then. */
    passageExternalId: p.text().nullable().collation('C').unique(),
    tiedBy: p.text().$type<TiedBy>().default('keyway').check(`tied_by in ('keyway', 'claim', 'operator')`),
    createdAt: p.datetime().defaultRaw('now()'),
    updatedAt: p.datetime().defaultRaw('now()'),
  },
});

/** The identity of a user (issuer and subject of a verified token) and the external ID that belongs to it. */
export class User extends UserSchema.class {}
UserSchema.setClass(User);
