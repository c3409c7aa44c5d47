import { PassageFlex } from './passage-flex.js';
import { PassageError, type StepUpChallenge } from './passage-error.js';
import type { StepUpAct, UserApi, UserApiOptions } from './user-api.js';

/** What an error asks the user for; null for any other than an `insufficient_user_authentication`. */
export const challengeIn = (error: unknown): StepUpChallenge | null =>
  error instanceof PassageError && error.code === 'insufficient_user_authentication' ? error.stepUp : null;

/**
 * Asks the user to prove with a passkey that it is still them, for one act. Resolves to the nonce that the act takes. Throws
 * `PassageError`.
 */
export async function confirmWithPasskey(
  api: UserApi,
  act: StepUpAct,
  options?: UserApiOptions,
): Promise<string> {
  const { transactionId, appId, flexUrl } = await api.beginStepUp(act, options);
  const { passkey } = new PassageFlex(appId, { baseUrl: flexUrl });
  return passkey.authenticate({ transactionId, signal: options?.signal });
}

/**
 * Does an act that may need step-up: `run` is called without a nonce first and, where the app accepts a passkey, once more with
 * that of a passkey. Throws as `run` does, where only a fresh sign-in counts `insufficient_user_authentication`.
 */
export async function withStepUp<T>(
  api: UserApi,
  act: StepUpAct,
  run: (nonce?: string) => Promise<T>,
  options?: UserApiOptions,
): Promise<T> {
  try {
    return await run();
  } catch (error) {
    const challenge = challengeIn(error);
    if (!challenge || challenge.by === 'fresh-token') throw error;
    return run(await confirmWithPasskey(api, act, options));
  }
}
