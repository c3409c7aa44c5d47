import { Injectable } from '@nestjs/common';
import { LRUCache } from 'lru-cache';
import type { DatabaseTransaction } from '../../database/database.js';
import { AppError } from '../../errors/app-error.js';
import { Refusal } from '../../errors/refusal.js';
import { hashOf } from '../bearer-secret.js';
import { UserRefusals } from '../user-refusals.repository.js';
import type { StepUp } from './step-up.js';
import { StepUpRepository, type StepUpProblem, type StepUpUse } from './step-up.repository.js';

const YOUNG_PASSKEY =
  'The passkey was added after the sign-in: sign in anew, or use a passkey that is older than that.';
/** Refused nonces whose event is written, in this process's memory: showing one again tells nothing new. */
const MAX_REFUSED = 10_000;

/** A step-up that does not prove its user for an act, once the nonce is known to be one of the app's. */
class StepUpRefusal extends Refusal {
  constructor(
    readonly reason: StepUpProblem,
    readonly use: StepUpUse,
    readonly hash: Buffer,
  ) {
    super(reason);
    this.name = 'StepUpRefusal';
  }
}

/** Holds a person who acts on their own account to step-up, where the app asks for it. */
@Injectable()
export class StepUps {
  private readonly refused = new LRUCache<string, true>({ max: MAX_REFUSED });

  constructor(
    private readonly nonces: StepUpRepository,
    private readonly refusals: UserRefusals,
  ) {}

  /**
   * Uses the nonce up, if there is one, in the transaction of the act, which has locked the user by a statement before.
   * Throws `insufficient_user_authentication` if there is none where one `isNeeded`, and a `Refusal` for one that does not
   * count: for {@link auditing}.
   */
  async require(
    stepUp: StepUp,
    { isNeeded, ...use }: StepUpUse & { readonly isNeeded: boolean },
    tx: DatabaseTransaction,
  ): Promise<void> {
    if (stepUp === 'done') return;
    if (stepUp === 'missing') {
      if (isNeeded) throw insufficient();
      return;
    }
    const presented = { ...use, hash: hashOf(stepUp.nonce), signedInAt: stepUp.signedInAt };
    if (await this.nonces.consume(presented, tx)) return;
    const problem = await this.nonces.problemOf(presented, tx);
    if (problem === null) throw insufficient();
    throw new StepUpRefusal(problem, use, presented.hash);
  }

  /** Turns what {@link require} threw into `insufficient_user_authentication`, once the act is rolled back, and records it. */
  async auditing<T>(act: Promise<T>): Promise<T> {
    try {
      return await act;
    } catch (error) {
      if (!(error instanceof StepUpRefusal)) throw error;
      await this.record(error);
      throw insufficient(error);
    }
  }

  private async record({ reason, use: { appId, userId }, hash }: StepUpRefusal): Promise<void> {
    const key = `${reason} ${hash.toString('base64url')}`;
    if (this.refused.has(key)) return;
    this.refused.set(key, true);
    await this.refusals.record({ type: 'step_up.refused', appId, userId, reason });
  }
}

function insufficient(cause?: StepUpRefusal): AppError {
  const code = 'insufficient_user_authentication';
  const isYoung = cause?.reason === 'passkey_too_young';
  return new AppError(code, { cause, told: code, ...(isYoung && { detail: YOUNG_PASSKEY }) });
}
