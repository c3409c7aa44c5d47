import { defineEntity, p } from '@mikro-orm/core';
import { belongsTo } from '../../database/belongs-to.js';
import { FlexUser } from './flex-user.entity.js';

export const UserHandleSchema = defineEntity({
  name: 'UserHandle',
  tableName: 'user_handles',
  indexes: [{ properties: ['appId', 'userId'] }],
  properties: {
    appId: p.text().primary(),
    /** The handle's bytes, its base64url as text, or what it is the base64url text of: each of them is a row. */
    form: p.blob().$type<Buffer>().primary().check('octet_length(form) >= 1 and octet_length(form) <= 86'),
    userId: p.text(),
    user: () => belongsTo(FlexUser, 'app_id', 'user_id'),
  },
});

/** A user handle in one of the forms that passkeys present, each of which belongs to one user of the app. */
export class UserHandle extends UserHandleSchema.class {}
UserHandleSchema.setClass(UserHandle);
