import { type GetToken, type PasskeyEvent, UserApi } from '@keyway/passage-flex-js/http.js';
import { BaseElement, define, saysTheSame, takeProperties, whenGone } from './custom-element.js';
import { HISTORY_STYLES } from './history/styles.js';
import { historyTexts, type PasskeyHistoryTextChanges } from './history/texts.js';
import { HistoryView } from './history/view.js';
import { type Speech, speechOf } from './localized.js';
import { styleSheets } from './style-sheet.js';
import { watchSurroundings } from './surroundings.js';
import { errorCode, errorSentence, errorStatus } from './text/error-sentence.js';
import { isOfAnotherPerson, TokenSource } from './token-source.js';

/**
 * `<passkey-history base-url="https://keyway.example">` shows what happened to the signed-in user's passkeys, newest first, a
 * page at a time. It loads once it is in the document and has `getToken`. Texts and dates follow the nearest `lang`.
 */
export class PasskeyHistoryElement extends BaseElement {
  static readonly observedAttributes = ['base-url', 'lang'];

  readonly #view: HistoryView;
  #source: TokenSource | null = null;
  #texts: PasskeyHistoryTextChanges = {};
  #speech: Speech | undefined;
  #unwatch: (() => void) | null = null;
  #events: readonly PasskeyEvent[] | null = null;
  #next: string | null = null;
  #problem: unknown = null;
  #loading = false;
  /** The request that was made last, which alone may change what is shown. */
  #load = new AbortController();

  constructor() {
    super();
    const root = this.attachShadow({ mode: 'open' });
    root.adoptedStyleSheets = styleSheets(HISTORY_STYLES);
    this.#view = new HistoryView(root);
    root.addEventListener('click', (event) => this.#onClick(event));
  }

  /**
   * Gives the user's JWT, asked anew for each request. The first one loads; another one in its place is only used from then
   * on, and null empties the list. For another person say {@link reset}.
   */
  get getToken(): GetToken | null {
    return this.#source?.getToken ?? null;
  }

  set getToken(getToken: GetToken | null) {
    if (getToken && this.#source) this.#source.getToken = getToken;
    else this.#startOver(getToken);
  }

  /** The texts given in place of the built-in ones. */
  get texts(): PasskeyHistoryTextChanges {
    return this.#texts;
  }

  set texts(changes: PasskeyHistoryTextChanges | null) {
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

  /** Begins with the newest again; never throws: a failure is said in the element and by a `passkey-error` event. */
  async refresh(): Promise<void> {
    this.#stop();
    this.#events = null;
    this.#next = null;
    await this.#read();
  }

  /** Forgets what is shown and begins again: the tokens are another person's now. */
  reset(): void {
    this.#startOver(this.getToken);
  }

  connectedCallback(): void {
    takeProperties(this, 'texts', 'baseUrl', 'getToken');
    if (this.#unwatch) return;
    this.#unwatch = watchSurroundings(this, () => this.#render());
    void this.refresh();
  }

  disconnectedCallback(): void {
    whenGone(this, () => {
      this.#unwatch?.();
      this.#unwatch = null;
      this.#stop();
    });
  }

  attributeChangedCallback(name: string, before: string | null, now: string | null): void {
    if (before === now || !this.#unwatch) return;
    if (name === 'base-url') void this.refresh();
    else this.#render();
  }

  #startOver(getToken: GetToken | null): void {
    this.#source = getToken && new TokenSource(getToken);
    void this.refresh();
  }

  #stop(): void {
    this.#load.abort();
    this.#loading = false;
    this.#problem = null;
  }

  /** The next page, or the first. */
  async #read(): Promise<void> {
    const source = this.#source;
    if (!this.#unwatch || !source) return this.#render();
    const { signal } = (this.#load = new AbortController());
    this.#problem = null;
    this.#loading = true;
    this.#render();
    try {
      const api = new UserApi(this.baseUrl, () => source.token());
      const page = await api.history(this.#next === null ? {} : { cursor: this.#next }, { signal });
      if (signal.aborted) return;
      this.#events = [...(this.#events ?? []), ...page.events];
      this.#next = page.next;
    } catch (error) {
      if (signal.aborted) return;
      if (isOfAnotherPerson(error)) return this.reset();
      this.#fail(error);
    }
    this.#loading = false;
    this.#render();
  }

  #fail(error: unknown): void {
    const [code, status] = [errorCode(error), errorStatus(error)];
    // Nothing stays for the person who comes next.
    if (status === 401) this.#events = null;
    this.#problem = error;
    const detail = { externalId: null, action: 'load', code, status, error } as const;
    this.dispatchEvent(new CustomEvent('passkey-error', { detail, bubbles: true, composed: true }));
  }

  #onClick(event: Event): void {
    const action = (event.target as Element).closest<HTMLElement>('[data-action]')?.dataset['action'];
    if (action === 'more') void this.#more();
    // A session that has ended may have been another person's.
    else if (action === 'retry') void (this.#events ? this.#more() : this.refresh());
  }

  /** The button goes while the next page loads: the focus goes on at the first event of that page. */
  async #more(): Promise<void> {
    const place = this.#events?.length ?? 0;
    await this.#read();
    this.#view.focus(place);
  }

  #render(): void {
    if (!this.#unwatch) return;
    const hasOwnTexts = Object.keys(this.#texts).some((name) => name !== 'errors');
    this.#speech = speechOf(this, hasOwnTexts, () => this.#render()) ?? this.#speech;
    if (!this.#speech) return; // Its texts are being loaded.
    const { language, ...speech } = this.#speech;
    const texts = historyTexts(language, this.#texts);
    const problem = this.#problem === null ? null : errorSentence('load', this.#problem, texts.errors);
    const isWaiting = this.#loading || (this.#events === null && problem === null);
    const state = { events: this.#events, hasMore: this.#next !== null, loading: isWaiting, problem };
    this.#view.render(state, { texts, ...speech });
  }
}

define('passkey-history', PasskeyHistoryElement);

declare global {
  interface HTMLElementTagNameMap {
    'passkey-history': PasskeyHistoryElement;
  }
}
