import { Injectable } from '@nestjs/common';
import { sql } from 'kysely';
import { Database, type Queryable } from '../../database/database.js';
import { query, typed } from '../../database/query.js';
import { SQL_STATE, sqlStateOf } from '../../database/sql-state.js';
import type { Refusal } from '../../errors/refusal.js';
import { eventOf, type EventValues } from '../../events/audit.repository.js';
import { Outbox } from '../../events/outbox.js';
import { QUEUED, queueEvent } from '../../events/outbox.repository.js';
import type { StoredApp } from '../apps/app.js';
import { APP_FIELDS } from '../apps/app.repository.js';
import { HANDLE_OF_DEVICE } from '../devices/device.repository.js';
import { nonceOf, type NonceValues } from '../nonces/nonce.repository.js';
import type { Device } from '../devices/device.entity.js';
import type { StepUpAct } from '../step-up/step-up.js';
import type { FlexUserStatus } from '../users/flex-user.entity.js';
import { expiryOf, type SpentValues, spendHandshake } from './handshake.repository.js';

/** A sign-in of which nothing was written, as something was in its way. */
export class NotWritten extends Error {
  override readonly name = 'NotWritten';

  /** @param otherwise what it was, unless something that comes before it is found to be in the way. */
  constructor(readonly otherwise: Refusal | null = null) {
    super('Nothing was written.');
  }
}

/** A credential and its owner, as a sign-in needs them. */
export interface OwnedCredential {
  readonly deviceId: string;
  readonly userId: string;
  /** The handle it was made with; null while it is not known. */
  readonly userHandle: Buffer | null;
  /** COSE_Key bytes. */
  readonly publicKey: Buffer;
  readonly backupEligible: boolean | null;
  readonly attestationTrust: Device['attestationTrust'];
  /** Created without asking its owner, and not yet used in a sign-in that verified them. */
  readonly automatic: boolean;
  readonly enrolledAt: Date;
}

/** A verified sign-in, and all that is written of it. */
export interface SignIn extends SpentValues, NonceValues, EventValues {
  readonly appId: string;
  readonly userId: string;
  readonly deviceId: string;
  /** SHA-256 of the transaction's id; null for a discoverable sign-in. */
  readonly transactionHash: Buffer | null;
  readonly counter: number;
  readonly backedUp: boolean;
  readonly backupEligible: boolean;
  /** Whether the passkey has another backup eligibility; it is written, with an event of this id, only if that is so. */
  readonly isBackupChanged: boolean;
  readonly backupEventId: string;
  /** As `describeUserAgent` has it. */
  readonly usedFrom: string | null;
}

/** What may have kept a sign-in from being written, read afterwards. */
export interface SignInObstacles {
  readonly isHandshakeSpent: boolean;
  /** The user of the transaction, if it may still be used. */
  readonly transactionUserId: string | null;
  readonly status: FlexUserStatus | null;
  /** The passkey's counter; null if it was revoked. */
  readonly counter: number | null;
  readonly backupEligible: boolean | null;
}

const FIND = query(
  'ceremonies.find-app-and-credential',
  (db, $: { appId: string; credentialId: Buffer | null }) =>
    db
      .selectFrom('apps as a')
      .leftJoin('devices as d', (on) =>
        on.onRef('d.app_id', '=', 'a.id').on('d.credential_id', '=', $.credentialId),
      )
      .leftJoin('flex_users as u', (on) =>
        on.onRef('u.app_id', '=', 'd.app_id').onRef('u.id', '=', 'd.user_id'),
      )
      .where('a.id', '=', $.appId)
      .select(APP_FIELDS)
      .select([
        'd.id as deviceId',
        'd.user_id as userId',
        'd.public_key as publicKey',
        'd.backup_eligible as backupEligible',
        'd.attestation_trust as credentialTrust',
        'd.automatic',
        'd.created_at as enrolledAt',
        HANDLE_OF_DEVICE.as('userHandle'),
      ]),
);

/** Whether the sign-in went through all of its steps. */
const IS_SPENT = sql<boolean>`exists (select from handshake)`;

