import { DEVICE_KINDS } from '../legacy-device.entity.js';
import { readLegacyDevice, readUser } from './jsonl-row.js';
import { Members } from './members.js';
import { type LegacyDeviceRow, ofUser, type TransferRow, type UserRow } from './transfer-row.js';

/** The columns of Passage's CSV of users that are read. */
export const USER_COLUMNS = {
  required: ['external_id'],
  optional: ['subject', 'issuer', 'id', 'status', 'login_count', 'created_at', 'updated_at', 'last_login_at'],
} as const;

const DIGITS = /^\d{1,10}$/;

/** Reads a record of Passage's CSV of users by its column names. Throws `RowRefusal`. */
export function readPassageUser(record: Readonly<Record<string, string>>): UserRow {
  const {
    external_id,
    subject,
    issuer,
    id,
    status,
    login_count = '',
    created_at,
    updated_at,
    last_login_at,
  } = record;
  const count = DIGITS.test(login_count) ? Number(login_count) : login_count;
  const members = new Members({
    external_id,
    subject,
    issuer,
    id,
    status,
    login_count: count,
    created_at,
    updated_at,
    last_login_at,
  });
  const row = ofUser(members.externalId(), () => readUser(members));
  return row.loginCount === 0 ? { ...row, lastLoginAt: unlessCreation(row) } : row;
}

/** A device of Passage, and the external ID of its owner, for a device that has none of its own. */
export interface PassageDevice {
  readonly device: unknown;
  readonly owner: unknown;
}

/**
 * The devices of one value of Passage's JSON: a device, or a user with the devices under `devices` or
 * `webauthn_devices`, also in an envelope `user` as the protocol answers.
 */
export function passageDevicesOf(value: Readonly<Record<string, unknown>>): PassageDevice[] {
  const group = isObject(value.user) ? value.user : value;
  const devices = group.devices ?? group.webauthn_devices;
  if (!Array.isArray(devices)) return [{ device: value, owner: undefined }];
  return devices.map((device: unknown) => ({ device, owner: group.external_id ?? value.external_id }));
}

/** Reads the protocol's `device`, which has no public key; unknown members are ignored. Throws `RowRefusal`. */
export function readPassageDevice({ device, owner }: PassageDevice): TransferRow {
  const given = isObject(device) ? device : {};
  const { type } = given;
  const row = readLegacyDevice(
    new Members({
      ...given,
      external_id: given.external_id ?? owner,
      kind: DEVICE_KINDS.includes(type as (typeof DEVICE_KINDS)[number]) ? type : null,
    }),
    'cred_id',
  );
  return row.usageCount === 0 ? { ...row, lastLoginAt: unlessCreation(row) } : row;
}

/** In the protocol, `last_login_at` equals `created_at` until the first sign-in. */
const unlessCreation = ({ lastLoginAt, createdAt }: UserRow | LegacyDeviceRow): string | null =>
  lastLoginAt === createdAt ? null : lastLoginAt;

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
