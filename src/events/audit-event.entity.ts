import { defineEntity, p } from '@mikro-orm/core';
import type { AuditEventType } from './audit-event-types.js';

export const AuditEventSchema = defineEntity({
  name: 'AuditEvent',
  tableName: 'audit_events',
  indexes: [
    { properties: ['appId', 'createdAt', 'id'] },
    { properties: ['appId', 'userId', 'createdAt', 'id'] },
    { properties: ['appId', 'type', 'createdAt', 'id'] },
    {
      name: 'audit_events_devices_index',
      properties: ['appId', 'deviceId', 'createdAt', 'id'],
      where: `device_id is not null`,
    },
    {
      name: 'audit_events_refused_index',
      properties: ['createdAt'],
      where: `type in ('passkey.refused', 'step_up.refused', 'user.identity_conflict')`,
    },
  ],
  properties: {
    appId: p.text().primary(),
    /** UUIDv7: the order of ids is the order of time. */
    id: p.text().primary(),
    type: p.text().$type<AuditEventType>(),
    userId: p.text().nullable(),
    deviceId: p.text().nullable(),
    actor: p.text().nullable(),
    address: p.text().nullable(),
    userAgent: p.text().nullable(),
    reason: p.text().nullable(),
    requestId: p.text().nullable(),
    createdAt: p.datetime().defaultRaw('now()'),
  },
});

/** What happened to a passkey, by whom and from where; plain ids, so that it outlives what it tells of. */
export class AuditEvent extends AuditEventSchema.class {}
AuditEventSchema.setClass(AuditEvent);
