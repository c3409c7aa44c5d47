import { type GetToken, UserApi } from '@keyway/passage-flex-js/http.js';
import { BaseElement, define, saysTheSame, takeProperties, whenGone } from './custom-element.js';
import { type Speech, speechOf } from './localized.js';
import { SignInController, type SignInContext } from './sign-in/controller.js';
import type { PasskeySignInEventDetails } from './sign-in/events.js';
import { SIGN_IN_STYLES } from './sign-in/styles.js';
import type { Upgraded } from './sign-in/upgrade.js';
import { styleSheets } from './style-sheet.js';
import { watchSurroundings } from './surroundings.js';
import { ENGLISH_ERRORS } from './text/english-errors.js';
import { ENGLISH_SIGN_IN } from './text/english-sign-in.js';
import type { PasskeySignInTextChanges } from './text/texts.js';

/**
 * `<passkey-sign-in base-url="https://keyway.example" app-id="my-app" autofill>` signs in with a passkey, by its button and
 * in the autofill of a field with `autocomplete="username webauthn"`. What it gives is a nonce, in the event
 * `passkey-nonce`, for the page's server to verify.
 */
export class PasskeySignInElement extends BaseElement {
  static readonly observedAttributes = ['base-url', 'app-id', 'transaction-id', 'autofill', 'lang'];

  readonly #controller: SignInController;
  #getToken: GetToken | null = null;
  #texts: PasskeySignInTextChanges = {};
  #speech: Speech | undefined;
  #unwatch: (() => void) | null = null;

  constructor() {
    super();
    const root = this.attachShadow({ mode: 'open' });
    root.adoptedStyleSheets = styleSheets(SIGN_IN_STYLES);
    this.#controller = new SignInController(
      root,
      () => this.#context(),
      (name, detail) => this.dispatchEvent(new CustomEvent(name, { detail, bubbles: true, composed: true })),
    );
  }

  /** Gives the user's JWT after a login with a password, for {@link upgrade} without a transaction of one's own. */
  get getToken(): GetToken | null {
    return this.#getToken;
  }

  set getToken(getToken: GetToken | null) {
    this.#getToken = getToken;
  }

  /** The texts given in place of the built-in ones. */
  get texts(): PasskeySignInTextChanges {
    return this.#texts;
  }

  set texts(changes: PasskeySignInTextChanges | null) {
    if (saysTheSame(this.#texts, changes ?? {})) return;
    this.#texts = changes ?? {};
    if (this.#unwatch) this.#controller.render();
  }

  /** Where Keyway is reached, from the attribute `base-url`; empty means the page's own origin. */
  get baseUrl(): string {
    return this.getAttribute('base-url') ?? '';
  }

  set baseUrl(url: string) {
    this.setAttribute('base-url', url);
  }

  get appId(): string {
    return this.getAttribute('app-id') ?? '';
  }

  set appId(id: string) {
    this.setAttribute('app-id', id);
  }

  /** Names the user who signs in by the button; without it, the chosen passkey does. */
  get transactionId(): string | null {
    return this.getAttribute('transaction-id');
  }

  set transactionId(id: string | null) {
    if (id === null) this.removeAttribute('transaction-id');
    else this.setAttribute('transaction-id', id);
  }

  /** Whether passkeys are offered in the autofill of the page's field as well. */
  get autofill(): boolean {
    return this.hasAttribute('autofill');
  }

  set autofill(on: boolean) {
    this.toggleAttribute('autofill', on);
  }

  /** Signs in, as the button does. Resolves when that has ended, also if it failed; events tell how. */
  async signIn(): Promise<void> {
    await this.#controller.signIn();
  }

  /** Ends the browser's window that the button has opened. */
  cancel(): void {
    this.#controller.cancel();
  }

  /**
   * Lets the password manager that has just filled in a password create a passkey, without a dialog of the element's own.
   * Call it on the first page after the login. `transaction` is a conditional transaction of the page's server, or a
   * function that gives one; without it, the user's API is asked with `getToken`. A refusal is remembered for 30 days.
   * Never throws; resolves to what the event `passkey-upgrade` tells.
   */
  upgrade(transaction?: string | (() => Promise<string> | string)): Promise<Upgraded> {
    return this.#controller.upgrade(async () => {
      if (typeof transaction === 'string') return transaction;
      if (transaction) return transaction();
      const { getToken } = this;
      if (!getToken) throw new TypeError('upgrade() needs a transaction, or getToken.');
      const api = new UserApi(this.baseUrl, getToken);
      return (await api.beginRegistration({ conditional: true })).transactionId;
    });
  }

  connectedCallback(): void {
    takeProperties(this, 'texts', 'baseUrl', 'appId', 'transactionId', 'autofill', 'getToken');
    if (this.#unwatch) return;
    this.#unwatch = watchSurroundings(this, () => this.#controller.render());
    this.#controller.start();
  }

  disconnectedCallback(): void {
    whenGone(this, () => {
      this.#unwatch?.();
      this.#unwatch = null;
      this.#controller.stop();
    });
  }

  attributeChangedCallback(name: string, before: string | null, now: string | null): void {
    if (before === now || !this.#unwatch) return;
    if (name === 'lang') this.#controller.render();
    else void this.#controller.offer();
  }

  #context(): SignInContext {
    const { errors, ...texts } = this.#texts;
    const whenLoaded = () => this.#controller.render();
    this.#speech = speechOf(this, Object.keys(texts).length > 0, whenLoaded) ?? this.#speech;
    const { language = null, direction = '', lang } = this.#speech ?? {};
    return {
      isReady: this.#speech !== undefined,
      texts: { ...(language?.signIn ?? ENGLISH_SIGN_IN), ...texts },
      errors: { ...(language?.errors ?? ENGLISH_ERRORS), ...errors },
      direction,
      lang,
      baseUrl: this.baseUrl,
      appId: this.appId,
      transactionId: this.transactionId,
      autofill: this.autofill,
    };
  }
}

define('passkey-sign-in', PasskeySignInElement);

type PasskeySignInEvents = {
  [Name in Exclude<keyof PasskeySignInEventDetails, 'passkey-error'>]: CustomEvent<
    PasskeySignInEventDetails[Name]
  >;
};

declare global {
  interface HTMLElementTagNameMap {
    'passkey-sign-in': PasskeySignInElement;
  }
  // Listeners get the events' types, on the element and wherever the events bubble to.
  /* eslint-disable @typescript-eslint/no-empty-object-type -- only interfaces merge with those of the DOM */
  interface HTMLElementEventMap extends PasskeySignInEvents {}
  interface DocumentEventMap extends PasskeySignInEvents {}
  /* eslint-enable @typescript-eslint/no-empty-object-type */
}
