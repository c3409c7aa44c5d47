import { Injectable, Logger } from '@nestjs/common';
import { Database } from '../../database/database.js';
import { SQL_STATE, sqlStateOf } from '../../database/sql-state.js';
import { statement } from '../../database/statement.js';
import { type AuditFacts, AuditTrail } from '../../events/audit-trail.js';
import { AppError } from '../../errors/app-error.js';
import { TransactionRepository } from '../transactions/transaction.repository.js';
import { FlexUserRepository } from '../users/flex-user.repository.js';
import type { Handshake } from './handshake.js';

/** Who a finish is about, filled in once something proves it: a name alone anybody can send. */
export interface CeremonyFacts {
  userId?: string;
  deviceId?: string;
}

const SHORT_WAIT = statement('refusals.short-wait', `set local lock_timeout = '500ms'`);

/** Writes one audit event for a finish that is refused, after all it did was rolled back. */
@Injectable()
export class RefusalAudit {
  private readonly log = new Logger(RefusalAudit.name);

  constructor(
    private readonly database: Database,
    private readonly transactions: TransactionRepository,
    private readonly users: FlexUserRepository,
    private readonly audit: AuditTrail,
  ) {}

  /** Only for finishes whose handshake is authentic: anybody can send the others. */
  async watch<T>(
    appId: string,
    handshake: Handshake,
    finish: (facts: CeremonyFacts) => Promise<T>,
  ): Promise<T> {
    const facts: CeremonyFacts = {};
    try {
      return await finish(facts);
    } catch (error) {
      if (error instanceof AppError) await this.keep(appId, handshake, facts, reasonOf(error));
      throw error;
    }
  }

  /** Whatever becomes of the event, the finish stays refused for the reason it was. */
  private async keep(
    appId: string,
    { transaction }: Handshake,
    facts: CeremonyFacts,
    reason: string,
  ): Promise<void> {
    const type = reason === 'clone_suspected' ? 'clone_suspected' : 'refused';
    try {
      const hash = transaction && Buffer.from(transaction, 'base64url');
      const userId = facts.userId ?? (hash && (await this.transactions.ownerOf(hash, appId)));
      const event = { ...facts, type, appId, userId, reason } as const;
      await this.record(event).catch((error: unknown) => {
        if (sqlStateOf(error) !== SQL_STATE.lockNotAvailable) throw error;
        return this.audit.record({ ...event, isAnonymous: true });
      });
    } catch (error) {
      this.log.error(`A refusal (${reason}) left no event: ${sqlStateOf(error) ?? 'unforeseen'}`);
    }
  }

  /**
   * The user is held, so that whoever erases them finds this event as well. Throws where others hold them for long: they
   * may be erasing them.
   */
  private record(event: AuditFacts): Promise<void> {
    const { appId, userId } = event;
    if (!userId) return this.audit.record(event);
    return this.database.transaction(async (tx) => {
      await tx.query(SHORT_WAIT, []);
      const isAnonymous = !(await this.users.hold(appId, userId, tx));
      await this.audit.record({ ...event, isAnonymous }, tx);
    });
  }
}

function reasonOf({ cause, code }: AppError): string {
  return cause instanceof Error && 'reason' in cause ? String(cause.reason) : code;
}
