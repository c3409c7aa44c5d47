import { defineEntity, p } from '@mikro-orm/core';

const UserHandleSchema = defineEntity({
  name: 'UserHandle',
  tableName: 'user_handles',
  indexes: [{ properties: ['appId', 'userId'] }],
  properties: {
    appId: p.text().primary(),
    /** The handle's bytes, or its base64url as UTF-8 text: each of them is a row. */
    form: p.blob().primary(),
    userId: p.text(),
  },
});

/** A user handle that was not made here, in one of the forms that passkeys present; it belongs to one user of the app. */
export class UserHandle extends UserHandleSchema.class {}
UserHandleSchema.setClass(UserHandle);
