import { challengeIn, confirmWithPasskey, type StepUpAct, type UserApi } from '@keyway/passage-flex-js';

/** What the user has to prove again who they are for, and how. */
export interface StepUpRequest {
  readonly act: 'add' | 'revoke';
  /** The id of the passkey to be revoked; null for another act. */
  readonly passkeyId: string | null;
  /** Seconds since which the user has to have signed in; null where only a passkey counts. */
  readonly maxAge: number | null;
  /** The values of the claim `acr` that count; empty where any does. */
  readonly acrValues: readonly string[];
}

/**
 * Has the user sign in anew at the application's issuer, and resolves to true once `getToken` gives a token of that sign-in;
 * to false if they did not.
 */
export type StepUpCallback = (request: StepUpRequest) => Promise<boolean> | boolean;

/** How the table steps up. */
export interface StepUpMeans {
  readonly api: UserApi;
  readonly signal: AbortSignal;
  /** Whether this browser can use passkeys. */
  readonly canUsePasskeys: boolean;
  readonly signInAnew: StepUpCallback | null;
  /** Called before the browser asks for a passkey. */
  readonly onConfirm: () => void;
}

/**
 * Does an act, and where the server wants step-up does it again: with a passkey where one counts, else, or if the server does
 * not take that one, with a token of a sign-in that the page sees to. Throws what is left.
 */
export async function steppingUp<T>(
  act: Exclude<StepUpAct, { act: 'erase' }>,
  run: (nonce?: string) => Promise<T>,
  { api, signal, canUsePasskeys, signInAnew, onConfirm }: StepUpMeans,
): Promise<T> {
  let refused: unknown;
  try {
    return await run();
  } catch (error) {
    refused = error;
  }
  if (canUsePasskeys && passkeyCounts(refused)) {
    onConfirm();
    try {
      return await run(await confirmWithPasskey(api, act, { signal }));
    } catch (error) {
      refused = error;
    }
  }
  const request = requestFor(act, refused);
  if (!request || !signInAnew || signal.aborted || !(await signInAnew(request))) throw refused;
  signal.throwIfAborted();
  return run();
}

const passkeyCounts = (error: unknown): boolean =>
  ['passkey', 'either'].includes(challengeIn(error)?.by ?? '');

/** Also where only a passkey counts: one that is younger than the token's sign-in does after a new one. */
function requestFor(act: StepUpAct, error: unknown): StepUpRequest | null {
  const challenge = challengeIn(error);
  if (!challenge || act.act === 'erase') return null;
  return {
    act: act.act,
    passkeyId: act.act === 'revoke' ? act.target : null,
    maxAge: challenge.maxAge ?? null,
    acrValues: challenge.acrValues ?? [],
  };
}