/** The event of a changed backup eligibility, beside that of the sign-in which shows it. */
const backupChangeOf = ($: SignIn): EventValues => ({
  eventId: $.backupEventId,
  type: 'passkey.backup_changed',
  appId: $.appId,
  userId: $.userId,
  deviceId: $.deviceId,
  reason: null,
  actor: $.actor,
  address: $.address,
  userAgent: $.userAgent,
  requestId: $.requestId,
  namesUser: $.namesUser,
  namesIdentity: $.namesIdentity,
  externalId: null,
  issuer: null,
  subject: null,
});

/**
 * All of a sign-in or nothing. Each step takes its rows from the step before, which is what puts the locks in their order:
 * user, passkey, transaction, handshake. A row that another request has changed meanwhile is judged as it is now.
 *
 * Each row is touched once: a statement that locks a row and then updates it finds the version from before its wait again,
 * and deadlocks with those who queue there. So what was updated is undone where a later step finds nothing: the division
 * by zero at the end fails the statement.
 */
const finishSignIn = (name: string, isOnTransaction: boolean) =>
  query(name, (db, $: SignIn) => {
    const [event, nonce] = [eventOf($), nonceOf($)];
    const change = eventOf(backupChangeOf($));
    return db
      .with('counted', (to) =>
        to
          .updateTable('flex_users')
          .set({ login_count: sql`login_count + 1`, last_login_at: sql`now()` })
          .where('app_id', '=', $.appId)
          .where('id', '=', $.userId)
          .where('status', '<>', 'inactive')
          .returning(['app_id', 'id']),
      )
      .with('advanced', (to) =>
        to
          .updateTable('devices as d')
          .from('counted as u')
          .set({
            counter: $.counter,
            backed_up: $.backedUp,
            backup_eligible: $.backupEligible,
            automatic: sql`d.automatic and not ${$.userVerified}`,
            usage_count: sql`d.usage_count + 1`,
            last_login_at: sql`now()`,
            last_used_from: $.usedFrom,
          })
          .whereRef('d.app_id', '=', 'u.app_id')
          .whereRef('d.user_id', '=', 'u.id')
          .where('d.id', '=', $.deviceId)
          // Of two clones that race, one loses. Synced passkeys stay at 0.
          .where((it) =>
            it.or([
              it('d.counter', '<', $.counter),
              it.and([it('d.counter', '=', 0), it(typed.bigint($.counter), '=', 0)]),
            ]),
          )
          // Of two sign-ins that race with a changed flag, one records the change.
          .where(
            sql<boolean>`coalesce(d.backup_eligible <> ${$.backupEligible}, false)`,
            '=',
            typed.boolean($.isBackupChanged),
          )
          .returning(['d.app_id', 'd.user_id']),
      )
      .with('permission', (to) =>
        isOnTransaction
          ? to
              .updateTable('transactions as t')
              .from('advanced as d')
              .set({ consumed_at: sql`now()` })
              .whereRef('t.app_id', '=', 'd.app_id')
              .whereRef('t.user_id', '=', 'd.user_id')
              .where('t.hash', '=', $.transactionHash)
              .where('t.kind', '=', 'authenticate')
              .where('t.consumed_at', 'is', null)
              .where('t.expires_at', '>', sql<Date>`now()`)
              .returning(['t.app_id', 't.act', 't.target'])
          : to
              .selectFrom('advanced')
              .select([
                'app_id',
                sql<StepUpAct | null>`null::text`.as('act'),
                sql<string | null>`null::text`.as('target'),
              ]),
      )
      .with('handshake', spendHandshake($))
      .with('event', (to) =>
        to
          .insertInto('audit_events')
          .columns(event.columns)
          .expression((from) => from.selectFrom('handshake').select(event.selection)),
      )
      .with('change', (to) =>
        to
          .insertInto('audit_events')
          .columns(change.columns)
          .expression((from) =>
            from.selectFrom('handshake').where(typed.boolean($.isBackupChanged)).select(change.selection),
          ),
      )
      .with('queued', (to) => queueEvent(to, $, { when: IS_SPENT, automatic: typed.boolean($.automatic) }))
      .with('change_queued', (to) =>
        queueEvent(to, backupChangeOf($), {
          when: sql`${typed.boolean($.isBackupChanged)} and ${IS_SPENT}`,
          automatic: typed.boolean($.automatic),
        }),
      )
      .with('nonce', (to) =>
        to
          .insertInto('nonces')
          .columns([...nonce.columns, 'act', 'target'])
          .expression((from) =>
            from
              .selectFrom(['handshake', 'permission as t'])
              .select(nonce.selection)
              .select(['t.act', 't.target']),
          ),
      )
      .selectFrom('handshake')
      .select([
        sql<number>`1 / count(*)`.as('written'),
        sql<number>`${QUEUED} + (select count(*) from change_queued)`.as('queued'),
      ]);
  });

