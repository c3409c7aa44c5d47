import { AuditEvent } from '../events/audit-event.entity.js';
import { ApiKey } from '../flex/api-keys/api-key.entity.js';
import { App } from '../flex/apps/app.entity.js';
import { SpentHandshake } from '../flex/ceremonies/spent-handshake.entity.js';
import { Device } from '../flex/devices/device.entity.js';
import { Tombstone } from '../flex/devices/tombstone.entity.js';
import { Nonce } from '../flex/nonces/nonce.entity.js';
import { Transaction } from '../flex/transactions/transaction.entity.js';
import { LegacyDevice } from '../flex/transfer/legacy-device.entity.js';
import { FlexUser } from '../flex/users/flex-user.entity.js';
import { UserHandle } from '../flex/users/user-handle.entity.js';
import { User } from '../users/user.entity.js';

/** Every table of ours. */
export const entities = [
  User,
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
];
