import {
  type GetToken,
  type PasskeyList,
  UserApi,
  type UserPasskey as Passkey,
} from '@keyway/passage-flex-js/http.js';
import { signalAcceptedCredentials, watchForAdds, whenAddsEnd } from '../accepted-credentials.js';
import { Changes } from '../broadcast.js';
import { isOfAnotherPerson, TokenSource } from '../token-source.js';
import type { TableActs } from './acts.js';
import type { TableContext } from './context.js';
import type { Emit } from './events.js';
import type { StepUpCallback } from './step-up.js';
import { TableView } from './view.js';
import type { TableHost } from './host.js';

/** Whether this browser can create and use passkeys at all; false outside a secure context. */
const canUsePasskeys = (): boolean => typeof PublicKeyCredential === 'function' && 'credentials' in navigator;

/**
 * The list that a table shows: reads it, tells the browser which passkeys count, and hands what the user does on to
 * {@link TableActs}, which are loaded once the list is there.
 */
export class TableController implements TableHost {
  readonly view: TableView;
  readonly #changes = new Changes();
  #acts: Promise<TableActs> | null = null;
  #source: TokenSource | null = null;
  #api: UserApi | null = null;
  #list: PasskeyList | null = null;
  #busy = false;
  #misconfigured = false;
  /** Lives from one start to the next stop. */
  #life = new AbortController();
  /** The request for the list that was made last, which alone may change what is shown. */
  #load = new AbortController();
  #loading = false;

