import { challengeIn, confirmWithPasskey, PassageError } from '@keyway/passage-flex-js';
import type { StepUpAct, StepUpChallenge, UserApi } from '@keyway/passage-flex-js/http.js';
import { actionButton, element } from '../dom.js';
import { errorSentence } from '../text/error-sentence.js';
import type { ErrorTextChanges, ErrorTexts } from '../text/texts.js';
import type { TableContext } from './context.js';
import { Dialog } from './dialog.js';

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

/** What needs step-up in a table. */
export type TableAct = Exclude<StepUpAct, { readonly act: 'add' | 'erase' }> | { readonly act: 'add' };

/** How an act is carried out that may need step-up. */
export interface GuardedAct<T> {
  readonly api: UserApi;
  readonly act: TableAct;
  /** A nonce that the page has brought. */
  readonly nonce: string | undefined;
  readonly signal: AbortSignal;
  readonly run: (nonce?: string) => Promise<T>;
  /** Called before the user is asked. */
  readonly onAsking: () => void;
}

/** Asks people to prove that it is still them where the server wants to know. */
export class StepUpDialog {
  readonly dialog = new Dialog('step-up', () => this.decline());
  #ceremony: AbortController | null = null;
  #confirm: (() => void) | null = null;
  #decline: ((why: PassageError) => void) | null = null;

  constructor(
    private readonly context: () => TableContext,
    private readonly errors: () => ErrorTexts & ErrorTextChanges,
    private readonly signInAnew: () => StepUpCallback | null,
  ) {}

  /**
   * Carries out an act. Where the server wants a step-up, does it again: with a passkey where one counts, else, or if the server
   * does not take that one, with a token of a sign-in that the page sees to. Throws what is left, and `step_up_declined` if the
   * user does not want to.
   */
  async guard<T>({ api, act, nonce, signal, run, onAsking }: GuardedAct<T>): Promise<T> {
    let refused: unknown;
    try {
      return await run(nonce);
    } catch (error) {
      refused = error;
    }
    if (passkeyCounts(challengeIn(refused)) && !signal.aborted) {
      onAsking();
      try {
        return await run(await this.#ask(api, act, signal));
      } catch (error) {
        refused = error;
      } finally {
        this.dialog.close();
      }
    }
    const challenge = challengeIn(refused);
    const signInAnew = challenge && this.signInAnew();
    if (!signInAnew || signal.aborted || !(await signInAnew(requestFor(act, challenge)))) throw refused;
    signal.throwIfAborted();
    return run();
  }

  /** The main button. */
  confirm(): void {
    this.#confirm?.();
  }

  decline(): void {
    this.#ceremony?.abort();
    this.#decline?.(new PassageError('step_up_declined', 'The user did not confirm.'));
    this.dialog.close();
  }

  #ask(api: UserApi, act: TableAct, signal: AbortSignal): Promise<string> {
    const { texts } = this.context();
    this.dialog.open({
      title: [texts.stepUpTitle],
      text: [element('p', {}, texts.stepUpText)],
      choices: [
        actionButton('decline', texts.cancel),
        actionButton('step-up', texts.stepUp, { class: 'primary' }),
      ],
    });
    return new Promise<string>((resolve, reject) => {
      this.#decline = reject;
      signal.addEventListener('abort', () => this.decline(), { once: true });
      this.#confirm = () => {
        this.dialog.showProblem('');
        this.#ceremony?.abort();
        const ceremony = (this.#ceremony = new AbortController());
        confirmWithPasskey(api, act, { signal: ceremony.signal }).then(resolve, (error: unknown) => {
          if (!ceremony.signal.aborted)
            this.dialog.showProblem(errorSentence('step-up', error, this.errors()));
        });
      };
    });
  }
}

const passkeyCounts = (challenge: StepUpChallenge | null): boolean =>
  challenge !== null && challenge.by !== 'fresh-token' && typeof PublicKeyCredential === 'function';

/** Also where only a passkey counts: one that is younger than the token's sign-in does after a new one. */
const requestFor = (act: TableAct, { maxAge, acrValues }: StepUpChallenge): StepUpRequest => ({
  act: act.act,
  passkeyId: act.act === 'revoke' ? act.target : null,
  maxAge: maxAge ?? null,
  acrValues: acrValues ?? [],
});
