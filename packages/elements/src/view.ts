import { actionButton, element, keyDrawing } from './dom.js';
import { RevokeDialog } from './revoke-dialog.js';
import { detailsRow, nameOf, passkeyRow, renameForm, type RowContext } from './row.js';
import { fill, type PasskeyTableTexts } from './texts.js';
import type { PasskeyList, UserPasskey as Passkey } from '@keyway/passage-flex-js';

/** What the view shows. `list` is null while nothing has been loaded. */
export interface TableState {
  readonly list: PasskeyList | null;
  readonly loading: boolean;
  readonly canAdd: boolean;
}

/** How far below the limit the count is shown. */
const NEAR = 3;

/** The content of the shadow root: made once, then brought up to date so that focus and live regions stay. */
export class TableView {
  /** The question before a revocation. */
  readonly dialog = new RevokeDialog();

  /** The passkey whose name is being edited, if any. */
  editing: Passkey | null = null;

  readonly #heading = element('h2', { part: 'heading' });
  readonly #add = actionButton('add', '', { class: 'primary' });
  readonly #unsupported = element('p', { class: 'note' });
  readonly #limit = element('p', { class: 'note', part: 'limit', id: 'limit' });
  readonly #status = element('p', { class: 'status', part: 'status', role: 'status' });
  readonly #problem = element('div', { class: 'banner', part: 'error', role: 'alert' });
  readonly #loading = element('p', { class: 'loading', part: 'loading', role: 'status' });
  readonly #empty = element('div', { class: 'empty', part: 'empty' });
  readonly #caption = element('caption');
  readonly #columns = element('tr', { role: 'row' });
  readonly #rows = element('tbody', { role: 'rowgroup' });
  readonly #table = element(
    'table',
    { role: 'table', part: 'table' },
    this.#caption,
    element('thead', { role: 'rowgroup' }, this.#columns),
    this.#rows,
  );
  readonly #panel = element(
    'section',
    { part: 'panel', class: 'panel', tabindex: '-1' },
    element(
      'div',
      { class: 'header', part: 'header' },
      element('slot', { name: 'heading' }, this.#heading),
      this.#add,
    ),
    this.#unsupported,
    this.#limit,
    this.#problem,
    this.#status,
    this.#loading,
    this.#empty,
    this.#table,
    this.dialog.element,
  );
  readonly #expanded = new Set<string>();
  /** Whether the user has as many passkeys as they may. */
  #isFull = false;

