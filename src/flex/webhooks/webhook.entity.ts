import { defineEntity, p } from '@mikro-orm/core';
import { belongsTo } from '../../database/belongs-to.js';
import type { AuditEventType } from '../../events/audit-event-types.js';
import { App } from '../apps/app.entity.js';

/** Why a webhook gets nothing: an operator or server said so, its receiver answered 410, or the key that made it has ended. */
export type WebhookEnd = 'requested' | 'gone' | 'key_ended';

export const WebhookSchema = defineEntity({
  name: 'Webhook',
  tableName: 'webhooks',
  properties: {
    appId: p.text().primary(),
    id: p.text().primary(),
    app: () => belongsTo(App, 'app_id'),
    url: p.text(),
    events: p.array().$type<AuditEventType[]>(),
    /** The id of the API key that made it; null if an operator did. */
    keyId: p.text().nullable(),
    /** What signs, encrypted under `KEYWAY_SECRET`. */
    secret: p.blob().$type<Buffer>(),
    /** The one before, encrypted as well, and until when it signs beside the other. */
    oldSecret: p.blob().$type<Buffer>().nullable(),
    oldSecretUntil: p.datetime().nullable(),
    createdAt: p.datetime().defaultRaw('now()'),
    disabledAt: p.datetime().nullable(),
    disabledFor: p
      .text()
      .$type<WebhookEnd>()
      .nullable()
      .check(`disabled_for in ('requested', 'gone', 'key_ended')`),
  },
});

/** An address that hears of what happens to the passkeys of an app. */
export class Webhook extends WebhookSchema.class {}
WebhookSchema.setClass(Webhook);
