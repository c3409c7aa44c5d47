import { v7 as uuidv7 } from 'uuid';
import { isSameKey } from '../webauthn/public-key-formats.js';
import { makeUserHandle, userHandleForms } from '../webauthn/user-handle.js';
import type { Identity } from '../users/user.repository.js';
import { invalid } from './formats/members.js';
import { MAX_OWN_HANDLE_BYTES } from '../flex/users/user-handle.repository.js';
import {
  hashOfCredential,
  hex,
  type ImportState,
  type KnownDevice,
  type KnownTie,
  type KnownUser,
} from './import-state.repository.js';
import {
  type LegacyDeviceRow,
  ofUser,
  type PasskeyRow,
  RowRefusal,
  type TombstoneRow,
  type TransferRow,
  type UserRow,
} from './formats/transfer-row.js';

/** What became of a row. */
export type RowOutcome = 'created' | 'unchanged' | RowRefusal;

/** A user to create, or an existing one who gets the handle that a row brings. */
export interface PlannedUser extends KnownUser {
  userHandle: Buffer;
  isSettled: boolean;
  /** The row that describes a new user; null if only a passkey or device names them. */
  readonly row: UserRow | null;
}

/** A row with the ids under which it is kept. */
export type Planned<Row> = Row & { readonly id: string; readonly userId: string };

/** Its user handle is null if it is the user's own, or unknown. */
export type PlannedPasskey = Planned<PasskeyRow> & { readonly isHandleKnown: boolean };

/** How rows with a subject are read. */
export interface TieRules {
  /** Whether this is the app that has identities. */
  readonly isOwnApp: boolean;
  /** Those that a row may name; empty where they are not known. */
  readonly issuers: readonly string[];
  /** That of rows which name none; null if they have to. */
  readonly issuer: string | null;
}

/** Decides, row by row, what to write. Users who exist stay as they are, except for a user handle that was unknown. */
export class ImportPlan {
  readonly newUsers = new Set<PlannedUser>();
  /** Users who exist, with the handle that they get. */
  readonly adoptions = new Set<PlannedUser>();
  readonly claims: { readonly form: Buffer; readonly userId: string }[] = [];
  readonly passkeys: PlannedPasskey[] = [];
  readonly legacyDevices: Planned<LegacyDeviceRow>[] = [];
  readonly tombstones: TombstoneRow[] = [];
  readonly ties: KnownTie[] = [];
  private readonly externalIds: Map<string, string>;
  private readonly tiedExternalIds: Set<string>;
  private readonly users: Map<string, PlannedUser>;
  private readonly userIds: Set<string>;
  private readonly handleOwners: Map<string, string>;
  private readonly devicesByCredential: Map<string, KnownDevice>;
  private readonly deviceIds: Map<string, string>;
  private readonly legacyIds: Map<string, string>;
  private readonly buried: Set<string>;
  private readonly inUse: Set<string>;

  /** The id of a user of the plan. */
  userIdOf(externalId: string): string {
    return this.users.get(externalId)!.id;
  }

  /** @param withheld external IDs of the users whose own rows were refused so far; `place` adds more. */
  constructor(
    state: ImportState,
    private readonly withheld: Set<string>,
    private readonly rules: TieRules,
  ) {
    this.externalIds = new Map(state.ties.map((tie) => [identityKey(tie), tie.externalId]));
    this.tiedExternalIds = new Set(state.ties.map(({ externalId }) => externalId));
    this.users = new Map(state.users.map((user) => [user.externalId, { ...user, row: null }]));
    this.userIds = new Set(state.users.map(({ id }) => id));
    this.handleOwners = new Map(state.handleOwners);
    this.devicesByCredential = new Map(state.devicesByCredential);
    this.deviceIds = new Map(state.deviceIds);
    this.legacyIds = new Map(state.legacyIds);
    this.buried = new Set(state.tombstones);
    this.inUse = new Set(state.inUse);
  }

  /** Adds a row to the plan and returns its outcome; a refused row changes nothing. */
  place(row: TransferRow): RowOutcome {
    try {
      switch (row.kind) {
        case 'tombstone':
          return this.placeTombstone(row);
        case 'user':
          return ofUser(row.externalId, () => this.placeUser(row));
        case 'passkey':
          return this.placePasskey(row);
        case 'legacy_device':
          return this.placeLegacyDevice(row);
      }
    } catch (error) {
      if (!(error instanceof RowRefusal)) throw error;
      if (error.externalId !== null) this.withheld.add(error.externalId);
      return error;
    }
  }

