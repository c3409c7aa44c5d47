import { AAGUID, ZERO_AAGUID } from '../../webauthn/aaguid.js';
import {
  MAX_CREDENTIAL_ID_BYTES,
  MAX_TRANSPORTS,
  MAX_USER_HANDLE_BYTES,
  TRANSPORT,
} from '../../webauthn/presented-response.js';
import { PublicKeyRefusal, readPublicKey } from '../../webauthn/public-key-formats.js';
import { NAME_CODES } from '../../flex/devices/device.entity.js';
import { USER_STATUSES } from '../../flex/users/flex-user.entity.js';
import { MAX_OWN_HANDLE_BYTES } from '../../flex/users/user-handle.repository.js';
import { DEVICE_KINDS } from '../legacy-device.entity.js';
import { invalid, Members } from './members.js';
import {
  type LegacyDeviceRow,
  ofUser,
  type PasskeyRow,
  RowRefusal,
  type RowRefusalCode,
  type TombstoneRow,
  type TransferRow,
  type UserRow,
} from './transfer-row.js';

const MAX_UINT32 = 2 ** 32 - 1;
const MAX_INT32 = 2 ** 31 - 1;
const CREDENTIAL_ID_BYTES = [1, MAX_CREDENTIAL_ID_BYTES] as const;
const AAGUID_IN_ANY_CASE = new RegExp(AAGUID, 'i');
const FORMAT = /^[a-z0-9-]{1,32}$/;
const PLACE = /^[A-Za-z ]{1,32} on [A-Za-z]{1,16}$/;
const PLACE_RULE = 'must be a browser on a system, such as Chrome on Windows';

const DATES = ['last_login_at', 'created_at', 'updated_at'];
const IDENTITY = ['issuer', 'subject'];
const USER = ['external_id', ...IDENTITY, 'id', 'user_handle', 'status', 'login_count', ...DATES];
const DEVICE = ['external_id', 'id', 'credential_id', 'friendly_name', 'usage_count', ...DATES];
const AUTHENTICATOR = ['aaguid', 'transports', 'attachment', 'backup_eligible', 'backed_up'];
const PASSKEY = [
  ...DEVICE,
  ...IDENTITY,
  'public_key',
  'user_handle',
  'sign_count',
  ...AUTHENTICATOR,
  'automatic',
  'name_code',
  'created_from',
  'last_used_from',
];
const ATTESTATION = ['attestation_format', 'attestation_trust'];

/** Reads a line of the canonical format (docs/import-format.md). Throws `RowRefusal`. */
export function readJsonlRow(line: string): TransferRow {
  const object = parseObject(line);
  const members = new Members(object);
  switch (object.type ?? 'passkey') {
    case 'passkey':
      members.requireKnown([...PASSKEY, ...ATTESTATION]);
      return readPasskey(members);
    case 'user':
      return ofUser(members.externalId(), () => {
        members.requireKnown(USER);
        return readUser(members);
      });
    case 'legacy_device':
      members.requireKnown([...DEVICE, 'kind']);
      return readLegacyDevice(members);
    case 'tombstone':
      members.requireKnown(['credential_hash', 'revoked_at']);
      return readTombstone(members);
    default:
      throw new RowRefusal('unknown_type', 'type must be passkey, user, legacy_device or tombstone.');
  }
}

/** Throws `RowRefusal` unless the text is one JSON object. */
export function parseObject(text: string): Record<string, unknown> {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    value = null;
  }
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) {
    return value as Record<string, unknown>;
  }
  throw new RowRefusal('malformed_row', 'The row is not a JSON object.');
}

const datesOf = (members: Members) => ({
  lastLoginAt: members.moment('last_login_at'),
  createdAt: members.moment('created_at'),
  updatedAt: members.moment('updated_at'),
});

/** The members that both kinds of devices have. */
const usageOf = (members: Members) => ({
  friendlyName: members.friendlyName(),
  usageCount: members.integer('usage_count', MAX_INT32),
  ...datesOf(members),
});

/** Reads a user by the members of the canonical format. Throws `RowRefusal`. */
export function readUser(members: Members): UserRow {
  return {
    kind: 'user',
    externalId: members.externalId(),
    identity: members.identity(),
    id: members.id(),
    userHandle: members.bytes('user_handle', [1, MAX_OWN_HANDLE_BYTES]),
    status: members.oneOf('status', USER_STATUSES) ?? 'active',
    loginCount: members.integer('login_count', MAX_INT32),
    ...datesOf(members),
  };
}

