/** What a user does to their own account that may need step-up. */
export const STEP_UP_ACTS = ['add', 'revoke', 'erase'] as const;
/** One of {@link STEP_UP_ACTS}. */
export type StepUpAct = (typeof STEP_UP_ACTS)[number];

/**
 * How a person who acts on their own account has stepped up: `done` where their token is of a fresh sign-in, a nonce to be
 * used up with the act, or `missing`, which is enough where the app or the act asks for none.
 */
export type StepUp = 'done' | 'missing' | StepUpNonce;

/** A nonce of a sign-in with a passkey that was asked for one act. */
export interface StepUpNonce {
  readonly nonce: string;
  /** When the user of the token last signed in, seconds since the epoch; null, which no passkey precedes, if unknown. */
  readonly signedInAt: number | null;
}

/** How a revocation or erasure is held to what the app asks of persons. An app's server is held to none of it. */
export interface ActOfPerson {
  /** Absent where somebody else acts for them, such as the command line. */
  readonly stepUp?: StepUp | undefined;
}
