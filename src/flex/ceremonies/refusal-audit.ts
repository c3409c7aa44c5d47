import { Injectable } from '@nestjs/common';
import { AuditTrail } from '../../events/audit-trail.js';
import { AppError } from '../../http/app-error.js';

/** Who a finish is about, filled in as it becomes known. */
export interface CeremonyFacts {
  readonly appId: string;
  userId?: string;
  deviceId?: string;
}

/** Writes one audit event for a finish that is refused, after all it did was rolled back. */
@Injectable()
export class RefusalAudit {
  constructor(private readonly audit: AuditTrail) {}

  /** Only for finishes whose handshake is authentic: anybody can send the others. */
  async watch<T>(facts: CeremonyFacts, finish: () => Promise<T>): Promise<T> {
    try {
      return await finish();
    } catch (error) {
      if (error instanceof AppError) {
        const reason = reasonOf(error);
        const type = reason === 'clone_suspected' ? 'clone_suspected' : 'refused';
        await this.audit.record({ ...facts, type, reason });
      }
      throw error;
    }
  }
}

function reasonOf({ cause, code }: AppError): string {
  return cause instanceof Error && 'reason' in cause ? String(cause.reason) : code;
}
