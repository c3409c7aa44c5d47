import { defineEntity, p } from '@mikro-orm/core';

const FlexUserSchema = defineEntity({
  name: 'FlexUser',
  tableName: 'flex_users',
  uniques: [{ properties: ['appId', 'externalId'] }, { properties: ['appId', 'userHandle'] }],
  properties: {
    appId: p.text().primary(),
    id: p.text().primary(),
    /** The application's own name for the user, compared bytewise. */
    externalId: p.text(),
    /** WebAuthn user handle: 32 random bytes, never reused. */
    userHandle: p.blob(),
    status: p.text().default('active'),
    loginCount: p.integer().default(0),
    lastLoginAt: p.datetime().nullable(),
    createdAt: p.datetime().defaultRaw('now()'),
    updatedAt: p.datetime().defaultRaw('now()'),
  },
});

/** The backend's user: made with the first register transaction for an external ID of an app. */
export class FlexUser extends FlexUserSchema.class {}
FlexUserSchema.setClass(FlexUser);
