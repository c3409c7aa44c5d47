import { Injectable, Logger } from '@nestjs/common';
import { sqlStateOf } from '../../database/sql-state.js';
import { AppError, type RefusalCode } from '../../errors/app-error.js';
import { Refusal } from '../../errors/refusal.js';
import { type AuditFacts, AuditTrail } from '../../events/audit-trail.js';
import { currentRequest } from '../../http/request-context.js';
import { CeremonyRefusal } from '../../webauthn/ceremony-refusal.js';
import { TransactionRepository } from '../transactions/transaction.repository.js';
import { UserRefusals } from '../user-refusals.repository.js';
import { HandshakeRefusals } from './handshake-refusals.js';
import type { Handshake } from './handshakes.service.js';

/** A finish that failed. */
export interface FailedFinish {
  /** The app of the path; the handshake may be another app's. */
  readonly appId: string;
  /** An authentic one: others prove nothing, and cost nothing to make. */
  readonly handshake: Handshake;
  /** What the caller is told of a refusal that is not an `AppError`. */
  readonly code: RefusalCode;
  /** The passkey and its user, once the ceremony proved them: a name alone proves nothing. */
  readonly proven: { readonly userId: string; readonly deviceId: string } | null;
  /** Whether the answer may tell that the credential is unknown; given where that is why the finish failed. */
  readonly mayTellUnknown?: (() => Promise<boolean>) | undefined;
}

/** How many refusals of one handshake may tell that a credential is unknown, counted by each replica. */
const TOLD = 3;

/** Counts each finish that is refused, and writes an audit event for the first of each handshake. */
@Injectable()
export class RefusalAudit {
  private readonly log = new Logger(RefusalAudit.name);

  constructor(
    private readonly transactions: TransactionRepository,
    private readonly ofUsers: UserRefusals,
    private readonly audit: AuditTrail,
    private readonly handshakeRefusals: HandshakeRefusals,
  ) {}

  /**
   * What to throw for what a finish threw, once all it did was rolled back: for a refusal, of which an event may be written,
   * an `AppError`; for anything else, an outage or a bug, the error itself.
   */
  async answerTo(error: unknown, finish: FailedFinish): Promise<unknown> {
    if (!(error instanceof Refusal)) return error;
    const request = currentRequest();
    const { number, cost, isWritten } = this.handshakeRefusals.count(
      finish.handshake,
      finish.proven !== null,
    );
    if (request) request.cost = cost;
    const isTold = number <= TOLD && finish.mayTellUnknown && (await finish.mayTellUnknown());
    const refusal = isTold
      ? new AppError(finish.code, { cause: error, told: 'unknown_credential' })
      : toAppError(error, finish.code);
    if (!isWritten) return refusal;
    await this.record(finish, refusal.reason).catch((cause: unknown) => {
      this.log.error(
        `The audit event of a refusal (${refusal.reason}) was not written: ${sqlStateOf(cause) ?? 'unexpected error'}`,
      );
    });
    return refusal;
  }

  private async record({ appId, handshake, proven }: FailedFinish, reason: string): Promise<void> {
    const type = reason === 'clone_suspected' ? 'passkey.clone_suspected' : 'passkey.refused';
    const hash = handshake.transaction && Buffer.from(handshake.transaction, 'base64url');
    const userId = proven?.userId ?? (hash && (await this.transactions.ownerOf(appId, hash)));
    const event: AuditFacts = { type, appId, userId, deviceId: proven?.deviceId ?? null, reason };
    return userId ? this.ofUsers.record({ ...event, userId }) : this.audit.record(event);
  }
}

/** Tells a malformed response, and what is wrong in it, from one that proves nothing. */
function toAppError(refusal: Refusal, code: RefusalCode): AppError {
  if (refusal instanceof AppError) return refusal;
  return refusal instanceof CeremonyRefusal && refusal.detail !== null
    ? new AppError('invalid_request', { cause: refusal, detail: refusal.detail })
    : new AppError(code, { cause: refusal });
}
