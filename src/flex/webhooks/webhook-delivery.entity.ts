import { defineEntity, p } from '@mikro-orm/core';
import { belongsTo } from '../../database/belongs-to.js';
import type { DeliveryProblem } from '../../events/delivery-problem.js';
import type { AuditEventType } from '../../events/audit-event-types.js';
import { Webhook } from './webhook.entity.js';

export const WebhookDeliverySchema = defineEntity({
  name: 'WebhookDelivery',
  tableName: 'webhook_deliveries',
  indexes: [
    {
      name: 'webhook_deliveries_due_index',
      properties: ['appId', 'webhookId', 'nextAttemptAt'],
      where: 'next_attempt_at is not null',
    },
    {
      name: 'webhook_deliveries_queue_index',
      properties: ['appId', 'webhookId', 'userId', 'seq'],
      where: 'next_attempt_at is not null',
    },
    {
      name: 'webhook_deliveries_dead_index',
      properties: ['appId', 'webhookId', 'seq'],
      where: 'dead_at is not null',
    },
    {
      name: 'webhook_deliveries_delivered_index',
      properties: ['deliveredAt'],
      where: 'delivered_at is not null',
    },
    { properties: ['appId', 'externalId'] },
  ],
  properties: {
    appId: p.text().primary(),
    webhookId: p.text().primary(),
    /** Drawn by the act under its locks: the order of a user's events is that of what happened to them. */
    seq: p.bigint('number').primary().autoincrement(),
    webhook: () => belongsTo(Webhook, 'app_id', 'webhook_id'),
    /** Of the event in the audit trail. */
    eventId: p.text(),
    type: p.text().$type<AuditEventType>(),
    userId: p.text().nullable(),
    externalId: p.text().nullable(),
    issuer: p.text().nullable(),
    subject: p.text().nullable(),
    deviceId: p.text().nullable(),
    automatic: p.boolean().nullable(),
    actor: p.text().nullable(),
    reason: p.text().nullable(),
    createdAt: p.datetime().defaultRaw('now()'),
    attempts: p.integer().default(0),
    /** Not before this; null once it is delivered or dead. A claim puts it off, so that what crashes is tried again. */
    nextAttemptAt: p.datetime().nullable().defaultRaw('now()'),
    deliveredAt: p.datetime().nullable(),
    deadAt: p.datetime().nullable(),
    /** Of the last attempt that failed: the HTTP status, if there was one, and the class of what went wrong. */
    lastStatus: p.integer().nullable(),
    lastProblem: p.text().$type<DeliveryProblem>().nullable(),
  },
});

/** An event on its way to one webhook, written together with what it tells of. */
export class WebhookDelivery extends WebhookDeliverySchema.class {}
WebhookDeliverySchema.setClass(WebhookDelivery);
