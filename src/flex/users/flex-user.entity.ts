import { defineEntity, p } from '@mikro-orm/core';
import { belongsTo } from '../../database/belongs-to.js';
import { App } from '../apps/app.entity.js';

/** The statuses of a user, as the protocol names them. Only `inactive` keeps a user from ceremonies. */
export const USER_STATUSES = ['active', 'inactive', 'pending'] as const;
/** One of {@link USER_STATUSES}. */
export type FlexUserStatus = (typeof USER_STATUSES)[number];

export const FlexUserSchema = defineEntity({
  name: 'FlexUser',
  tableName: 'flex_users',
  indexes: [{ properties: ['appId', 'createdAt', 'id'] }],
  uniques: [{ properties: ['appId', 'externalId'] }],
  properties: {
    appId: p.text().primary(),
    id: p.text().primary(),
    app: () => belongsTo(App, 'app_id'),
    /** The application's own name for the user, compared bytewise. */
    externalId: p.text().collation('C'),
    /**
     * WebAuthn user handle, never reused: made here, or what an import or a sign-in brought. Once it is settled, each of
     * its forms is a `UserHandle`, which is what makes it unique.
     */
    userHandle: p
      .blob()
      .$type<Buffer>()
      .check('octet_length(user_handle) >= 1 and octet_length(user_handle) <= 64'),
    /** False while no passkey was made with it: the first handle that is learnt, or the first to be used, replaces it. */
    userHandleSettled: p.boolean().default(true),
    status: p
      .text()
      .$type<FlexUserStatus>()
      .default('active')
      .check(`status in ('active', 'inactive', 'pending')`),
    loginCount: p.integer().default(0),
    lastLoginAt: p.datetime().nullable(),
    /** When the latest conditional transactions were made, oldest first: five at most, which bound the next one. */
    upgradesOfferedAt: p
      .array()
      .$type<Date[]>()
      .columnType('timestamptz[]')
      .default([])
      .check('cardinality(upgrades_offered_at) <= 5'),
    createdAt: p.datetime().defaultRaw('now()'),
    updatedAt: p.datetime().defaultRaw('now()'),
  },
});

/** The backend's user: made with the first register transaction for an external ID of an app. */
export class FlexUser extends FlexUserSchema.class {}
FlexUserSchema.setClass(FlexUser);
