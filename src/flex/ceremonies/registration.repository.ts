import { Injectable } from '@nestjs/common';
import { sql } from 'kysely';
import type { NameCode } from '../../authenticators/default-passkey-name.js';
import type { DatabaseTransaction } from '../../database/database.js';
import { insertion, query, typed } from '../../database/query.js';
import { eventOf, type EventValues } from '../../events/audit.repository.js';
import { Outbox } from '../../events/outbox.js';
import { QUEUED, queueEvent } from '../../events/outbox.repository.js';
import type { VerifiedRegistration } from '../../webauthn/verify-registration.js';
import { nonceOf, type NonceValues } from '../nonces/nonce.repository.js';
import type { FlexUserStatus } from '../users/flex-user.entity.js';
import { type SpentValues, spendHandshake } from './handshake.repository.js';

/** A verified registration, and all that is written of it. */
export interface Registration
  extends SpentValues, Omit<NonceValues, 'userVerified' | 'isBackupChanged'>, EventValues {
  readonly appId: string;
  readonly userId: string;
  readonly deviceId: string;
  readonly transactionHash: Buffer;
  readonly friendlyName: string;
  readonly nameCode: NameCode | null;
  /** As `describeUserAgent` has it. */
  readonly createdFrom: string | null;
  /** Whether it finishes a transaction of an automatic upgrade, and makes an automatic passkey. */
  readonly automatic: boolean;
  readonly credential: VerifiedRegistration;
}

// What is counted of the user afterwards stays true until the transaction ends.
const LOCK_REGISTRANT = query(
  'ceremonies.lock-registrant',
  (db, $: { appId: string; transactionHash: Buffer; automatic: boolean }) =>
    db
      .selectFrom('transactions as t')
      .innerJoin('flex_users as u', (on) =>
        on.onRef('u.app_id', '=', 't.app_id').onRef('u.id', '=', 't.user_id'),
      )
      .where('t.app_id', '=', $.appId)
      .where('t.hash', '=', $.transactionHash)
      .where('t.kind', '=', 'register')
      .where('t.conditional', '=', $.automatic)
      .where('t.consumed_at', 'is', null)
      .where('t.expires_at', '>', sql<Date>`now()`)
      .select(['u.id as userId', 'u.status', 't.unproven'])
      .forNoKeyUpdate('u'),
);

const NAMES = query('ceremonies.passkey-names', (db, $: { appId: string; userId: string }) =>
  db
    .selectFrom('devices')
    .where('app_id', '=', $.appId)
    .where('user_id', '=', $.userId)
    .select('friendly_name as name'),
);

type RegistrationValues = Omit<Registration, 'credential'> &
  VerifiedRegistration & { isBackupChanged: false };

const deviceOf = ($: RegistrationValues) =>
  insertion('devices', {
    app_id: typed.text($.appId),
    id: typed.text($.deviceId),
    user_id: typed.text($.userId),
    credential_id: typed.bytea($.credentialId),
    public_key: typed.bytea($.publicKey),
    algorithm: typed.integer($.algorithm),
    counter: typed.bigint($.counter),
    aaguid: typed.text($.aaguid),
    transports: typed.textArray($.transports),
    attachment: typed.text($.attachment),
    backup_eligible: typed.boolean($.backupEligible),
    backed_up: typed.boolean($.backedUp),
    attestation_format: typed.text($.attestationFormat),
    attestation_trust: typed.text($.attestationTrust),
    automatic: typed.boolean($.automatic),
    friendly_name: typed.text($.friendlyName),
    name_code: typed.text($.nameCode),
    created_from: typed.text($.createdFrom),
  });

