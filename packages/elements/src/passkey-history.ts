import { type GetToken, type PasskeyEvent, UserApi } from '@keyway/passage-flex-js/http.js';
import { BaseElement, define, takeProperties } from './custom-element.js';
import { HISTORY_STYLES } from './history/styles.js';
import {
  type PasskeyHistoryTextChanges,
  type PasskeyHistoryTexts,
  withHistoryTexts,
} from './history/texts.js';
import { HistoryView } from './history/view.js';
import { styleSheets } from './style-sheet.js';
import { nearestLang } from './surroundings.js';
import { errorCode, errorSentence, errorStatus } from './text/error-sentence.js';

/**
 * `<passkey-history base-url="https://keyway.example">` shows what happened to the signed-in user's passkeys, newest first, a
 * page at a time. It loads once it is in the document and has `getToken`. Dates follow the nearest `lang`.
 */
export class PasskeyHistoryElement extends BaseElement {
  static readonly observedAttributes = ['base-url', 'lang'];

  readonly #view: HistoryView;
  #getToken: GetToken | null = null;
  #texts: PasskeyHistoryTexts = withHistoryTexts({});
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

  /** Gives the user's JWT, asked anew for each request. Setting it starts over, for the user of that token. */
  get getToken(): GetToken | null {
    return this.#getToken;
  }

  set getToken(getToken: GetToken | null) {
    this.#getToken = getToken;
    void this.refresh();
  }

  /** The texts in use. Setting it replaces those given; the others are English again. */
  get texts(): PasskeyHistoryTexts {
    return this.#texts;
  }

  set texts(changes: PasskeyHistoryTextChanges) {
    this.#texts = withHistoryTexts(changes);
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

  connectedCallback(): void {
    takeProperties(this, 'texts', 'baseUrl', 'getToken');
    void this.refresh();
  }

  disconnectedCallback(): void {
    this.#stop();
  }

  attributeChangedCallback(name: string, before: string | null, now: string | null): void {
    if (before === now) return;
    if (name === 'base-url') void this.refresh();
    else this.#render();
  }

  #stop(): void {
    this.#load.abort();
    this.#loading = false;
    this.#problem = null;
  }

  /** The next page, or the first. */
  async #read(): Promise<void> {
    if (!this.isConnected || !this.#getToken) return this.#render();
    const { signal } = (this.#load = new AbortController());
    this.#problem = null;
    this.#loading = true;
    this.#render();
    try {
      const api = new UserApi(this.baseUrl, this.#getToken);
      const page = await api.history(this.#next === null ? {} : { cursor: this.#next }, { signal });
      if (signal.aborted) return;
      this.#events = [...(this.#events ?? []), ...page.events];
      this.#next = page.next;
    } catch (error) {
      if (signal.aborted) return;
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
    const locale = nearestLang(this);
    const problem = this.#problem === null ? null : errorSentence('load', this.#problem, this.#texts.errors);
    const isWaiting = this.#loading || (this.#events === null && problem === null);
    const state = { events: this.#events, hasMore: this.#next !== null, loading: isWaiting, problem };
    this.#view.render(state, this.#texts, locale);
  }
}

define('passkey-history', PasskeyHistoryElement);

declare global {
  interface HTMLElementTagNameMap {
    'passkey-history': PasskeyHistoryElement;
  }
}
