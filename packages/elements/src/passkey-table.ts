import { upgradeProperty } from './dom.js';
import type { PasskeyTableEventTypes } from './events.js';
import { validLocale } from './formats.js';
import type { ColorScheme } from './icon.js';
import { PasskeyController } from './passkey-controller.js';
import type { RowContext } from './row.js';
import { styleSheet } from './styles.js';
import { withTexts, type PasskeyTableTextChanges, type PasskeyTableTexts } from './texts.js';
import { type GetToken, UserApi } from '@keyway/passage-flex-js';
import type { StepUpCallback } from './step-up.js';

/**
 * `<passkey-table base-url="https://keyway.example">` shows the signed-in user's passkeys and lets them add,
 * rename and revoke. It loads once it is in the document and has `getToken`. Dates follow the nearest `lang`,
 * colours the element's `color-scheme`.
 */
export class PasskeyTableElement extends HTMLElement {
  static readonly observedAttributes = ['base-url', 'lang'];

  readonly #controller: PasskeyController;
  #getToken: GetToken | null = null;
  #stepUp: StepUpCallback | null = null;
  #texts: PasskeyTableTexts = withTexts({});

  constructor() {
    super();
    const root = this.attachShadow({ mode: 'open' });
    root.adoptedStyleSheets = [styleSheet()];
    this.#controller = new PasskeyController(
      root,
      () => this.#context(),
      (name, detail) => {
        const cancelable = name === 'passkey-adding' || name === 'passkey-revoking';
        return this.dispatchEvent(
          new CustomEvent(name, { detail, cancelable, bubbles: true, composed: true }),
        );
      },
      () => this.#stepUp,
    );
  }

  /** Gives the user's JWT, asked anew for each request. Setting it starts over, for the user of that token. */
  get getToken(): GetToken | null {
    return this.#getToken;
  }

  set getToken(getToken: GetToken | null) {
    this.#getToken = getToken;
    this.#restart();
  }

  /**
   * Has the user sign in anew where the server wants that before a passkey is added or revoked, and no passkey will do; null
   * where the page cannot.
   */
  get stepUp(): StepUpCallback | null {
    return this.#stepUp;
  }

  set stepUp(stepUp: StepUpCallback | null) {
    this.#stepUp = stepUp;
  }

  /** The texts in use. Setting it replaces those given; the others are English again. */
  get texts(): PasskeyTableTexts {
    return this.#texts;
  }

  set texts(changes: PasskeyTableTextChanges) {
    this.#texts = withTexts(changes);
    this.#controller.render();
  }

  /** Where Keyway is reached, from the attribute `base-url`; empty means the page's own origin. */
  get baseUrl(): string {
    return this.getAttribute('base-url') ?? '';
  }

  set baseUrl(url: string) {
    this.setAttribute('base-url', url);
  }

  /** Loads the list again; never throws: a failure is said in the table and by a `passkey-error` event. */
  async refresh(): Promise<void> {
    await this.#controller.refresh();
  }

  connectedCallback(): void {
    upgradeProperty(this, 'texts');
    upgradeProperty(this, 'stepUp');
    upgradeProperty(this, 'getToken');
    this.#restart();
  }

  disconnectedCallback(): void {
    this.#controller.stop();
  }

  attributeChangedCallback(name: string, before: string | null, now: string | null): void {
    if (before === now) return;
    if (name === 'base-url') this.#restart();
    else this.#controller.render();
  }

  #restart(): void {
    this.#controller.stop();
    if (this.isConnected && this.#getToken) this.#controller.start(new UserApi(this.baseUrl, this.#getToken));
  }

  #context(): RowContext {
    const lang = this.closest<HTMLElement>('[lang]')?.lang;
    return { texts: this.#texts, locale: validLocale(lang), baseUrl: this.baseUrl, scheme: this.#scheme() };
  }

  #scheme(): ColorScheme {
    const scheme = this.isConnected ? getComputedStyle(this).colorScheme : '';
    return scheme === 'light' || scheme === 'dark' ? scheme : 'auto';
  }
}

if (!customElements.get('passkey-table')) customElements.define('passkey-table', PasskeyTableElement);

type PasskeyTableEvents = {
  [Name in keyof PasskeyTableEventTypes]: CustomEvent<PasskeyTableEventTypes[Name]>;
};

declare global {
  interface HTMLElementTagNameMap {
    'passkey-table': PasskeyTableElement;
  }
  // Listeners get the events' types, on the element and wherever the events bubble to.
  /* eslint-disable @typescript-eslint/no-empty-object-type -- only interfaces merge with those of the DOM */
  interface HTMLElementEventMap extends PasskeyTableEvents {}
  interface DocumentEventMap extends PasskeyTableEvents {}
  /* eslint-enable @typescript-eslint/no-empty-object-type */
}
