import { PassageError } from '@keyway/passage-flex-js';
import { Announcer } from '../announcer.js';
import { actionButton, drawing, element, KEY } from '../dom.js';
import { errorCode, errorSentence, errorStatus } from '../text/error-sentence.js';
import type { ErrorTextChanges, ErrorTexts, PasskeySignInTexts } from '../text/texts.js';
import type { PasskeySignInEventDetails } from './events.js';
import { clientOf, upgrade, type GetTransaction, type Upgraded } from './upgrade.js';

/** What the sign-in's parts need to know. */
export interface SignInContext {
  readonly isReady: boolean;
  readonly texts: PasskeySignInTexts;
  readonly errors: ErrorTexts & ErrorTextChanges;
  readonly direction: string;
  readonly lang: string | undefined;
  readonly baseUrl: string;
  readonly appId: string;
  readonly transactionId: string | null;
  readonly autofill: boolean;
}

type Emit = <Name extends keyof PasskeySignInEventDetails>(
  name: Name,
  detail: PasskeySignInEventDetails[Name],
) => void;

/** What the sign-in does: one ceremony at a time, the offer in autofill included. */
export class SignInController {
  readonly #announcer = new Announcer();
  readonly #label = element('span');
  readonly #button = actionButton('sign-in', '', { class: 'primary' });
  readonly #cancel = actionButton('cancel', '', { hidden: true });
  readonly #message = element('p', { class: 'message', part: 'message', hidden: true });
  readonly #box: HTMLElement;
  /** The ceremony behind the button. */
  #ceremony: AbortController | null = null;
  /** The offer in autofill, as long as it stands. */
  #offer: AbortController | null = null;
  #isAlive = false;

  constructor(
    root: ShadowRoot,
    private readonly context: () => SignInContext,
    private readonly emit: Emit,
  ) {
    this.#button.append(drawing(KEY), element('slot', {}, this.#label));
    this.#box = element(
      'div',
      { class: 'box', part: 'panel' },
      element('div', { class: 'row' }, this.#button, this.#cancel),
      this.#message,
      ...this.#announcer.elements,
    );
    root.append(this.#box);
    this.#button.addEventListener('click', () => void this.signIn());
    this.#cancel.addEventListener('click', () => this.cancel());
  }

  start(): void {
    this.#isAlive = true;
    document.addEventListener('focusin', this.#onFocus);
    this.render();
    void this.offer();
  }

  stop(): void {
    this.#isAlive = false;
    document.removeEventListener('focusin', this.#onFocus);
    this.#offer?.abort();
    this.cancel();
  }

  render(): void {
    const { texts, isReady, direction, lang } = this.context();
    this.#box.dir = direction;
    if (lang) this.#box.lang = lang;
    else this.#box.removeAttribute('lang');
    this.#box.style.visibility = isReady ? '' : 'hidden';
    this.#label.textContent = texts.signIn;
    this.#cancel.textContent = texts.cancel;
    const isSupported = typeof PublicKeyCredential === 'function';
    this.#button.hidden = !isSupported;
    if (!isSupported) this.#say(texts.unsupported, 'plain');
  }

  /** Signs in with a passkey that is asked for. */
  async signIn(): Promise<void> {
    if (this.#ceremony || !this.#isAlive) return;
    const { texts, transactionId } = this.context();
    const { signal } = (this.#ceremony = new AbortController());
    this.#show(texts.waiting);
    try {
      const nonce = await this.#client().authenticate({ transactionId: transactionId ?? undefined, signal });
      this.#show('');
      this.emit('passkey-nonce', { nonce, from: 'button' });
    } catch (error) {
      if (signal.aborted) this.#show('');
      else this.#fail(error);
    } finally {
      if (this.#ceremony?.signal === signal) this.#ceremony = null;
      this.#cancel.hidden = true;
      this.#button.ariaDisabled = null;
    }
  }

  /** Ends what waits for the user behind the button. */
  cancel(): void {
    this.#ceremony?.abort();
  }

  /** Offers passkeys in the autofill of the page's field, until one is chosen or another ceremony begins. */
  async offer(): Promise<void> {
    const { appId, autofill } = this.context();
    if (!autofill) this.#offer?.abort();
    if (!autofill || appId === '' || this.#offer || this.#ceremony || !this.#isAlive) return;
    const { signal } = (this.#offer = new AbortController());
    try {
      const passkey = this.#client();
      if (!(await passkey.canUseConditionalMediation()) || signal.aborted) return;
      const nonce = await passkey.authenticate({ isConditionalMediation: true, signal });
      if (!signal.aborted) this.emit('passkey-nonce', { nonce, from: 'autofill' });
    } catch (error) {
      if (!signal.aborted && isOfServer(error)) this.#fail(error);
    } finally {
      if (this.#offer?.signal === signal) this.#offer = null;
    }
  }

  /** See {@link upgrade}; one event tells the outcome. */
  async upgrade(getTransaction: GetTransaction): Promise<Upgraded> {
    const { baseUrl, appId } = this.context();
    const key = `keyway-upgrade-declined:${appId}`;
    this.#offer?.abort();
    const ended = await upgrade(clientOf(baseUrl, appId), getTransaction, key);
    this.emit('passkey-upgrade', ended);
    return ended;
  }

  /** Who has declined, or signed in and out again, is offered a passkey anew when they turn to the field. */
  readonly #onFocus = (event: FocusEvent): void => {
    const field = event.composedPath()[0];
    const isFor = field instanceof HTMLInputElement && /\bwebauthn\b/.test(field.autocomplete);
    if (isFor) void this.offer();
  };

  #client() {
    const { baseUrl, appId } = this.context();
    return clientOf(baseUrl, appId);
  }

  #fail(error: unknown): void {
    const { texts, errors } = this.context();
    const isUnknown = error instanceof PassageError && error.reason === 'unknown_credential';
    const isSetUp = ['invalid_argument', 'app_not_found', 'invalid_response'].includes(errorCode(error));
    if (isSetUp) console.error('<passkey-sign-in>: look at the attributes base-url and app-id.', error);
    const sentence = isUnknown
      ? texts.unknownPasskey
      : isSetUp
        ? texts.misconfigured
        : errorSentence('sign-in', error, errors);
    this.#say(sentence, 'bad');
    const [code, status] = [errorCode(error), errorStatus(error)];
    this.emit('passkey-error', { action: 'sign-in', code, status, error });
  }

  /** Shows that the browser's window is open, with what to do about it; an empty sentence: no more. */
  #show(sentence: string): void {
    this.#cancel.hidden = sentence === '';
    this.#button.ariaDisabled = sentence === '' ? null : 'true';
    this.#say(sentence, 'plain');
  }

  #say(sentence: string, tone: 'plain' | 'bad'): void {
    this.#message.textContent = sentence;
    this.#message.dataset['tone'] = tone;
    this.#message.hidden = sentence === '';
    this.#announcer.say(sentence, tone === 'bad');
  }
}

/** Not what the browser says of an offer that nobody has asked for. */
function isOfServer(error: unknown): boolean {
  if (!(error instanceof PassageError)) return true;
  return error.statusCode > 0 || error.code === 'invalid_argument';
}
