import type { GetToken } from '@keyway/passage-flex-js/http.js';
import { BaseElement, define, saysTheSame, takeProperties, whenGone } from './custom-element.js';
import { type Speech, speechOf } from './localized.js';
import { styleSheets } from './style-sheet.js';
import { colorScheme, watchSurroundings } from './surroundings.js';
import { TableController } from './table/controller.js';
import type { TableContext } from './table/context.js';
import { CANCELABLE, type PasskeyTableEventDetails } from './table/events.js';
import type { StepUpCallback } from './table/step-up.js';
import { TABLE_STYLES } from './table/styles.js';
import { ENGLISH_NAMES, ENGLISH_TABLE } from './text/english-table.js';
import { ENGLISH_UNREACHABLE } from './text/english-unreachable.js';
import type { PasskeyTableTextChanges } from './text/texts.js';

const SEARCH_FROM = 12;

/** How long a page that shows the table may take to give `getToken` before the console is told; milliseconds. */
const PATIENCE = 1_000;

/**
 * `<passkey-table base-url="https://keyway.example">` shows the signed-in user's passkeys and lets them add, rename and
 * revoke. It loads once it is in the document and has `getToken`. Texts and dates follow the nearest `lang`, colours the
 * element's `color-scheme`.
 */
export class PasskeyTableElement extends BaseElement {
  static readonly observedAttributes = ['base-url', 'lang', 'current-passkey', 'search-from', 'user-key'];

  readonly #controller: TableController;
  #getToken: GetToken | null | undefined;
  #stepUp: StepUpCallback | null = null;
  #texts: PasskeyTableTextChanges = {};
  #context: TableContext | null = null;
  #speech: Speech | undefined;
  #unwatch: (() => void) | null = null;
  #patience = 0;

  constructor() {
    super();
    const root = this.attachShadow({ mode: 'open' });
    root.adoptedStyleSheets = styleSheets(TABLE_STYLES);
    this.#controller = new TableController(
      root,
      () => this.#context ?? (this.#context = this.#newContext()),
      (name, detail) => {
        const cancelable = CANCELABLE.has(name);
        return this.dispatchEvent(
          new CustomEvent(name, { detail, bubbles: true, composed: true, cancelable }),
        );
      },
      () => this.stepUp,
    );
  }

  /**
   * Gives the user's JWT, asked anew for each request. Replacing one function by another only swaps it; null signs the
   * person out. For another person say {@link reset}, or change `user-key`.
   */
  get getToken(): GetToken | null {
    return this.#getToken ?? null;
  }

  set getToken(getToken: GetToken | null) {
    const before = this.#getToken;
    this.#getToken = getToken;
    if (before && getToken) this.#controller.replaceGetToken(getToken);
    else if (before !== getToken) this.#restart();
  }

  /** Has the user sign in anew, where the server wants that before an act and no passkey will do. */
  get stepUp(): StepUpCallback | null {
    return this.#stepUp;
  }

  set stepUp(stepUp: StepUpCallback | null) {
    this.#stepUp = stepUp;
  }

  /** The texts given in place of the built-in ones. */
  get texts(): PasskeyTableTextChanges {
    return this.#texts;
  }

  set texts(changes: PasskeyTableTextChanges | null) {
    if (saysTheSame(this.#texts, changes ?? {})) return;
    this.#texts = changes ?? {};
    this.#render();
  }

  /** Where Keyway is reached, from the attribute `base-url`; empty means the page's own origin. */
  get baseUrl(): string {
    return this.getAttribute('base-url') ?? '';
  }

  set baseUrl(url: string) {
    this.setAttribute('base-url', url);
  }

  /** The id of the passkey that this session was opened with, from the answer to a verified nonce. */
  get currentPasskey(): string | null {
    return this.getAttribute('current-passkey');
  }

  set currentPasskey(id: string | null) {
    reflect(this, 'current-passkey', id);
  }

  /** From how many passkeys on there is a search field. */
  get searchFrom(): number {
    const from = Number.parseInt(this.getAttribute('search-from') ?? '', 10);
    return from > 0 ? from : SEARCH_FROM;
  }

  set searchFrom(count: number) {
    this.setAttribute('search-from', String(count));
  }

  /** Whose passkeys these are, in any words of the page's own: another value starts over. */
  get userKey(): string | null {
    return this.getAttribute('user-key');
  }

  set userKey(key: string | null) {
    reflect(this, 'user-key', key);
  }

  /** Loads the list again; never throws: a failure is said in the table and by a `passkey-error` event. */
  async refresh(): Promise<void> {
    await this.#controller.refresh();
  }

  /** Starts over, for another person: what is under way ends, and what is shown goes. */
  reset(): void {
    this.#restart();
  }

  /** Begins adding a passkey, as the button does. Resolves when that has ended, also if it failed. */
  async add(): Promise<void> {
    await this.#controller.add();
  }

  connectedCallback(): void {
    takeProperties(this, 'texts', 'baseUrl', 'currentPasskey', 'searchFrom', 'userKey', 'stepUp', 'getToken');
    if (this.#unwatch) return;
    this.#unwatch = watchSurroundings(this, () => this.#render());
    this.#restart();
    this.#patience = Number(setTimeout(() => this.#missToken(), PATIENCE));
  }

  disconnectedCallback(): void {
    whenGone(this, () => {
      this.#unwatch?.();
      this.#unwatch = null;
      clearTimeout(this.#patience);
      this.#controller.stop();
    });
  }

  attributeChangedCallback(name: string, before: string | null, now: string | null): void {
    if (before === now || !this.#unwatch) return;
    if (name === 'base-url' || name === 'user-key') this.#restart();
    else this.#render();
  }

  #restart(): void {
    if (!this.#unwatch) return;
    this.#context = null;
    this.#controller.stop();
    if (this.#getToken) this.#controller.start(this.#getToken);
  }

  #render(): void {
    if (!this.#unwatch) return;
    this.#context = null;
    this.#controller.render();
  }

  /** A page that hides the table until somebody has signed in has made no mistake. */
  #missToken(): void {
    if (this.#getToken !== undefined || this.getClientRects().length === 0) return;
    console.error('<passkey-table> has no getToken: set it to a function that gives the user’s JWT.', this);
    this.#controller.showMisconfigured();
  }

  #newContext(): TableContext {
    const { names, errors, types, ...texts } = this.#texts;
    // Until a new language is there, the one before goes on.
    this.#speech = speechOf(this, Object.keys(texts).length > 0, () => this.#render()) ?? this.#speech;
    const { language = null, locale, direction = '', lang } = this.#speech ?? {};
    const table = language?.table ?? ENGLISH_TABLE;
    return {
      isReady: this.#speech !== undefined,
      texts: { ...table, ...texts, types: { ...table.types, ...types } },
      errors: { unreachable: ENGLISH_UNREACHABLE, ...language?.errors, ...errors },
      names: { ...(language?.names ?? ENGLISH_NAMES), ...names },
      locale,
      direction,
      lang,
      baseUrl: this.baseUrl,
      scheme: colorScheme(this),
      currentPasskey: this.currentPasskey,
      searchFrom: this.searchFrom,
    };
  }
}

define('passkey-table', PasskeyTableElement);

function reflect(target: HTMLElement, attribute: string, value: string | null): void {
  if (value === null) target.removeAttribute(attribute);
  else target.setAttribute(attribute, value);
}

type PasskeyTableEvents = {
  [Name in keyof PasskeyTableEventDetails]: CustomEvent<PasskeyTableEventDetails[Name]>;
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