  constructor(
    root: ShadowRoot,
    readonly context: () => TableContext,
    readonly emit: Emit,
    /** What the page does where only a new sign-in helps; null if it has nothing to do. */
    readonly signInAnew: () => StepUpCallback | null,
  ) {
    this.view = new TableView(root);
    root.addEventListener('click', (event) => this.#onClick(event));
  }

  get api(): UserApi | null {
    return this.#api;
  }

  get list(): PasskeyList | null {
    return this.#list;
  }

  get externalId(): string | null {
    return this.#list?.externalId ?? null;
  }

  /** Aborts when the table starts over or goes away. */
  get life(): AbortSignal {
    return this.#life.signal;
  }

  get isLoading(): boolean {
    return this.#loading;
  }

  get isBusy(): boolean {
    return this.#busy;
  }

  /** The token that was sent last. */
  get lastToken(): string {
    return this.#source?.last ?? '';
  }

  /** Begins with the person whom the tokens name. */
  start(getToken: GetToken): void {
    const source = (this.#source = new TokenSource(getToken));
    this.#api = new UserApi(this.context().baseUrl, () => source.token());
    this.#changes.open(() => void this.#readInBackground());
    document.addEventListener('visibilitychange', this.#onVisible);
    void this.refresh();
  }

  /** Takes another function for the same person's tokens. Nothing starts over. */
  replaceGetToken(getToken: GetToken): void {
    if (this.#source) this.#source.getToken = getToken;
  }

  /**
   * Ends what is under way, the browser's window included, and forgets the user. Only the server is still told of a
   * passkey that the authenticator has already made.
   */
  stop(): void {
    this.#life.abort();
    this.#life = new AbortController();
    this.#load.abort();
    this.#changes.close();
    document.removeEventListener('visibilitychange', this.#onVisible);
    this.#loading = this.#busy = this.#misconfigured = false;
    this.#source = this.#api = this.#list = null;
    void this.#acts?.then((acts) => acts.reset());
    this.view.reset();
    this.render();
  }

  /** Ends everything and begins anew, with the tokens as they now are. */
  startOver(): void {
    const getToken = this.#source?.getToken;
    this.stop();
    if (getToken) this.start(getToken);
  }

  /** Loads the list again and tells the browser which passkeys count; a failure is said, not thrown. */
  async refresh(): Promise<void> {
    this.view.say('top', null);
    await this.read();
  }

  /** Begins adding a passkey, as the button does. */
  async add(): Promise<void> {
    if (canUsePasskeys()) await this.#act('add', undefined);
  }

  /** Shows the state as it is, in the language and colours of now. */
  render(): void {
    const [list, loading, misconfigured] = [this.#list, this.#loading, this.#misconfigured];
    this.view.render({ list, loading, canAdd: canUsePasskeys(), misconfigured }, this.context());
    this.view.setBusy(this.#busy);
  }

  /** Shows that the page is not set up right. */
  showMisconfigured(): void {
    this.#misconfigured = true;
    this.render();
  }

  /** While something is being changed nothing else is. */
  setBusy(busy: boolean): void {
    this.#busy = busy;
    this.view.setBusy(busy);
  }

  /** Shows what the server has just confirmed. */
  replace(change: (passkeys: readonly Passkey[]) => readonly Passkey[]): void {
    if (!this.#list) return;
    this.#list = { ...this.#list, passkeys: change(this.#list.passkeys) };
    this.render();
  }

  /** Takes the list away: the session has ended. */
  forgetList(): void {
    this.#list = null;
    this.render();
  }

  /** Has the other tables read their lists again. */
  tellOthers(): void {
    this.#changes.tell();
  }

  /** Reads the list without taking away what was last said; false if it could not be read. */
  async read(inBackground = false): Promise<boolean> {
    const [source, api] = [this.#source, this.#api];
    if (!source || !api) return false;
    this.#load.abort();
    const { signal } = (this.#load = new AbortController());
    const isComplete = watchForAdds();
    const { getToken } = source;
    this.#loading = true;
    this.render();
    try {
      const list = await api.list({ signal });
      // Who asks now may be somebody else than who asked then.
      if (source.getToken !== getToken) await source.token();
      if (signal.aborted) return false;
      this.#show(list);
      if (isComplete()) void signalAcceptedCredentials(list.signals);
      else void this.#readAfterAdds(signal);
      return true;
    } catch (error) {
      if (signal.aborted) return false;
      if (isOfAnotherPerson(error)) this.startOver();
      else await this.#fail(error, inBackground, signal);
      return false;
    } finally {
      if (!signal.aborted) {
        this.#loading = false;
        this.render();
      }
    }
  }

  readonly #onVisible = (): void => {
    if (document.visibilityState === 'visible') void this.#readInBackground();
  };

  async #readInBackground(): Promise<void> {
    if (this.#list && !this.#busy && !this.#loading) await this.read(true);
  }

  #show(list: PasskeyList): void {
    this.#list = list;
    this.#misconfigured = false;
    const { externalId, passkeys } = list;
    this.emit('passkeys-loaded', { passkey: null, externalId, passkeys });
    // What cannot be loaded now is asked for again when it is needed.
    this.#loadActs().then(
      (acts) => acts.onList(passkeys),
      () => undefined,
    );
  }

  /** Replaces a list that may lack a passkey of this page, unless a newer one has been asked for by then. */
  async #readAfterAdds(signal: AbortSignal): Promise<void> {
    await whenAddsEnd();
    if (this.#load.signal === signal && !signal.aborted) await this.read();
  }

  async #fail(error: unknown, inBackground: boolean, signal: AbortSignal): Promise<void> {
    try {
      const acts = await this.#loadActs();
      const misconfigured = await acts.failToLoad(error, inBackground, signal);
      if (!signal.aborted) this.#misconfigured = misconfigured;
    } catch {
      // The texts are where the server is, which cannot be reached.
      const { errors, texts } = this.context();
      const action = { name: 'retry', label: texts.retry };
      if (!inBackground) this.view.say('top', { text: errors.unreachable, tone: 'bad', action });
    }
  }

  async #loadActs(): Promise<TableActs> {
    this.#acts ??= import('./acts.js').then(({ TableActs }) => new TableActs(this));
    this.#acts.catch(() => (this.#acts = null));
    return this.#acts;
  }

  #onClick(event: Event): void {
    const button = (event.target as Element).closest<HTMLElement>('[data-action]');
    if (!button || button.ariaDisabled === 'true') return;
    const id = button.closest<HTMLElement>('[data-passkey-id]')?.dataset['passkeyId'];
    const action = button.dataset['action'];
    if (action === 'retry') void this.refresh();
    else if (action === 'dismiss') this.view.say('edge', null);
    else void this.#act(action ?? '', id);
  }

  async #act(action: string, id: string | undefined): Promise<void> {
    if (!this.#api) return;
    const { signal } = this.#life;
    const acts = await this.#loadActs().catch(() => null);
    if (signal.aborted) return;
    if (acts)
      await acts.act(
        action,
        this.#list?.passkeys.find((known) => known.id === id),
      );
    else this.view.say('top', { text: this.context().errors.unreachable, tone: 'bad' });
  }
}