  constructor(private readonly root: ShadowRoot) {
    root.append(this.#panel);
  }

  /** Shows a state; a name that is being edited stays as it is, and so does the focus. */
  render(state: TableState, context: RowContext): void {
    const { texts } = context;
    const passkeys = state.list?.passkeys ?? [];
    this.#renderFrame(state, texts);
    this.#caption.textContent = fill(texts.caption, { username: state.list?.username ?? '' });
    this.#columns.replaceChildren(...columnHeaders(texts));
    this.#renderRows(passkeys, context);
    this.#table.hidden = passkeys.length === 0;
    this.#empty.hidden = !state.list || passkeys.length > 0;
  }

  /** Leaves the dialog, the name that is being edited and what was said, as if just made. */
  reset(): void {
    this.clearProblem();
    this.showStatus('');
    this.dialog.close();
    this.editing = null;
    this.#expanded.clear();
  }

  /** Marks every button but Details as (not) usable; they keep the focus, which `disabled` would drop. */
  setBusy(busy: boolean): void {
    for (const button of this.#panel.querySelectorAll('button:not([data-action=details])')) {
      const isUnusable = busy || (button === this.#add && this.#isFull);
      button.ariaDisabled = isUnusable ? 'true' : null;
    }
    for (const input of this.#panel.querySelectorAll('input')) input.readOnly = busy;
    this.#table.ariaBusy = String(busy);
  }

  /** Says politely what has happened, in the open dialog or on top; an empty sentence takes the last one away. */
  showStatus(sentence: string): void {
    const inDialog = this.dialog.passkey !== null;
    this.dialog.showStatus(inDialog ? sentence : '');
    this.#status.textContent = inDialog ? '' : sentence;
  }

  /** Says what went wrong where the user is looking: in the open dialog, in the name's form, else on top. */
  showProblem(sentence: string, retry?: string): void {
    const field = this.#problemOfName();
    if (this.dialog.passkey) this.dialog.showProblem(sentence);
    else if (field) field.textContent = sentence;
    else
      this.#problem.replaceChildren(
        element('p', {}, sentence),
        ...(retry ? [actionButton('retry', retry)] : []),
      );
    this.#nameInput()?.setAttribute('aria-invalid', String(Boolean(field)));
  }

  /** Takes every problem away. */
  clearProblem(): void {
    this.#problem.replaceChildren();
    if (this.dialog.passkey) this.dialog.showProblem('');
    this.#problemOfName()?.replaceChildren();
    this.#nameInput()?.removeAttribute('aria-invalid');
  }

  /** Puts a field in the name's place, with the old name selected in it. */
  beginRename(passkey: Passkey, { texts }: RowContext): void {
    this.editing = passkey;
    this.#nameCell(passkey.id)?.replaceChildren(renameForm(passkey, texts));
    this.#nameInput()?.select();
    this.#nameInput()?.focus();
  }

  /** What the user has typed as the new name. */
  typedName(): string {
    return this.#nameInput()?.value ?? '';
  }

  /** Puts the name back in the field's place and the focus on the button that began it. */
  endRename(context: RowContext, focus: boolean): void {
    const passkey = this.editing;
    this.editing = null;
    if (!passkey) return;
    this.#nameCell(passkey.id)?.replaceChildren(nameOf(passkey, context));
    if (focus) this.focus('rename', passkey.id);
  }

  /** Shows or hides a passkey's details. */
  toggleDetails(id: string): void {
    const expanded = !this.#expanded.delete(id);
    if (expanded) this.#expanded.add(id);
    this.#row(id)?.querySelector('[data-action=details]')?.setAttribute('aria-expanded', String(expanded));
    const details = this.#row(id)?.nextElementSibling;
    if (details instanceof HTMLElement) details.hidden = !expanded;
  }

  /** Focuses a button, of a passkey's row if one is named; where there is none any more, the whole panel. */
  focus(action?: string, id?: string): void {
    const scope = id === undefined ? this.#panel : this.#row(id);
    const button = action
      ? scope?.querySelector<HTMLElement>(`[data-action="${action}"]:not([hidden])`)
      : null;
    (button ?? this.#panel).focus();
  }

  #renderFrame(state: TableState, texts: PasskeyTableTexts): void {
    this.#panel.ariaLabel = texts.heading;
    this.#heading.textContent = texts.heading;
    this.#add.textContent = texts.add;
    this.#add.hidden = !state.canAdd;
    this.#renderLimit(state.list, texts);
    this.#unsupported.textContent = state.canAdd ? '' : texts.unsupported;
    this.#loading.textContent = state.loading && !state.list ? texts.loading : '';
    this.#empty.replaceChildren(
      keyDrawing(),
      element('p', { class: 'empty-title' }, texts.emptyTitle),
      element('p', {}, texts.emptyText),
    );
  }

  /** The count, from three below the limit on; at it, why no passkey can be added. */
  #renderLimit(list: PasskeyList | null, texts: PasskeyTableTexts): void {
    const limit = list?.limit ?? null;
    const count = list?.passkeys.length ?? 0;
    this.#isFull = limit !== null && count >= limit;
    const isNear = limit !== null && count >= limit - NEAR && count > 0;
    const said = isNear ? fill(texts.count, { count: String(count), limit: String(limit) }) : '';
    this.#limit.textContent = this.#isFull ? `${said} ${texts.full}` : said;
    this.#add.setAttribute('aria-describedby', 'limit');
  }

  #renderRows(passkeys: readonly Passkey[], context: RowContext): void {
    const focused = this.root.activeElement;
    const focusedRow = this.#rows.contains(focused) ? focused?.closest('[data-passkey-id]') : null;
    const kept = this.editing && this.#row(this.editing.id);
    if (!passkeys.some(({ id }) => id === this.editing?.id)) this.editing = null;
    const rows = passkeys.flatMap((passkey) => {
      const expanded = this.#expanded.has(passkey.id);
      const edited = passkey.id === this.editing?.id ? kept : null;
      return [edited ?? passkeyRow(passkey, expanded, context), detailsRow(passkey, expanded, context)];
    });
    this.#rows.replaceChildren(...rows);
    if (!focusedRow) return;
    if (focused instanceof HTMLElement && focused.isConnected) focused.focus();
    else
      this.focus(
        focused?.getAttribute('data-action') ?? undefined,
        focusedRow.getAttribute('data-passkey-id') ?? '',
      );
  }

  #row(id: string): HTMLElement | null {
    return this.#rows.querySelector<HTMLElement>(`tr[data-passkey-id="${CSS.escape(id)}"]`);
  }

  #nameCell(id: string): HTMLElement | null {
    return this.#row(id)?.querySelector<HTMLElement>('[data-field=name]') ?? null;
  }

  #nameInput(): HTMLInputElement | null {
    return this.#rows.querySelector('input');
  }

  #problemOfName(): HTMLElement | null {
    return this.#rows.querySelector<HTMLElement>('#rename-error');
  }
}

function columnHeaders(texts: PasskeyTableTexts): HTMLElement[] {
  const { columnName, columnProvider, columnSynced, columnAdded, columnLastUsed, columnUsage } = texts;
  const labels = [columnName, columnProvider, columnSynced, columnAdded, columnLastUsed, columnUsage];
  const headers = labels.map((label) => element('th', { scope: 'col', role: 'columnheader' }, label));
  const actions = element('span', { class: 'unseen' }, texts.columnActions);
  return [...headers, element('th', { scope: 'col', role: 'columnheader' }, actions)];
}