const FINISH_SIGN_IN = finishSignIn('ceremonies.finish-sign-in', true);
const FINISH_DISCOVERABLE = finishSignIn('ceremonies.finish-discoverable', false);

const OBSTACLES = query('ceremonies.sign-in-obstacles', (db, $: SignIn) =>
  db.selectNoFrom((it) => [
    it
      .or([
        it.exists(
          it
            .selectFrom('spent_handshakes')
            .where('app_id', '=', $.appId)
            .where('hash', '=', $.handshakeHash)
            .select('hash'),
        ),
        it(expiryOf($), '<=', sql<Date>`now()`),
      ])
      .as('isHandshakeSpent'),
    it
      .selectFrom('transactions')
      .where('app_id', '=', $.appId)
      .where('hash', '=', $.transactionHash)
      .where('kind', '=', 'authenticate')
      .where('consumed_at', 'is', null)
      .where('expires_at', '>', sql<Date>`now()`)
      .select('user_id')
      .as('transactionUserId'),
    it
      .selectFrom('flex_users')
      .where('app_id', '=', $.appId)
      .where('id', '=', $.userId)
      .select('status')
      .as('status'),
    it
      .selectFrom('devices')
      .where('app_id', '=', $.appId)
      .where('id', '=', $.deviceId)
      .select('counter')
      .as('counter'),
    it
      .selectFrom('devices')
      .where('app_id', '=', $.appId)
      .where('id', '=', $.deviceId)
      .select('backup_eligible')
      .as('backupEligible'),
  ]),
);

/** What a sign-in reads and writes; each call names the app. */
@Injectable()
export class AuthenticationRepository {
  constructor(
    private readonly database: Database,
    private readonly outbox: Outbox,
  ) {}

  /**
   * An app, or null, and its credential by the credential ID (raw bytes), null if that is unknown or none is given: in one
   * statement, as every finish needs both.
   */
  async find(
    appId: string,
    credentialId: Buffer | null,
  ): Promise<{ app: StoredApp | null; credential: OwnedCredential | null }> {
    const [row] = await this.database.run(FIND, { appId, credentialId });
    if (!row) return { app: null, credential: null };
    const { deviceId, userId, publicKey, backupEligible, credentialTrust, automatic, ...others } = row;
    const { enrolledAt, userHandle, ...app } = others;
    if (
      deviceId === null ||
      userId === null ||
      publicKey === null ||
      credentialTrust === null ||
      automatic === null ||
      enrolledAt === null
    ) {
      return { app, credential: null };
    }
    const credential = { deviceId, userId, publicKey, backupEligible, automatic, enrolledAt, userHandle };
    return { app, credential: { ...credential, attestationTrust: credentialTrust } };
  }

  /**
   * Counts the sign-in for its active user and its passkey, whose counter rises, consumes the transaction, spends the
   * handshake, and writes event and nonce. Throws {@link NotWritten}, and nothing is written, if any of that cannot be; a
   * transaction of the database is then void.
   */
  async finishSignIn(signIn: SignIn, on: Queryable = this.database): Promise<void> {
    const finish = signIn.transactionHash === null ? FINISH_DISCOVERABLE : FINISH_SIGN_IN;
    try {
      const [row] = await on.run(finish, signIn);
      this.outbox.announce(row!.queued, on);
    } catch (error) {
      throw sqlStateOf(error) === SQL_STATE.divisionByZero ? new NotWritten() : error;
    }
  }

  async obstaclesTo(signIn: SignIn): Promise<SignInObstacles> {
    const [row] = await this.database.run(OBSTACLES, signIn);
    return { ...row!, isHandshakeSpent: Boolean(row!.isHandshakeSpent) };
  }
}
