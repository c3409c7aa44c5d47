import { randomUUID } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { Database, type DatabaseTransaction } from '../database/database.js';
import { AppError } from '../errors/app-error.js';
import { Refusal } from '../errors/refusal.js';
import { AuditTrail } from '../events/audit-trail.js';
import { isExternalId } from './external-id.js';
import { type Tie, TieMarkRepository } from './tie-mark.repository.js';
import { type Identity, type KnownUser, type NamedIdentity, UserRepository } from './user.repository.js';

/** Who holds a token, with what it says of them besides. */
export interface TokenHolder extends Identity {
  readonly username: string;
  /** Seconds since the epoch; null if the token does not say. */
  readonly issuedAt: number | null;
  /** What the token has for `EXTERNAL_ID_CLAIM`; null where no claim counts. */
  readonly claim: { readonly externalId: unknown } | null;
}

/** Why an identity and an external ID are not tied; the `cause` of an `external_id_conflict`, for log and audit trail. */
export type ConflictReason =
  /** The external ID is tied to another identity. */
  | 'external_id_taken'
  /** The identity is tied to another external ID. */
  | 'second_external_id'
  /** One of them was unlinked or erased: from the other, or after this token was issued. */
  | 'tie_undone';

/** A user, and by which identity they act, if by any. */
type TiedUser =
  { readonly externalId: string; readonly tiedTo?: Identity | undefined } | { readonly id: string };

class TieConflict extends Refusal {
  constructor(readonly reason: ConflictReason) {
    super(reason);
    this.name = 'TieConflict';
  }
}

/**
 * Makes and undoes the ties of identities and external IDs, which are one to one. What was undone leaves a mark: no claim
 * ties it otherwise, and no token that was issued before ties it anew.
 */
@Injectable()
export class Ties {
  constructor(
    private readonly database: Database,
    private readonly users: UserRepository,
    private readonly marks: TieMarkRepository,
    private readonly audit: AuditTrail,
  ) {}

  /** The external ID of a user who needs one: a random UUID if they have none. Throws `external_id_conflict`. */
  make(user: TokenHolder, appId: string): Promise<string> {
    const tie = { ...user, appId, externalId: randomUUID(), tiedBy: 'keyway' as const };
    return this.auditing(tie, () =>
      this.database.transaction(async (tx) => {
        if (await this.users.tie(tie, tx)) {
          await this.requireUnmarked(tie, tx);
          return tie.externalId;
        }
        const known = await this.users.find(user, tx);
        if (!known?.externalId) throw new TieConflict('tie_undone');
        return known.externalId;
      }),
    );
  }

  /**
   * The tie of a user with a token that names their external ID, made now if there is none yet. Throws
   * `external_id_missing` and `external_id_conflict`.
   */
  claim(user: TokenHolder, appId: string): Promise<KnownUser> {
    const externalId = claimOf(user);
    const tie = { ...user, appId, externalId, tiedBy: 'claim' as const };
    return this.auditing(tie, () =>
      this.database.transaction(async (tx) => {
        const tiedAt = await this.users.tie(tie, tx);
        if (tiedAt) {
          await this.requireUnmarked(tie, tx);
          await this.recordClaim(tie, tx);
          return { ...tie, tiedAt };
        }
        const known = await this.users.find(user, tx);
        if (!known?.externalId) throw new TieConflict('external_id_taken');
        if (known.tiedBy === 'claim' && known.externalId !== externalId) {
          throw new TieConflict('second_external_id');
        }
        return known;
      }),
    );
  }

  /** Holds a token to the tie that its claim made before. Throws `external_id_missing` and `external_id_conflict`. */
  async requireSame(user: TokenHolder, appId: string, known: string): Promise<void> {
    const externalId = claimOf(user);
    if (externalId === known) return;
    await this.auditing({ ...user, appId, externalId: known }, () => {
      throw new TieConflict('second_external_id');
    });
  }

  /**
   * Ties the two for the operator, with whom no claim is compared from then on, and lifts the marks of the external ID.
   * False if they are tied to each other already. Throws a `Refusal` if either is tied otherwise.
   */
  async link(tie: Tie, tx: DatabaseTransaction): Promise<boolean> {
    const { issuer, subject, externalId } = tie;
    if (await this.users.tie({ ...tie, username: subject, tiedBy: 'operator' }, tx)) {
      await this.marks.lift(tie.appId, [externalId], tx);
      return true;
    }
    const known = await this.users.find({ issuer, subject }, tx);
    if (!known?.externalId) throw new TieConflict('external_id_taken');
    if (known.externalId !== externalId) throw new TieConflict('second_external_id');
    if (known.tiedBy !== 'operator') await this.users.confirm(tie, tx);
    return false;
  }