  private placeTombstone(row: TombstoneRow): RowOutcome {
    const hash = hex(row.credentialHash);
    if (this.buried.has(hash)) return 'unchanged';
    if (this.inUse.has(hash)) {
      throw new RowRefusal(
        'credential_in_use',
        'The credential is in use here, and an import revokes nothing.',
      );
    }
    this.buried.add(hash);
    this.tombstones.push(row);
    return 'created';
  }

  private placeUser(row: UserRow): RowOutcome {
    const known = this.users.get(row.externalId);
    if (!known && row.id !== null && this.userIds.has(row.id)) {
      throw new RowRefusal('user_id_taken', 'Another user of the app has this id.');
    }
    // An earlier passkey may have created the user as active: say so instead of dropping the status silently.
    if (known && row.status === 'inactive' && known.status !== 'inactive') {
      throw new RowRefusal(
        'user_active',
        'The user is active here, and an import does not deactivate users.',
      );
    }
    const user = known ?? newUser(row.externalId, row);
    if (row.userHandle) this.requireFree(row.userHandle, user);
    const tie = this.newTieOf(row);
    if (!known) this.add(user);
    if (row.userHandle && !user.isSettled) this.adopt(user, row.userHandle);
    this.tie(tie);
    return known && !tie ? 'unchanged' : 'created';
  }

  private placePasskey(row: PasskeyRow): RowOutcome {
    const credential = hex(row.credentialId);
    const known = this.devicesByCredential.get(credential);
    if (known) {
      this.requireOwner(known.userId, row.externalId, 'credential_of_another_user');
      if (isSameKey(known.publicKey, row.publicKey)) return this.tie(this.newTieOf(row));
      throw new RowRefusal('credential_key_differs', 'The credential exists here with another public key.');
    }
    this.requireUnburied(row.credentialId);
    const user = this.ownerOf(row);
    if (row.id !== null) this.requireFreeId(row.id, user);
    if (row.userHandle) this.requireFree(row.userHandle, user);
    const tie = this.newTieOf(row);
    this.add(user);
    this.tie(tie);
    if (row.userHandle) this.take(user, row.userHandle);
    const planned = { ...row, id: row.id ?? uuidv7(), userId: user.id };
    this.devicesByCredential.set(credential, planned);
    this.deviceIds.set(planned.id, user.id);
    this.inUse.add(hex(hashOfCredential(row.credentialId)));
    // Null stands for the user's own.
    const userHandle = row.userHandle?.equals(user.userHandle) ? null : row.userHandle;
    this.passkeys.push({ ...planned, userHandle, isHandleKnown: row.userHandle !== null });
    return 'created';
  }

  private placeLegacyDevice(row: LegacyDeviceRow): RowOutcome {
    const passkey = row.credentialId && this.devicesByCredential.get(hex(row.credentialId));
    if (passkey) return this.requireOwner(passkey.userId, row.externalId, 'credential_of_another_user');
    if (row.credentialId) this.requireUnburied(row.credentialId);
    const owner = this.legacyIds.get(row.id) ?? this.deviceIds.get(row.id);
    if (owner !== undefined) return this.requireOwner(owner, row.externalId, 'device_id_taken');
    const user = this.ownerOf(row);
    this.add(user);
    this.legacyIds.set(row.id, user.id);
    this.legacyDevices.push({ ...row, userId: user.id });
    return 'created';
  }

  /** The tie that the row brings; null if it brings none, or the one that there is. */
  private newTieOf(row: UserRow | PasskeyRow): KnownTie | null {
    const identity = identityOf(row, this.rules);
    if (!identity) return null;
    const tied = this.externalIds.get(identityKey(identity));
    if (tied === row.externalId) return null;
    if (tied !== undefined) {
      throw new RowRefusal('identity_taken', 'The identity is tied to another external ID.');
    }
    if (this.tiedExternalIds.has(row.externalId)) {
      throw new RowRefusal('external_id_taken', 'The external ID is tied to another identity.');
    }
    return { ...identity, externalId: row.externalId };
  }

