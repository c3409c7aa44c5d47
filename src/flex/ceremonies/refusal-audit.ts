import { Injectable, Logger } from '@nestjs/common';
import { Database } from '../../database/database.js';
import { SQL_STATE, sqlStateOf } from '../../database/sql-state.js';
import { statement } from '../../database/statement.js';
import { type AuditFacts, AuditTrail } from '../../events/audit-trail.js';
import { AppError, type RefusalCode } from '../../errors/app-error.js';
import { Refusal } from '../../errors/refusal.js';
import { currentRequest } from '../../http/request-context.js';
import { TransactionRepository } from '../transactions/transaction.repository.js';
import { FlexUserRepository } from '../users/flex-user.repository.js';
import type { Handshake } from './handshake.js';
import { HandshakeRefusals } from './handshake-refusals.js';

/** Who a finish is about, filled in once something proves it: a name alone anybody can send. */
export interface CeremonyFacts {
  userId?: string;
  deviceId?: string;
}

export interface WatchedFinish {
  /** The app of the path; the handshake may be another app's. */
  readonly appId: string;
  readonly handshake: Handshake;
  /** What the caller is told of a refusal that is not an `AppError`. */
  readonly code: RefusalCode;
}

const SHORT_WAIT = statement('refusals.short-wait', `set local lock_timeout = '500ms'`);

/** Counts each finish that is refused, and writes one audit event for it, after all it did was rolled back. */
@Injectable()
export class RefusalAudit {
  private readonly log = new Logger(RefusalAudit.name);

  constructor(
    private readonly database: Database,
    private readonly transactions: TransactionRepository,
    private readonly users: FlexUserRepository,
    private readonly audit: AuditTrail,
    private readonly handshakeRefusals: HandshakeRefusals,
  ) {}

  /**
   * Runs a finish. Throws its refusal as an `AppError`, with `code` where the refusal has none, and whatever else it
   * throws as it is: an outage or a bug refuses nothing. Only for authentic handshakes: anybody can send the others.
   */
  async watch<T>(
    { appId, handshake, code }: WatchedFinish,
    finish: (facts: CeremonyFacts) => Promise<T>,
  ): Promise<T> {
    const facts: CeremonyFacts = {};
    try {
      return await finish(facts);
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      const request = currentRequest();
      if (request) request.cost = this.handshakeRefusals.count(handshake);
      const refusal = error instanceof AppError ? error : new AppError(code, { cause: error });
      await this.keep(appId, handshake, facts, refusal.reason);
      throw refusal;
    }
  }

  /** Throws nothing: the finish stays refused for its own reason, with or without an event. */
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
      this.log.error(
        `The audit event of a refusal (${reason}) was not written: ${sqlStateOf(error) ?? 'unexpected error'}`,
      );
    }
  }

  /**
   * Locks the user, so that an erasure finds this event as well. Throws if others hold the lock for long: that may be
   * an erasure.
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
