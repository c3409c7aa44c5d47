import { signalUnknownCredential } from '@keyway/passage-flex-js/http.js';
import { styleSheet } from '../style-sheet.js';
import { ENGLISH_ERRORS } from '../text/english-errors.js';
import { errorCode, errorSentence, errorStatus, type PasskeyAction } from '../text/error-sentence.js';
import { fill, fillNodes } from '../text/fill.js';
import { isOfAnotherPerson } from '../token-source.js';
import type { UserPasskey as Passkey, UserApi } from '@keyway/passage-flex-js/http.js';
import { ACT_STYLES } from './act-styles.js';
import { addPasskey, forgetRefused } from './adding.js';
import type { TableHost } from './host.js';
import { details } from './details.js';
import { isSameName, shownName } from './names.js';
import { beginRename, showNameProblem, typedName } from './rename-form.js';
import { RevokeDialog } from './revoke-dialog.js';
import { isSetUpFault } from './set-up-faults.js';
import { StepUpDialog } from './step-up.js';
import type { Place } from './view.js';

/** What the user does in a table, one change at a time, and what is said when it fails. */
export class TableActs {
  readonly #stepUp: StepUpDialog;
  readonly #revoke = new RevokeDialog();
  /** The browser's window while a passkey is being added. */
  #ceremony: AbortController | null = null;

  constructor(private readonly table: TableHost) {
    this.#stepUp = new StepUpDialog(
      table.context,
      () => this.#errors,
      () => table.signInAnew(),
    );
    const { element: revoke } = this.#revoke.dialog;
    table.view.append(revoke);
    table.view.append(this.#stepUp.dialog.element);
    const root = revoke.getRootNode() as ShadowRoot;
    root.adoptedStyleSheets.push(styleSheet(ACT_STYLES));
    root.addEventListener('submit', (event) => this.#onSubmit(event));
    root.addEventListener('keydown', (event) => this.#onKeydown(event as KeyboardEvent));
  }

  /** Ends what waits for the user. */
  reset(): void {
    this.#ceremony?.abort();
    this.#stepUp.decline();
    this.#revoke.close();
  }

  /** Carries out what a button stands for. */
  async act(action: string, passkey: Passkey | undefined): Promise<void> {
    if (action === 'add') await this.#askToAdd();
    else if (action === 'cancel' && passkey) this.#keepName();
    else if (action === 'cancel') this.#ceremony?.abort();
    else if (action === 'keep') this.#revoke.close();
    else if (action === 'confirm-revoke') await this.#confirmRevocation();
    else if (action === 'step-up') this.#stepUp.confirm();
    else if (action === 'decline') this.#stepUp.decline();
    else if (passkey && action === 'details')
      this.table.view.cards.get(passkey.id)?.toggleDetails(details, this.table.context());
    else if (passkey && action === 'rename') this.#beginRename(passkey);
    else if (passkey && action === 'revoke') this.#askToRevoke(passkey);
  }

  /** A question about a passkey that is gone needs no answer. */
  onList(passkeys: readonly Passkey[]): void {
    const { passkey } = this.#revoke;
    if (passkey && !this.table.isBusy && !passkeys.some(({ id }) => id === passkey.id)) this.#sayGone();
  }

  /** Says why the list could not be read. Resolves to whether page or server are not set up right. */
  async failToLoad(error: unknown, inBackground: boolean, signal: AbortSignal): Promise<boolean> {
    const { table } = this;
    const status = errorStatus(error);
    // What nobody has asked for fails without a word, as long as the session lasts.
    if (inBackground && status !== 401) return false;
    const { baseUrl } = table.context();
    const failed = { error, baseUrl, token: table.lastToken };
    const isSetUp = table.list === null && (await isSetUpFault(failed));
    if (signal.aborted) return false;
    if (status === 401) table.forgetList();
    this.#fail('load', error, null, isSetUp);
    return isSetUp;
  }

  get #errors() {
    return { ...ENGLISH_ERRORS, ...this.table.context().errors };
  }

  async #askToAdd(): Promise<void> {
    const { table } = this;
    if (table.isBusy || !table.list || table.list.passkeys.length >= (table.list.limit ?? Infinity)) return;
    const proceed = this.#once((nonce) => this.#add(nonce));
    const detail = { passkey: null, externalId: table.externalId, proceed };
    if (table.emit('passkey-adding', detail)) await this.#add();
  }

