import type { InferKyselyDB } from '@mikro-orm/sql';
import { AuditEvent, type AuditEventSchema } from '../events/audit-event.entity.js';
import { Erasure, type ErasureSchema } from '../events/erasure.entity.js';
import { ApiKey, type ApiKeySchema } from '../flex/api-keys/api-key.entity.js';
import { App, type AppSchema } from '../flex/apps/app.entity.js';
import { SpentHandshake, type SpentHandshakeSchema } from '../flex/ceremonies/spent-handshake.entity.js';
import { Device, type DeviceSchema } from '../flex/devices/device.entity.js';
import { Tombstone, type TombstoneSchema } from '../flex/devices/tombstone.entity.js';
import { Nonce, type NonceSchema } from '../flex/nonces/nonce.entity.js';
import { Transaction, type TransactionSchema } from '../flex/transactions/transaction.entity.js';
import { LegacyDevice, type LegacyDeviceSchema } from '../transfer/legacy-device.entity.js';
import { FlexUser, type FlexUserSchema } from '../flex/users/flex-user.entity.js';
import { UserHandle, type UserHandleSchema } from '../flex/users/user-handle.entity.js';
import { Webhook, type WebhookSchema } from '../flex/webhooks/webhook.entity.js';
import { WebhookDelivery, type WebhookDeliverySchema } from '../flex/webhooks/webhook-delivery.entity.js';
import { TieMark, TieMarkKey, type TieMarkKeySchema, type TieMarkSchema } from '../users/tie-mark.entity.js';
import { User, type UserSchema } from '../users/user.entity.js';

/** Every table of ours. */
export const entities = [
  User,
  TieMarkKey,
  TieMark,
  App,
  ApiKey,
  FlexUser,
  UserHandle,
  Device,
  LegacyDevice,
  Tombstone,
  Transaction,
  SpentHandshake,
  Nonce,
  AuditEvent,
  Erasure,
  Webhook,
  WebhookDelivery,
];

/** Every table with the types of its columns, as queries see them: timestamps are Dates, bytea is a Buffer, int8 a number. */
export type Tables = InferKyselyDB<
  | typeof UserSchema
  | typeof TieMarkKeySchema
  | typeof TieMarkSchema
  | typeof AppSchema
  | typeof ApiKeySchema
  | typeof FlexUserSchema
  | typeof UserHandleSchema
  | typeof DeviceSchema
  | typeof LegacyDeviceSchema
  | typeof TombstoneSchema
  | typeof TransactionSchema
  | typeof SpentHandshakeSchema
  | typeof NonceSchema
  | typeof AuditEventSchema
  | typeof ErasureSchema
  | typeof WebhookSchema
  | typeof WebhookDeliverySchema
>;
