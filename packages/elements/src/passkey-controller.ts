import {
  PassageFlex,
  type PasskeyList,
  type UserApi,
  type UserPasskey as Passkey,
} from '@keyway/passage-flex-js';
import { signalAcceptedCredentials, trackAdd, watchForAdds, whenAddsEnd } from './accepted-credentials.js';
import { errorCode, errorSentence, errorStatus, type PasskeyAction } from './error-sentence.js';
import type { Emit } from './events.js';
import type { RowContext } from './row.js';
import { type StepUpCallback, steppingUp } from './step-up.js';
import { fill } from './texts.js';
import { TableView } from './view.js';

/** Whether this browser can create and use passkeys at all; false outside a secure context. */
const canUsePasskeys = (): boolean => typeof PublicKeyCredential === 'function' && 'credentials' in navigator;

/** What the table does: loads the list and carries out what the user asks for, one change at a time. */
export class PasskeyController {
  readonly #view: TableView;
  #api: UserApi | null = null;
  #list: PasskeyList | null = null;
  #busy = false;
  /** Lives from one start to the next stop. */
  #life = new AbortController();
  /** The request for the list that was made last, which alone may change what is shown. */
  #load = new AbortController();
  #loading = false;

  constructor(
    root: ShadowRoot,
    private readonly context: () => RowContext,
    private readonly emit: Emit,
    private readonly signInAnew: () => StepUpCallback | null,
  ) {
    this.#view = new TableView(root);
    root.addEventListener('click', (event) => this.#onClick(event));
    root.addEventListener('submit', (event) => this.#onSubmit(event));
    root.addEventListener('keydown', (event) => this.#onKeydown(event as KeyboardEvent));
    this.#view.dialog.element.addEventListener('cancel', (event) => {
      if (this.#busy) event.preventDefault();
    });
  }

  /** Begins with a user, whom the API's token names. */
  start(api: UserApi): void {
    this.#api = api;
    void this.refresh();
  }

  /**
   * Ends what is under way, the browser's prompt included, and forgets the user. Only the server is still told of a
   * passkey that the authenticator has already made.
   */
  stop(): void {
    this.#life.abort();
    this.#life = new AbortController();
    this.#load.abort();
    this.#loading = false;
    this.#api = null;
    this.#list = null;
    this.#busy = false;
    this.#view.reset();
    this.render();
  }

  /** Loads the list again and tells the browser which passkeys count; a failure is said, not thrown. */
  async refresh(): Promise<void> {
    this.#view.clearProblem();
    await this.#read();
  }

  /** Shows the state as it is, in the language and colours of now. */
  render(): void {
    const loading = this.#loading || !this.#api;
    this.#view.render({ list: this.#list, loading, canAdd: canUsePasskeys() }, this.context());
    this.#view.setBusy(this.#busy);
  }

  /** Refreshes the list without taking away what was last said. */
  async #read(): Promise<void> {
    if (!this.#api) return;
    this.#load.abort();
    const load = (this.#load = new AbortController());
    const isComplete = watchForAdds();
    this.#loading = true;
    this.render();
    try {
      const list = await this.#api.list({ signal: load.signal });
      if (load.signal.aborted) return;
      this.#list = list;
      if (isComplete()) void signalAcceptedCredentials(list.signals);
      else void this.#readAfterAdds(load);
    } catch (error) {
      if (!load.signal.aborted) this.#fail('load', error);
    }
    if (load.signal.aborted) return;
    this.#loading = false;
    this.render();
  }

  /** Replaces a list that may lack a passkey of this page, unless a newer one has been asked for by then. */
  async #readAfterAdds(load: AbortController): Promise<void> {
    await whenAddsEnd();
    if (this.#load === load && !load.signal.aborted) await this.#read();
  }

  async #add(): Promise<void> {
    await this.#attempt('add', async (api, signal) => {
      if (!this.emit('passkey-adding', { externalId: this.#externalId, passkey: null })) return;
      this.#view.showStatus(this.context().texts.adding);
      const { transactionId, appId, flexUrl } = await steppingUp(
        { act: 'add' },
        (nonce) => api.beginRegistration({ signal, nonce }),
        this.#means(api, signal),
      );
      this.#view.showStatus(this.context().texts.adding);
      let created: string | undefined;
      let failure: unknown;
      try {
        const nonce = await trackAdd((onCreated) =>
          new PassageFlex(appId, { baseUrl: flexUrl }).passkey.register(transactionId, {
            authenticatorAttachment: 'any',
            signal,
            onCreated: (credentialId) => onCreated((created = credentialId)),
          }),
        );
        signal.throwIfAborted();
        await api.verify(nonce, { signal });
      } catch (error) {
        signal.throwIfAborted();
        failure = error;
      }
      // Whether the passkey was added is what the server says now: the answer that failed may just have been lost.
      await this.#read();
      if (signal.aborted) return;
      const passkey = this.#list?.passkeys.find(({ credId }) => credId === created) ?? null;
      if (failure !== undefined && !passkey) return this.#fail('add', failure);
      this.#view.showStatus(passkey ? fill(this.context().texts.added, { name: passkey.friendlyName }) : '');
      this.emit('passkey-added', { externalId: this.#externalId, passkey });
    });
  }

  async #rename(): Promise<void> {
    const before = this.#view.editing;
    if (!before || this.#busy) return;
    const { texts } = this.context();
    const name = this.#view.typedName().trim().normalize('NFC');
    if (name === '') return this.#view.showProblem(texts.nameMissing);
    if (name === before.friendlyName) return this.#view.endRename(this.context(), true);
    await this.#attempt('rename', async (api, signal) => {
      const passkey = await api.rename(before.id, name, { signal });
      this.#view.endRename(this.context(), true);
      this.#replace((passkeys) => passkeys.map((known) => (known.id === passkey.id ? passkey : known)));
      this.#view.showStatus(fill(texts.renamed, { name: passkey.friendlyName }));
      this.emit('passkey-renamed', { externalId: this.#externalId, passkey });
      // A list that was asked for before the change may still hold the old name.
      if (this.#loading) void this.refresh();
    });
  }

  async #revoke(): Promise<void> {
    const passkey = this.#view.dialog.passkey;
    if (!passkey) return;
    await this.#attempt('revoke', async (api, signal) => {
      if (!this.emit('passkey-revoking', { externalId: this.#externalId, passkey })) {
        return this.#view.dialog.close();
      }
      await steppingUp(
        { act: 'revoke', target: passkey.id },
        (nonce) => api.revoke(passkey.id, { signal, nonce }),
        this.#means(api, signal),
      );
      const place = this.#list?.passkeys.findIndex(({ id }) => id === passkey.id) ?? 0;
      this.#view.dialog.close();
      this.#replace((passkeys) => passkeys.filter(({ id }) => id !== passkey.id));
      this.#focusNear(place);
      this.#view.showStatus(fill(this.context().texts.revoked, { name: passkey.friendlyName }));
      this.emit('passkey-revoked', { externalId: this.#externalId, passkey });
      await this.refresh();
    });
  }

  #means(api: UserApi, signal: AbortSignal) {
    return {
      api,
      signal,
      canUsePasskeys: canUsePasskeys(),
      signInAnew: this.signInAnew(),
      onConfirm: () => this.#view.showStatus(this.context().texts.confirming),
    };
  }

  /** Runs one change at a time; what fails is said, unless the table has moved on meanwhile. */
  async #attempt(
    action: PasskeyAction,
    change: (api: UserApi, signal: AbortSignal) => Promise<void>,
  ): Promise<void> {
    if (this.#busy || !this.#api) return;
    const { signal } = this.#life;
    this.#view.clearProblem();
    this.#view.showStatus('');
    this.#setBusy(true);
    try {
      await change(this.#api, signal);
    } catch (error) {
      if (!signal.aborted) this.#fail(action, error);
    } finally {
      if (!signal.aborted) this.#setBusy(false);
    }
  }

  get #externalId(): string | null {
    return this.#list?.externalId ?? null;
  }

  #fail(action: PasskeyAction, error: unknown): void {
    const { texts } = this.context();
    const code = errorCode(error);
    const status = errorStatus(error);
    if (action === 'load' && status === 401) this.#list = null;
    if (code === 'device_not_found') this.#forgetStale();
    this.#view.showStatus('');
    this.#view.showProblem(errorSentence(action, error, texts), action === 'load' ? texts.retry : undefined);
    this.emit('passkey-error', { externalId: this.#externalId, action, code, status, error });
  }

  /** The list shows a passkey that is gone: leaves it alone and reads the list again. */
  #forgetStale(): void {
    this.#view.endRename(this.context(), true);
    this.#view.dialog.close();
    void this.refresh();
  }

  #onClick(event: Event): void {
    const button = (event.target as Element).closest<HTMLElement>('[data-action]');
    if (!button || button.ariaDisabled === 'true') return;
    const id = button.closest<HTMLElement>('[data-passkey-id]')?.dataset['passkeyId'];
    const passkey = this.#list?.passkeys.find((known) => known.id === id);
    this.#act(button.dataset['action'], passkey);
  }

  #act(action: string | undefined, passkey: Passkey | undefined): void {
    if (action === 'add') void this.#add();
    else if (action === 'retry') this.#retry();
    else if (action === 'cancel') this.#view.endRename(this.context(), true);
    else if (action === 'keep') this.#view.dialog.close();
    else if (action === 'confirm-revoke') void this.#revoke();
    else if (passkey && action === 'details') this.#view.toggleDetails(passkey.id);
    else if (passkey && action === 'rename') this.#beginRename(passkey);
    else if (passkey && action === 'revoke') this.#askToRevoke(passkey);
  }

  #beginRename(passkey: Passkey): void {
    this.#view.endRename(this.context(), false);
    this.#view.showStatus('');
    this.#view.beginRename(passkey, this.context());
  }

  #askToRevoke(passkey: Passkey): void {
    this.#view.endRename(this.context(), false);
    const others = this.#list?.passkeys.filter(({ id, automatic }) => id !== passkey.id && !automatic) ?? [];
    const last = others.length > 0 ? null : (this.#list?.lastPasskey ?? 'warn');
    this.#view.dialog.open(passkey, last, this.context().texts);
  }

  #retry(): void {
    this.#view.focus();
    void this.refresh();
  }

  /** Enter and Save alike; the button counts only while it may be used. */
  #onSubmit(event: Event): void {
    event.preventDefault();
    void this.#rename();
  }

  #onKeydown(event: KeyboardEvent): void {
    const inForm = (event.target as Element).closest('form') !== null;
    if (event.key !== 'Escape' || event.isComposing || !inForm || this.#busy) return;
    // A dialog around the table must not close because a name was left alone.
    event.preventDefault();
    event.stopPropagation();
    this.#view.endRename(this.context(), true);
  }

  #focusNear(place: number): void {
    const passkeys = this.#list?.passkeys ?? [];
    const neighbour = passkeys[Math.min(place, passkeys.length - 1)];
    if (neighbour) this.#view.focus('revoke', neighbour.id);
    else this.#view.focus('add');
  }

  #replace(change: (passkeys: readonly Passkey[]) => readonly Passkey[]): void {
    if (!this.#list) return;
    this.#list = { ...this.#list, passkeys: change(this.#list.passkeys) };
    this.render();
  }

  #setBusy(busy: boolean): void {
    this.#busy = busy;
    this.#view.setBusy(busy);
  }
}
