import { Injectable } from '@nestjs/common';
import { v7 as uuidv7 } from 'uuid';
import { Database } from '../database/database.js';
import { type Queryable, statement, toDate } from '../database/statement.js';
import { currentRequest } from '../http/request-context.js';

export type AuditEventType =
  | 'registered'
  | 'imported'
  | 'authenticated'
  | 'renamed'
  | 'revoked'
  | 'refused'
  | 'clone_suspected'
  | 'erased';

/** What happened; who did it, from where and with what comes from the request it happened in. */
export interface AuditFacts {
  readonly type: AuditEventType;
  readonly appId: string;
  /** The backend's user, as far as known. */
  readonly userId?: string | null;
  readonly deviceId?: string | null;
  /** Why it was refused, or what else is to be known: a code, never a text that could hold a secret. */
  readonly reason?: string;
  /** Nothing is kept of who did it and from where, as with a user who has been erased. */
  readonly isAnonymous?: boolean;
}

const INSERT = statement(
  'events.record',
  `insert into audit_events
     (id, type, app_id, user_id, device_id, reason, actor, address, user_agent, request_id)
   values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)`,
);

const INSERT_ALL = statement(
  'events.record-all',
  `insert into audit_events (id, type, app_id, user_id, device_id)
   select r.id, r.type, r.app_id, r.user_id, r.device_id
   from jsonb_to_recordset($1::text::jsonb) as r(id text, type text, app_id text, user_id text, device_id text)`,
);

/** An event as the backend's users may be told of it. */
export interface AuditEventSummary {
  readonly id: string;
  readonly type: AuditEventType;
  readonly createdAt: Date;
  readonly address: string | null;
  readonly userAgent: string | null;
}

const RECENT = statement(
  'events.recent',
  `select id, type, created_at as "createdAt", address, user_agent as "userAgent"
   from audit_events where app_id = $1 and user_id = $2 order by id desc limit 10`,
);

const BATCH = 10_000;

// The trail stays, the person goes; the request's id leads to them as well, and callers may choose it.
const ANONYMISE = statement(
  'events.anonymise',
  `with gone as (
     update audit_events set actor = null, address = null, user_agent = null, request_id = null where id in (
       select id from audit_events where app_id = $1 and user_id = $2
         and coalesce(actor, address, user_agent, request_id) is not null limit ${BATCH})
     returning 1)
   select count(*)::integer as count from gone`,
);

/** The audit trail: one row for each thing that happened to a passkey. */
@Injectable()
export class AuditTrail {
  constructor(private readonly database: Database) {}

  /** Writes an event with the change it tells of, in the same transaction; a refusal, which has none, stands alone. */
  async record(facts: AuditFacts, on: Queryable = this.database): Promise<void> {
    const { type, appId, userId = null, deviceId = null, reason = null, isAnonymous = false } = facts;
    const request = isAnonymous ? undefined : currentRequest();
    await on.query(INSERT, [
      uuidv7(),
      type,
      appId,
      userId,
      deviceId,
      reason,
      request?.actor ?? null,
      request?.address ?? null,
      request?.userAgent ?? null,
      request?.requestId ?? null,
    ]);
  }

  /** Writes many events of an operator's doing, with what they tell of. */
  async recordAll(
    facts: readonly Pick<AuditFacts, 'type' | 'appId' | 'userId' | 'deviceId'>[],
    tx: Queryable,
  ): Promise<void> {
    if (facts.length === 0) return;
    const rows = facts.map(({ type, appId, userId, deviceId }) => ({
      id: uuidv7(),
      type,
      app_id: appId,
      user_id: userId,
      device_id: deviceId,
    }));
    await tx.query(INSERT_ALL, [JSON.stringify(rows)]);
  }

  /** The last ten things that happened to the passkeys of a user, newest first. */
  async recent(appId: string, userId: string): Promise<AuditEventSummary[]> {
    const rows = await this.database.query<AuditEventSummary & { createdAt: string | Date }>(RECENT, [
      appId,
      userId,
    ]);
    return rows.map((row) => ({ ...row, createdAt: toDate(row.createdAt) }));
  }

  /** Takes everything personal out of a user's events. */
  async anonymise(appId: string, userId: string, tx: Queryable): Promise<void> {
    let gone: number;
    do {
      const [row] = await tx.query<{ count: number }>(ANONYMISE, [appId, userId]);
      gone = row!.count;
    } while (gone === BATCH);
  }
}
