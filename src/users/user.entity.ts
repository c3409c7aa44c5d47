import { defineEntity, p } from '@mikro-orm/core';

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
    /** A random UUID made when the user first adds a passkey; null until then. */
    passageExternalId: p.text().nullable().unique(),
    createdAt: p.datetime().defaultRaw('now()'),
    updatedAt: p.datetime().defaultRaw('now()'),
  },
});

/** The identity of a user (issuer and subject of a verified token) and the external ID that belongs to it. */
export class User extends UserSchema.class {}
UserSchema.setClass(User);