function readPasskey(members: Members): PasskeyRow {
  return {
    kind: 'passkey',
    externalId: members.externalId(),
    identity: members.identity(),
    id: members.id(),
    credentialId: members.requiredBytes('credential_id', CREDENTIAL_ID_BYTES),
    ...keyOf(members),
    userHandle: members.bytes('user_handle', [1, MAX_USER_HANDLE_BYTES]),
    counter: members.integer('sign_count', MAX_UINT32),
    aaguid: members.matching('aaguid', AAGUID_IN_ANY_CASE, 'must be a UUID')?.toLowerCase() ?? ZERO_AAGUID,
    transports: transportsOf(members),
    attachment: members.oneOf('attachment', ['platform', 'cross-platform']),
    ...backupFlagsOf(members),
    ...attestationOf(members),
    automatic: members.flag('automatic') ?? false,
    nameCode: members.oneOf('name_code', NAME_CODES),
    createdFrom: members.matching('created_from', PLACE, PLACE_RULE),
    lastUsedFrom: members.matching('last_used_from', PLACE, PLACE_RULE),
    ...usageOf(members),
  };
}

function attestationOf(members: Members): Pick<PasskeyRow, 'attestationFormat' | 'attestationTrust'> {
  const attestationFormat =
    members.matching('attestation_format', FORMAT, 'must be the name of an attestation format') ?? 'none';
  const attestationTrust = members.oneOf('attestation_trust', ['none', 'untrusted', 'trusted']) ?? 'none';
  if (attestationFormat === 'none' && attestationTrust !== 'none')
    throw invalid('attestation_trust', 'must be none if attestation_format is none');
  return { attestationFormat, attestationTrust };
}

/** Reads a device without a key; `credentialId` is the name of the member that has its credential ID. Throws `RowRefusal`. */
export function readLegacyDevice(
  members: Members,
  credentialId: 'credential_id' | 'cred_id' = 'credential_id',
): LegacyDeviceRow {
  return {
    kind: 'legacy_device',
    externalId: members.externalId(),
    id: members.requiredId(),
    credentialId: members.bytes(credentialId, CREDENTIAL_ID_BYTES),
    deviceKind: members.oneOf('kind', DEVICE_KINDS),
    ...usageOf(members),
  };
}

const readTombstone = (members: Members): TombstoneRow => ({
  kind: 'tombstone',
  credentialHash: members.requiredBytes('credential_hash', [32, 32]),
  revokedAt: members.moment('revoked_at'),
});

const KEY_PROBLEMS: Readonly<Record<PublicKeyRefusal['reason'], [RowRefusalCode, sentence: string]>> = {
  private: ['private_key', 'public_key contains a private key. Remove it and treat it as compromised.'],
  unsupported: [
    'unsupported_public_key',
    'public_key must be a key for ES256 (P-256), ES384 (P-384), ES512 (P-521), EdDSA (Ed25519) or RS256.',
  ],
  malformed: [
    'invalid_public_key',
    'public_key must be a valid key (RSA: 2048 to 4096 bits) as COSE_Key, SPKI (DER or PEM) or JWK.',
  ],
};

function keyOf(members: Members) {
  try {
    return readPublicKey(members.get('public_key'));
  } catch (error) {
    if (error instanceof PublicKeyRefusal) throw new RowRefusal(...KEY_PROBLEMS[error.reason]);
    throw error;
  }
}

function transportsOf(members: Members): string[] {
  const transports = [...new Set(members.list('transports'))];
  const areTokens = transports.every((each) => typeof each === 'string' && TRANSPORT.test(each));
  if (areTokens && transports.length <= MAX_TRANSPORTS) return transports as string[];
  throw invalid('transports', `must have at most ${MAX_TRANSPORTS} tokens such as internal, hybrid or usb`);
}

function backupFlagsOf(members: Members) {
  const backupEligible = members.flag('backup_eligible');
  const backedUp = members.flag('backed_up');
  // §6.1.3: BS is never set without BE.
  if (backedUp && backupEligible === false) {
    throw new RowRefusal('invalid_backup_flags', 'backed_up cannot be true if backup_eligible is false.');
  }
  return { backupEligible, backedUp };
}
