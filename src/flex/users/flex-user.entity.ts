import { defineEntity, p } from '@mikro-orm/core';

const FlexUserSchema = defineEntity({
  name: 'FlexUser',
  tableName: 'flex_users',
  indexes: [{ properties: ['appId', 'createdAt', 'id'] }],
  uniques: [{ properties: ['appId', 'externalId'] }, { properties: ['appId', 'userHandle'] }],
  properties: {
    appId: p.text().primary(),
    id: p.text().primary(),
    /** The application's own name for the user, compared bytewise. */
    externalId: p.text(),
    /** WebAuthn user handle: 32 random bytes, never reused, or what an import or a sign-in told. */
    userHandle: p.blob(),
    /** False while no passkey was made with it: the first handle that is learnt then takes its place. */
    userHandleSettled: p.boolean().default(true),
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
