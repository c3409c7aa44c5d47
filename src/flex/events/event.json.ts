import type { ToldEvent } from './events.service.js';

/** An event as the app's servers are told of it. */
export const toEvent = (event: ToldEvent) => ({
  id: event.id,
  type: event.type,
  created_at: event.createdAt.toISOString(),
  user_id: event.userId,
  external_id: event.externalId,
  device_id: event.deviceId,
  device_name: event.deviceName,
  actor: event.actor,
  actor_id: event.actorId,
  address: event.address,
  user_agent: event.userAgent,
  user_agent_display: event.browser,
  reason: event.reason,
  request_id: event.requestId,
});