  private tie(tie: KnownTie | null): 'created' | 'unchanged' {
    if (!tie) return 'unchanged';
    this.externalIds.set(identityKey(tie), tie.externalId);
    this.tiedExternalIds.add(tie.externalId);
    this.ties.push(tie);
    return 'created';
  }

  /** An unknown owner becomes a new, active user, unless the file's own row for that user was refused. */
  private ownerOf({ externalId }: PasskeyRow | LegacyDeviceRow): PlannedUser {
    const known = this.users.get(externalId);
    if (known) return known;
    if (this.withheld.has(externalId))
      throw new RowRefusal(
        'user_refused',
        'The row that describes this user was refused, so this row is refused too.',
      );
    return newUser(externalId, null);
  }

  private requireOwner(
    userId: string,
    externalId: string,
    code: 'credential_of_another_user' | 'device_id_taken',
  ): 'unchanged' {
    if (this.users.get(externalId)?.id === userId) return 'unchanged';
    if (code === 'device_id_taken') throw deviceIdTaken();
    throw new RowRefusal(code, 'The credential belongs to another user of the app.');
  }

  private requireUnburied(credentialId: Buffer): void {
    if (!this.buried.has(hex(hashOfCredential(credentialId)))) return;
    throw new RowRefusal(
      'credential_revoked',
      'The credential was revoked here, and an import does not restore it.',
    );
  }

  /** A passkey may take the id of a device without a key, if both belong to the same user. */
  private requireFreeId(id: string, user: KnownUser): void {
    const keeper = this.legacyIds.get(id) ?? user.id;
    if (this.deviceIds.has(id) || keeper !== user.id) throw deviceIdTaken();
  }

  private requireFree(handle: Buffer, user: KnownUser): void {
    const owners = userHandleForms(handle).map((form) => this.handleOwners.get(hex(form)) ?? user.id);
    if (owners.every((owner) => owner === user.id)) return;
    throw new RowRefusal('user_handle_taken', 'Another user of the app has this user handle.');
  }

  private take(user: PlannedUser, handle: Buffer): void {
    if (!user.isSettled && handle.byteLength <= MAX_OWN_HANDLE_BYTES) this.adopt(user, handle);
    else this.claim(user, handle);
  }

  private adopt(user: PlannedUser, handle: Buffer): void {
    user.userHandle = handle;
    user.isSettled = true;
    if (!this.newUsers.has(user)) this.adoptions.add(user);
    this.claim(user, handle);
  }

  private claim(user: PlannedUser, handle: Buffer): void {
    for (const form of userHandleForms(handle)) {
      if (this.handleOwners.has(hex(form))) continue;
      this.handleOwners.set(hex(form), user.id);
      this.claims.push({ form, userId: user.id });
    }
  }

  private add(user: PlannedUser): void {
    if (this.users.has(user.externalId)) return;
    this.users.set(user.externalId, user);
    this.userIds.add(user.id);
    this.newUsers.add(user);
  }
}

const identityKey = ({ issuer, subject }: Identity): string => `${issuer}\0${subject}`;

/** The identity that a row has by the rules of the import; null if it has none. Throws `RowRefusal`. */
export function identityOf(
  row: TransferRow,
  { isOwnApp, issuer: usual, issuers }: TieRules,
): Identity | null {
  const identity = 'identity' in row ? row.identity : null;
  if (identity === null) return null;
  if (!isOwnApp) {
    throw new RowRefusal(
      'identity_not_allowed',
      'Only users of the app of APP_ID have identities, and this is not it.',
    );
  }
  const issuer = identity.issuer ?? usual;
  if (issuer === null)
    throw invalid('issuer', 'is missing, and JWT_ISSUER does not name just one: give --issuer');
  if (issuers.length > 0 && !issuers.includes(issuer)) throw invalid('issuer', 'must be one of JWT_ISSUER');
  return { issuer, subject: identity.subject };
}

/** Its handle is not settled: no passkey was made with the random one, so the first known handle replaces it. */
const newUser = (externalId: string, row: UserRow | null): PlannedUser => ({
  id: row?.id ?? uuidv7(),
  externalId,
  userHandle: makeUserHandle(),
  isSettled: false,
  status: row?.status ?? 'active',
  row,
});

const deviceIdTaken = (): RowRefusal =>
  new RowRefusal('device_id_taken', 'Another credential of the app has this device id.');
