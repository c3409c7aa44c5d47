import { type Caller, isFresh, signedInAt } from '../auth/caller.js';
import { AppError, type StepUpChallenge } from '../errors/app-error.js';
import type { StepUp, StepUpPolicy } from '../passage/passage.js';

/** How a caller has stepped up, by their token or by the nonce they bring, as far as the app accepts either. */
export function stepUpOf(policy: StepUpPolicy, caller: Caller, nonce: string | null): StepUp {
  if (policy.by === 'off') return 'missing';
  if (policy.by !== 'passkey' && isFresh(caller, policy)) return 'done';
  if (policy.by === 'fresh-token' || nonce === null) return 'missing';
  return { nonce, signedInAt: signedInAt(caller) };
}

/** What the app asks for, to be told to a caller who has not stepped up. */
function challengeOf({ by, maxAge, acrValues }: StepUpPolicy): StepUpChallenge | undefined {
  if (by === 'off') return undefined;
  if (by === 'passkey') return { by };
  return { by, maxAge, ...(acrValues.length > 0 && { acrValues }) };
}

/** Adds what the app asks for to an `insufficient_user_authentication`. */
export async function challenging<T>(policy: StepUpPolicy, act: Promise<T>): Promise<T> {
  try {
    return await act;
  } catch (error) {
    const isStepUp = error instanceof AppError && error.code === 'insufficient_user_authentication';
    const stepUp = isStepUp ? challengeOf(policy) : undefined;
    if (!isStepUp || !stepUp) throw error;
    const { code, detail } = error;
    throw new AppError(code, { cause: error, stepUp, ...(detail !== undefined && { detail }) });
  }
}
