import { Injectable } from '@nestjs/common';
import { Database } from '../../database/database.js';
import { AuditTrail } from '../../events/audit-trail.js';
import { AppError } from '../../http/app-error.js';
import { TransactionRepository } from '../transactions/transaction.repository.js';
import { FlexUserRepository } from '../users/flex-user.repository.js';
import type { Handshake } from './handshake.js';

/** Who a finish is about, filled in once something proves it: a name alone anybody can send. */
export interface CeremonyFacts {
  userId?: string;
  deviceId?: string;
}

/** Writes one audit event for a finish that is refused, after all it did was rolled back. */
@Injectable()
export class RefusalAudit {
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
      if (error instanceof AppError) await this.record(appId, handshake, facts, reasonOf(error));
      throw error;
    }
  }

  private async record(
    appId: string,
    { transaction }: Handshake,
    facts: CeremonyFacts,
    reason: string,
  ): Promise<void> {
    const type = reason === 'clone_suspected' ? 'clone_suspected' : 'refused';
    await this.database.transaction(async (tx) => {
      const hash = transaction && Buffer.from(transaction, 'base64url');
      const userId = facts.userId ?? (hash && (await this.transactions.ownerOf(hash, appId, tx)));
      // Held, so that whoever erases the user finds this event as well.
      const isAnonymous = !!userId && !(await this.users.hold(appId, userId, tx));
      await this.audit.record({ ...facts, type, appId, userId, reason, isAnonymous }, tx);
    });
  }
}

function reasonOf({ cause, code }: AppError): string {
  return cause instanceof Error && 'reason' in cause ? String(cause.reason) : code;
}