  /** Undoes the tie of an external ID, and marks both sides; null if there was none, or none to the identity that is named. */
  async undo(
    appId: string,
    externalId: string,
    tx: DatabaseTransaction,
    named: NamedIdentity = { issuer: null, subject: null },
  ): Promise<Identity | null> {
    const identity = await this.users.untie(externalId, named, tx);
    if (identity) await this.marks.mark({ ...identity, appId, externalId }, tx);
    return identity;
  }

  /** The same for an identity whose user the backend does not know, or has erased already; does nothing without the tie. */
  undoOwn(identity: Identity, appId: string, externalId: string): Promise<void> {
    return this.database.transaction(async (tx) => {
      if (!(await this.undo(appId, externalId, tx, identity))) return;
      await this.audit.unqueue(appId, externalId, tx);
      await this.audit.record({ type: 'user.deleted', appId, isAnonymous: true }, tx);
    });
  }

  /**
   * Keeps the tie by which a user acts from being undone until the transaction ends, before anything else is locked; false
   * if it does not hold any more. True where `user` names no identity: an app's server acts for any user.
   */
  async hold(user: TiedUser, tx: DatabaseTransaction): Promise<boolean> {
    if ('id' in user || user.tiedTo === undefined) return true;
    return this.users.hold(user.tiedTo, user.externalId, tx);
  }

  /** Turns a conflict into `external_id_conflict`, once what led to it is rolled back, and records it. */
  async auditing<T>(tie: Tie, work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      if (!(error instanceof TieConflict)) throw error;
      const { appId, externalId } = tie;
      const userId = await this.users.flexUserId(appId, externalId);
      // The erasure of the one who was refused would not find them in the trail of another's external ID, or of none.
      const isAnonymous =
        'claim' in tie && (userId === null || (await this.users.find(tie))?.externalId !== externalId);
      const { reason } = error;
      await this.audit.record({ type: 'user.identity_conflict', appId, userId, reason, isAnonymous });
      throw new AppError('external_id_conflict', { cause: error });
    }
  }

  /**
   * By a statement after the one that tied them: that one waits for a tie which is being undone, and saw the marks as they
   * were before.
   */
  private async requireUnmarked(tie: Tie & TokenHolder, tx: DatabaseTransaction): Promise<void> {
    const { appId, issuer, subject, externalId } = tie;
    const marks = await this.marks.find({ appId, issuer, subject, externalId }, tx);
    const isAnothers = marks.some(({ isOfIdentity }) => !isOfIdentity);
    const isAnotherTie = tie.claim !== null && marks.length > 0 && !marks.some((it) => it.isOfExternalId);
    if (isAnothers || isAnotherTie || marks.some(({ markedAt }) => !isIssuedAfter(tie, markedAt))) {
      throw new TieConflict('tie_undone');
    }
  }

  /** Without the person, unless the backend knows the user: an erasure would not find the event. */
  private async recordClaim(tie: Tie, tx: DatabaseTransaction): Promise<void> {
    const { appId, externalId } = tie;
    const userId = await this.users.flexUserId(appId, externalId, tx);
    const isAnonymous = userId === null;
    await this.audit.record(
      { type: 'user.linked', appId, userId, reason: 'claim', isAnonymous, person: tie },
      tx,
    );
  }
}

/** The claim's value. Throws `external_id_missing` if it cannot be an external ID. */
function claimOf({ claim }: TokenHolder): string {
  const externalId = claim?.externalId;
  if (typeof externalId === 'string' && isExternalId(externalId)) return externalId;
  throw new AppError('external_id_missing');
}

/**
 * Of a token that does not say when it was issued nothing is known; it makes no tie anew that a claim names, but a new
 * external ID gives no access to what was.
 */
const isIssuedAfter = ({ issuedAt, claim }: TokenHolder, moment: Date): boolean =>
  issuedAt === null ? claim === null : issuedAt * 1000 > moment.getTime();
