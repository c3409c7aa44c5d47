import { createHash } from 'node:crypto';
import { type Queryable, type Statement, statement } from '../../database/statement.js';
import { userHandleForms, userHandleOfText } from '../../webauthn/user-handle.js';
import type { FlexUserStatus } from '../users/flex-user.entity.js';
import type { TransferRow } from './transfer-row.js';

/** A user as an import finds or makes them. */
export interface KnownUser {
  readonly id: string;
  readonly externalId: string;
  readonly userHandle: Buffer;
  readonly isSettled: boolean;
  readonly status: FlexUserStatus;
}

export interface KnownDevice {
  readonly id: string;
  readonly userId: string;
  readonly publicKey: Buffer;
}

/** What the app has already of that which some rows are about. Bytes are in hexadecimal where they are keys. */
export interface ImportState {
  readonly users: readonly KnownUser[];
  /** User id by form of a user handle. */
  readonly handleOwners: ReadonlyMap<string, string>;
  readonly devicesByCredential: ReadonlyMap<string, KnownDevice>;
  /** User id by device id. */
  readonly deviceIds: ReadonlyMap<string, string>;
  readonly legacyIds: ReadonlyMap<string, string>;
  /** SHA-256 of the IDs of credentials that were revoked. */
  readonly tombstones: ReadonlySet<string>;
  /** SHA-256 of the IDs of credentials that are in use, of those that rows want buried. */
  readonly inUse: ReadonlySet<string>;
}

// Arrays travel as JSON, which both drivers write in the same way; as arrays again, they use the indexes.
const TEXTS = 'any(array(select jsonb_array_elements_text($2::text::jsonb)))';
const BYTES = `any(array(select decode(it, 'hex') from jsonb_array_elements_text($2::text::jsonb) it))`;

const usersBy = (condition: string): string =>
  `select id, external_id as "externalId", user_handle as "userHandle", user_handle_settled as "isSettled", status
   from flex_users where app_id = $1 and ${condition}`;
const devicesBy = (condition: string): string =>
  `select id, user_id as "userId", encode(credential_id, 'hex') as credential, public_key as "publicKey"
   from devices where app_id = $1 and ${condition}`;

const SELECT = {
  usersByExternalId: statement('import.users', usersBy(`external_id = ${TEXTS}`)),
  usersById: statement('import.users-by-id', usersBy(`id = ${TEXTS}`)),
  usersByHandle: statement('import.users-by-handle', usersBy(`user_handle = ${BYTES}`)),
  handles: statement(
    'import.handles',
    `select encode(form, 'hex') as form, user_id as "userId" from user_handles where app_id = $1 and form = ${BYTES}`,
  ),
  devicesByCredential: statement('import.devices', devicesBy(`credential_id = ${BYTES}`)),
  devicesById: statement('import.devices-by-id', devicesBy(`id = ${TEXTS}`)),
  legacy: statement(
    'import.legacy-devices',
    `select id, user_id as "userId" from legacy_devices where app_id = $1 and id = ${TEXTS}`,
  ),
  tombstones: statement(
    'import.tombstones',
    `select encode(credential_hash, 'hex') as hash from tombstones where app_id = $1 and credential_hash = ${BYTES}`,
  ),
  inUse: statement(
    'import.credentials-in-use',
    `select encode(sha256(credential_id), 'hex') as hash from devices
     where app_id = $1 and sha256(credential_id) = ${BYTES}`,
  ),
} satisfies Record<string, Statement>;

type DeviceRow = KnownDevice & { credential: string };

export const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');
export const hashOfCredential = (id: Buffer): string => createHash('sha256').update(id).digest('hex');

/** Reads all of it in a handful of statements, however many rows there are. */
export async function loadState(
  appId: string,
  rows: readonly TransferRow[],
  tx: Queryable,
): Promise<ImportState> {
  const find = async <Row extends object>(select: Statement, keys: readonly string[]): Promise<Row[]> =>
    keys.length === 0 ? [] : tx.query<Row>(select, [appId, JSON.stringify([...new Set(keys)])]);
  const wanted = keysOf(rows);
  const handles = await find<{ form: string; userId: string }>(SELECT.handles, wanted.handleForms);
  const holders = await find<KnownUser>(SELECT.usersByHandle, wanted.handles);
  const devices = await find<DeviceRow>(SELECT.devicesByCredential, wanted.credentials);
  const namesakes = await find<DeviceRow>(SELECT.devicesById, wanted.deviceIds);
  const legacy = await find<{ id: string; userId: string }>(SELECT.legacy, wanted.deviceIds);
  // After the devices: what is revoked meanwhile is in one or the other.
  const tombstones = await find<{ hash: string }>(SELECT.tombstones, wanted.hashes);
  const inUse = await find<{ hash: string }>(SELECT.inUse, wanted.toBury);
  // Last: whoever has a handle or a passkey that another import wrote meanwhile is then known as well.
  const users = await find<KnownUser>(SELECT.usersByExternalId, wanted.externalIds);
  users.push(...(await find<KnownUser>(SELECT.usersById, wanted.userIds)));
  return {
    users,
    handleOwners: new Map([
      ...handles.map(({ form, userId }) => [form, userId] as const),
      ...holders.flatMap(({ id, userHandle }) =>
        userHandleForms(userHandle).map((form) => [hex(form), id] as const),
      ),
    ]),
    devicesByCredential: new Map(devices.map((device) => [device.credential, device])),
    deviceIds: new Map(namesakes.map(({ id, userId }) => [id, userId])),
    legacyIds: new Map(legacy.map(({ id, userId }) => [id, userId])),
    tombstones: new Set(tombstones.map(({ hash }) => hash)),
    inUse: new Set(inUse.map(({ hash }) => hash)),
  };
}

/** What the rows have to be looked up by. */
function keysOf(rows: readonly TransferRow[]) {
  const handles = rows.flatMap((row) => ('userHandle' in row && row.userHandle ? [row.userHandle] : []));
  const credentials = rows.flatMap((row) =>
    'credentialId' in row && row.credentialId ? [row.credentialId] : [],
  );
  const toBury = rows.flatMap((row) => (row.kind === 'tombstone' ? [hex(row.credentialHash)] : []));
  const idsOf = (...kinds: TransferRow['kind'][]) =>
    rows.flatMap((row) => (kinds.includes(row.kind) && 'id' in row && row.id !== null ? [row.id] : []));
  const forms = handles.map((handle) => ({ forms: userHandleForms(handle), root: userHandleOfText(handle) }));
  return {
    externalIds: rows.flatMap((row) => ('externalId' in row ? [row.externalId] : [])),
    userIds: idsOf('user'),
    handleForms: forms.flatMap((it) => it.forms.map(hex)),
    handles: forms.flatMap((it) => [...it.forms, ...(it.root ? [it.root] : [])].map(hex)),
    credentials: credentials.map(hex),
    deviceIds: idsOf('passkey', 'legacy_device'),
    hashes: [...credentials.map(hashOfCredential), ...toBury],
    toBury,
  };
}
