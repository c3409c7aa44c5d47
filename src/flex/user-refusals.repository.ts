import { Injectable } from '@nestjs/common';
import { Database } from '../database/database.js';
import { query } from '../database/query.js';
import { SQL_STATE, sqlStateOf } from '../database/sql-state.js';
import { type AuditFacts, AuditTrail } from '../events/audit-trail.js';

const SHORT_WAIT = 500; // ms

const SHARE = query('user-refusals.share', (db, $: { appId: string; userId: string }) =>
  db
    .selectFrom('flex_users')
    .where('app_id', '=', $.appId)
    .where('id', '=', $.userId)
    .select('id')
    .forKeyShare(),
);

/** The audit events of what a user was refused. */
@Injectable()
export class UserRefusals {
  constructor(
    private readonly database: Database,
    private readonly audit: AuditTrail,
  ) {}

  /** Writes an event so that an erasure of its user finds it as well: without who acted if they are gone, or are locked. */
  async record(event: AuditFacts & { readonly userId: string }): Promise<void> {
    try {
      await this.recordOfUser(event);
    } catch (error) {
      // Others lock the user for long, and may be erasing them.
      if (sqlStateOf(error) !== SQL_STATE.lockNotAvailable) throw error;
      await this.audit.record({ ...event, isAnonymous: true });
    }
  }

  /** Keeps the user from being erased until the event is written (FOR KEY SHARE). */
  private recordOfUser(event: AuditFacts & { readonly userId: string }): Promise<void> {
    return this.database.transaction(async (tx) => {
      await tx.limitLockWait(SHORT_WAIT);
      const isThere = (await tx.run(SHARE, event)).length === 1;
      await this.audit.record({ ...event, isAnonymous: !isThere }, tx);
    });
  }
}