const FINISH_REGISTRATION = query('ceremonies.finish-registration', (db, $: RegistrationValues) => {
  const [device, event, nonce] = [deviceOf($), eventOf($), nonceOf($)];
  return (
    db
      .with(
        (cte) => cte('permission').materialized(),
        (from) =>
          from
            .selectFrom('transactions')
            .where('app_id', '=', $.appId)
            .where('hash', '=', $.transactionHash)
            .where('user_id', '=', $.userId)
            .where('kind', '=', 'register')
            .where('conditional', '=', $.automatic)
            .where('consumed_at', 'is', null)
            .where('expires_at', '>', sql<Date>`now()`)
            .select(['app_id', 'user_id'])
            .forNoKeyUpdate(),
      )
      .with('handshake', spendHandshake($))
      .with('consumed', (to) =>
        to
          .updateTable('transactions as t')
          .from('handshake as h')
          .set({ consumed_at: sql`now()` })
          .whereRef('t.app_id', '=', 'h.app_id')
          .where('t.hash', '=', $.transactionHash),
      )
      .with('device', (to) =>
        to
          .insertInto('devices')
          .columns(device.columns)
          .expression((from) => from.selectFrom('handshake').select(device.selection))
          .onConflict((on) => on.columns(['app_id', 'credential_id']).doNothing())
          .returning(['app_id', 'credential_id']),
      )
      // A credential that was revoked may be enrolled again: only its authenticator can do that.
      .with('unburied', (to) =>
        to
          .deleteFrom('tombstones as t')
          .using('device as d')
          .whereRef('t.app_id', '=', 'd.app_id')
          .where('t.credential_hash', '=', sql<Buffer>`sha256(d.credential_id)`),
      )
      .with('event', (to) =>
        to
          .insertInto('audit_events')
          .columns(event.columns)
          .expression((from) => from.selectFrom('device').select(event.selection)),
      )
      .with('queued', (to) =>
        queueEvent(to, $, {
          when: sql`exists (select from device)`,
          automatic: typed.boolean($.automatic),
        }),
      )
      .with('nonce', (to) =>
        to
          .insertInto('nonces')
          .columns(nonce.columns)
          .expression((from) => from.selectFrom('device').select(nonce.selection)),
      )
      .selectNoFrom((it) => [
        it.exists(it.selectFrom('permission').select('app_id')).as('isPermitted'),
        it.exists(it.selectFrom('handshake').select('app_id')).as('isHandshakeSpent'),
        it.exists(it.selectFrom('device').select('app_id')).as('isStored'),
        QUEUED.as('queued'),
      ])
  );
});

/** What a registration reads and writes, in one transaction of the database; each call names the app. */
@Injectable()
export class RegistrationRepository {
  constructor(private readonly outbox: Outbox) {}

  /** Locks the user of a register transaction that may still be used; null if there is none. */
  async lockRegistrant(
    registration: Pick<Registration, 'appId' | 'transactionHash' | 'automatic'>,
    tx: DatabaseTransaction,
  ): Promise<{ userId: string; status: FlexUserStatus; unproven: boolean } | null> {
    const [row] = await tx.run(LOCK_REGISTRANT, registration);
    return row ?? null;
  }

  /** The names of all passkeys of a user. */
  async passkeyNames(appId: string, userId: string, tx: DatabaseTransaction): Promise<string[]> {
    return (await tx.run(NAMES, { appId, userId })).map(({ name }) => name);
  }

  /**
   * Spends the handshake, consumes the transaction, stores the passkey, and writes event and nonce; answers with the
   * first of these that could not be, and then the transaction is void.
   */
  async finishRegistration(
    { credential, ...registration }: Registration,
    tx: DatabaseTransaction,
  ): Promise<'stored' | 'not_permitted' | 'handshake_spent' | 'credential_id_in_use'> {
    const [row] = await tx.run(FINISH_REGISTRATION, {
      ...registration,
      ...credential,
      isBackupChanged: false,
    });
    const { isPermitted, isHandshakeSpent, isStored, queued } = row!;
    this.outbox.announce(queued, tx);
    if (!isPermitted) return 'not_permitted';
    if (!isHandshakeSpent) return 'handshake_spent';
    return isStored ? 'stored' : 'credential_id_in_use';
  }
}