  async #add(nonce?: string): Promise<void> {
    const { table } = this;
    const { texts } = table.context();
    await this.#attempt('add', null, async (api, life) => {
      table.view.cards.editing?.setForm(null, table.context());
      const { signal } = (this.#ceremony = new AbortController());
      this.#sayBeforeAdding();
      const permission = await this.#stepUp
        .guard({
          api,
          act: { act: 'add' },
          nonce,
          signal: life,
          run: (brought) => api.beginRegistration({ signal, nonce: brought }),
          onAsking: () => table.view.say('top', null),
        })
        .catch((error: unknown) => {
          if (signal.aborted && !life.aborted) return null;
          throw error;
        });
      if (!permission) return table.view.say('top', { text: texts.addCancelled, tone: 'plain' });
      this.#sayBeforeAdding();
      const outcome = await addPasskey(api, permission, { life, ceremony: signal }, () =>
        table.view.say('top', null),
      );
      // Whether the passkey was added is what the server says now: the answer that failed may just have been lost.
      const isRead = await table.read();
      if (life.aborted) return;
      const credId = outcome.created?.credentialId;
      const passkey = table.list?.passkeys.find((each) => each.credId === credId) ?? null;
      if (outcome.failure !== undefined && !passkey) {
        if (isRead) forgetRefused(outcome);
        if (signal.aborted) table.view.say('top', { text: texts.addCancelled, tone: 'plain' });
        else this.#fail('add', outcome.failure);
        return;
      }
      table.tellOthers();
      if (passkey) this.#showAdded(passkey);
      table.emit('passkey-added', { externalId: table.externalId, passkey });
    });
  }

  #sayBeforeAdding(): void {
    const { texts } = this.table.context();
    const action = { name: 'cancel', label: texts.cancel };
    this.table.view.say('top', { text: texts.beforeAdding, tone: 'plain', action });
  }

  /** The new passkey comes into view, with its name to be changed or kept. */
  #showAdded(passkey: Passkey): void {
    const { context, view } = this.table;
    view.cards.showAll();
    const card = view.cards.get(passkey.id);
    if (!card) return;
    beginRename(card, context());
    card.reveal();
    this.#sayOf(passkey, context().texts.added, { passkey: passkey.id });
  }

  async #rename(): Promise<void> {
    const { table } = this;
    const card = table.view.cards.editing;
    if (!card || table.isBusy) return;
    const context = table.context();
    const { texts } = context;
    const name = typedName(card).trim().normalize('NFC');
    const before = card.passkey;
    if (name === '') return void this.#sayProblem(texts.nameMissing);
    if (name === shownName(before, context)) return this.#keepName();
    const isTaken = table.list?.passkeys.some(
      (each) => each.id !== before.id && isSameName(shownName(each, context), name),
    );
    if (isTaken) return void this.#sayProblem(texts.nameTaken);
    await this.#attempt('rename', before, async (api, signal) => {
      const passkey = await api.rename(before.id, name, { signal });
      table.replace((passkeys) => passkeys.map((known) => (known.id === passkey.id ? passkey : known)));
      this.#endRename();
      this.#sayOf(passkey, texts.renamed, { passkey: passkey.id });
      table.tellOthers();
      table.emit('passkey-renamed', { externalId: table.externalId, passkey });
      // A list that was asked for before the change may still hold the old name.
      if (table.isLoading) void table.read();
    });
  }

  async #confirmRevocation(): Promise<void> {
    const { table } = this;
    const { passkey } = this.#revoke;
    if (!passkey || table.isBusy) return;
    const proceed = this.#once((nonce) => this.#revokeNow(passkey, nonce));
    if (table.emit('passkey-revoking', { passkey, externalId: table.externalId, proceed }))
      await this.#revokeNow(passkey);
    else this.#revoke.close();
  }

  async #revokeNow(passkey: Passkey, nonce?: string): Promise<void> {
    const { table } = this;
    await this.#attempt('revoke', passkey, async (api, signal) => {
      const rpId = table.list?.signals[0]?.rpId;
      this.#revoke.dialog.busy = true;
      await this.#stepUp.guard({
        api,
        act: { act: 'revoke', target: passkey.id },
        nonce,
        signal,
        run: (brought) => api.revoke(passkey.id, { signal, nonce: brought }),
        onAsking: () => this.#revoke.close(),
      });
      const place = table.view.cards.order.indexOf(passkey.id);
      this.#revoke.close();
      table.replace((passkeys) => passkeys.filter(({ id }) => id !== passkey.id));
      this.#focusNear(place);
      this.#sayOf(passkey, table.context().texts.revoked, 'edge');
      // No list says so any more once it was the last one.
      if (rpId) void signalUnknownCredential(rpId, passkey.credId);
      table.tellOthers();
      table.emit('passkey-revoked', { externalId: table.externalId, passkey });
      await table.read();
    });
  }

  /** Runs one change at a time; what fails is said, unless the table has moved on meanwhile. */
  async #attempt(
    action: PasskeyAction,
    passkey: Passkey | null,
    change: (api: UserApi, signal: AbortSignal) => Promise<void>,
  ): Promise<void> {
    const { api, life, isBusy } = this.table;
    if (isBusy || !api) return;
    this.table.view.say('top', null);
    this.#sayProblem('');
    this.table.setBusy(true);
    try {
      await change(api, life);
    } catch (error) {
      if (!life.aborted) this.#fail(action, error, passkey);
    } finally {
      this.#revoke.dialog.busy = false;
      if (!life.aborted) {
        this.#ceremony = null;
        this.table.setBusy(false);
      }
    }
  }

  #fail(action: PasskeyAction, error: unknown, passkey: Passkey | null = null, isSetUp = false): void {
    const { table } = this;
    if (isOfAnotherPerson(error)) return table.startOver();
    const { texts } = table.context();
    const [code, status] = [errorCode(error), errorStatus(error)];
    const sentence = errorSentence(action, error, this.#errors);
    if (code === 'device_not_found') this.#sayGone();
    else if (code === 'step_up_declined' || isSetUp) table.view.say('top', null);
    else if (action === 'load' || !this.#sayProblem(sentence)) {
      const again = action === 'load' && status !== 401;
      const place = passkey && table.view.cards.get(passkey.id) ? { passkey: passkey.id } : 'top';
      const retry = again ? { action: { name: 'retry', label: texts.retry } } : {};
      table.view.say(place, { text: sentence, tone: 'bad', ...retry });
    }
    table.emit('passkey-error', { externalId: table.externalId, passkey, action, code, status, error });
  }

  /** The list shows a passkey that is gone: leaves it alone and reads the list again. */
  #sayGone(): void {
    const { view, context } = this.table;
    view.cards.editing?.setForm(null, context());
    this.#revoke.close();
    const action = { name: 'dismiss', label: context().texts.dismiss };
    view.say('edge', { text: this.#errors.gone, tone: 'bad', action });
    void this.table.read();
  }

  /** Says what is wrong where the user is typing or being asked; false if there is no such place. */
  #sayProblem(sentence: string): boolean {
    const { view } = this.table;
    const { editing } = view.cards;
    if (this.#revoke.passkey) this.#revoke.dialog.showProblem(sentence);
    else if (editing) showNameProblem(editing, sentence);
    else return false;
    view.announce(sentence);
    return true;
  }

  /** Says something about a passkey by its name. */
  #sayOf(passkey: Passkey, text: string, place: Place): void {
    const context = this.table.context();
    const name = shownName(passkey, context);
    this.table.view.say(place, {
      text: fill(text, { name }),
      nodes: fillNodes(text, { name }),
      tone: 'good',
      ...(place === 'edge' && { action: { name: 'dismiss', label: context.texts.dismiss } }),
    });
  }

  #beginRename(passkey: Passkey): void {
    const { view, context } = this.table;
    view.cards.editing?.setForm(null, context());
    view.say('top', null);
    const card = view.cards.get(passkey.id);
    if (card) beginRename(card, context());
  }

  #endRename(): void {
    const card = this.table.view.cards.editing;
    card?.setForm(null, this.table.context());
    card?.focus('rename');
  }

  /** Leaves the name as it is. */
  #keepName(): void {
    if (!this.table.isBusy) this.#endRename();
  }

  #askToRevoke(passkey: Passkey): void {
    const { view, context, list } = this.table;
    view.cards.editing?.setForm(null, context());
    view.say('top', null);
    const others = list?.passkeys.filter(({ id, automatic }) => id !== passkey.id && !automatic) ?? [];
    const last = others.length > 0 ? null : (list?.lastPasskey ?? 'warn');
    this.#revoke.ask(passkey, last, { ...context(), errors: this.#errors });
  }

  /** Enter and Save alike; the button counts only while it may be used. */
  #onSubmit(event: Event): void {
    event.preventDefault();
    void this.#rename();
  }

  #onKeydown(event: KeyboardEvent): void {
    const inForm = (event.target as Element).closest('form') !== null;
    if (event.key !== 'Escape' || event.isComposing || !inForm || this.table.isBusy) return;
    // A dialog around the table must not close because a name was left alone.
    event.preventDefault();
    event.stopPropagation();
    this.#keepName();
  }

  /** The name of the passkey that has taken the place of another one, or the button for adding. */
  #focusNear(place: number): void {
    const { view } = this.table;
    const { order } = view.cards;
    const neighbour = order[Math.min(place, order.length - 1)];
    const card = neighbour === undefined ? null : view.cards.get(neighbour);
    if (card) card.focus();
    else view.focusAdd();
  }

  /** A page may go on with what it has held back, once. */
  #once(act: (nonce?: string) => Promise<void>): (nonce?: string) => void {
    const { life } = this.table;
    let isOpen = true;
    return (nonce) => {
      if (isOpen && !life.aborted) void act(nonce);
      isOpen = false;
    };
  }
}
