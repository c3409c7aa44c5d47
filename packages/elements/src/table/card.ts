import { actionButton, drawing, element } from '../dom.js';
import { fill, fillNodes } from '../text/fill.js';
import { ago, day } from '../text/formats.js';
import type { UserPasskey as Passkey, Place } from '@keyway/passage-flex-js/http.js';
import type { TableContext } from './context.js';
import { icon } from './icon.js';
import { shownName } from './names.js';

/** Makes what is of interest now and then. */
export type Describe = (passkey: Passkey, context: TableContext) => readonly Node[];

/** One passkey. Made once and brought up to date in place, so that focus and a half-typed name stay. */
export class Card {
  readonly element = element('li', { part: 'card', class: 'card' });
  readonly #icon = element('span', { class: 'icon-box' });
  readonly #title = element('div', { class: 'title' });
  readonly #facts = element('p', { class: 'facts', part: 'facts' });
  readonly #actions = element('div', { class: 'actions', part: 'actions' });
  readonly #message = element('p', { class: 'message', part: 'message', hidden: true });
  readonly #details = element('dl', { part: 'details', hidden: true });
  #rendered = '';
  #form: HTMLFormElement | null = null;
  #describe: Describe | null = null;

  constructor(public passkey: Passkey) {
    this.element.dataset['passkeyId'] = passkey.id;
    this.#details.id = `details-${passkey.id}`;
    this.element.append(this.#icon, this.#title, this.#facts, this.#actions, this.#message, this.#details);
    this.element.setAttribute('aria-labelledby', this.#nameId);
  }

  /** Shows the passkey as it now is. Dates in words grow old: `force` renews them too. */
  update(passkey: Passkey, context: TableContext, force = false): void {
    this.passkey = passkey;
    const { texts, names, locale, scheme, baseUrl, currentPasskey } = context;
    const shown = [passkey, texts, names, locale, scheme, baseUrl, currentPasskey];
    const rendered = JSON.stringify(shown);
    if (rendered === this.#rendered && !force) return;
    const focused = this.#focusedAction();
    this.#rendered = rendered;
    this.#icon.replaceChildren(icon(passkey, baseUrl, scheme));
    if (!this.#form) this.#title.replaceChildren(...this.#name(context));
    this.#facts.replaceChildren(...facts(passkey, context));
    this.#actions.replaceChildren(...this.#buttons(context));
    if (this.#describe) this.#details.replaceChildren(...this.#describe(passkey, context));
    if (focused) this.focus(focused);
  }

  /** The field in the name's place, if the passkey is being renamed. */
  get form(): HTMLFormElement | null {
    return this.#form;
  }

  /** Puts a field in the name's place, or takes it away. */
  setForm(form: HTMLFormElement | null, context: TableContext): void {
    this.#form = form;
    this.#title.replaceChildren(...(form ? [form] : this.#name(context)));
  }

  /** Says below the passkey what has happened to it; an empty sentence takes it away. */
  showMessage(content: readonly (Node | string)[], tone: string): void {
    this.#message.replaceChildren(...content);
    this.#message.dataset['tone'] = tone;
    this.#message.hidden = content.length === 0;
  }

  /** Shows what `describe` makes below the passkey, or takes it away. */
  toggleDetails(describe: Describe, context: TableContext): void {
    this.#details.hidden = !this.#details.hidden;
    this.#describe = this.#details.hidden ? null : describe;
    this.#details.replaceChildren(...(this.#describe?.(this.passkey, context) ?? []));
    this.#button('details')?.setAttribute('aria-expanded', String(!this.#details.hidden));
  }

  /** Brings the passkey into view and marks it as new. */
  reveal(): void {
    const isCalm = matchMedia('(prefers-reduced-motion: reduce)').matches;
    this.element.scrollIntoView({ block: 'nearest', behavior: isCalm ? 'auto' : 'smooth' });
    this.element.classList.add('new');
  }

  /** Focuses a button, or the name. */
  focus(action?: string): void {
    const name = this.element.querySelector<HTMLElement>('.name');
    ((action && this.#button(action)) || name)?.focus();
  }

  get #nameId(): string {
    return `name-${this.passkey.id}`;
  }

  #button(action: string): HTMLElement | null {
    return this.#actions.querySelector<HTMLElement>(`[data-action=${action}]`);
  }

  #focusedAction(): string | undefined {
    const root = this.element.getRootNode();
    const focused = root instanceof ShadowRoot ? root.activeElement : null;
    return focused && this.#actions.contains(focused)
      ? (focused.getAttribute('data-action') ?? undefined)
      : undefined;
  }

  #name(context: TableContext): HTMLElement[] {
    const { texts, currentPasskey } = context;
    const name = element('bdi', {}, shownName(this.passkey, context));
    const mark = (field: string, text: string) =>
      element('span', { class: 'mark', part: 'mark', 'data-field': field }, text);
    return [
      element(
        'span',
        { class: 'name', id: this.#nameId, part: 'name', 'data-field': 'name', tabindex: '-1' },
        name,
      ),
      ...(this.passkey.id === currentPasskey ? [mark('current', texts.currentSession)] : []),
      // A passkey that its user was not asked for is to be noticed.
      ...(this.passkey.automatic ? [mark('automatic', texts.automatic)] : []),
    ];
  }

  #buttons(context: TableContext): HTMLElement[] {
    const { texts } = context;
    const name = { name: shownName(this.passkey, context) };
    const details = actionButton('details', texts.details, {
      'aria-label': fill(texts.detailsOf, name),
      'aria-expanded': String(!this.#details.hidden),
      'aria-controls': this.#details.id,
    });
    details.append(drawing('m6 9 6 6 6-6'));
    return [
      details,
      actionButton('rename', texts.rename, { 'aria-label': fill(texts.renameOf, name) }),
      actionButton('revoke', texts.revoke, { 'aria-label': fill(texts.revokeOf, name), class: 'danger' }),
    ];
  }
}

/** What people go by, in one line. */
function facts(passkey: Passkey, context: TableContext): (Node | string)[] {
  const { texts, locale } = context;
  const { lastLoginAt } = passkey;
  const used = lastLoginAt ? lastUse(passkey, lastLoginAt, context) : [texts.notUsedYet];
  const parts: readonly (readonly [string, readonly (Node | string)[]])[] = [
    ['storage', storage(passkey, context)],
    ['added', fillNodes(texts.addedWhen, { when: day(passkey.createdAt, locale) })],
    ['last-used', used],
  ];
  return parts
    .filter(([, content]) => content.length > 0)
    .flatMap(([field, content], index) => [
      ...(index > 0 ? [' · '] : []),
      element('span', { 'data-field': field }, ...content),
    ]);
}

/** The last sign-in with it, as a part of a sentence. */
export function lastUse(passkey: Passkey, date: string, context: TableContext): (Node | string)[] {
  const { texts, locale } = context;
  const when = ago(date, locale);
  const from = passkey.lastUsedFrom;
  return from
    ? fillNodes(texts.usedWhenWhere, { when, place: placeIn(from, context) })
    : fillNodes(texts.usedWhen, { when });
}

/** A browser and a system, in words. */
export const placeIn = ({ browser, system }: Place, { texts }: TableContext): string =>
  fill(texts.browserOn, { browser, system });

/** Where it is kept, in words that are true on any device of the reader; nothing where that is not known. */
function storage({ type, synced, provider, friendlyName }: Passkey, { texts }: TableContext) {
  if (type === 'security_key') return [texts.onSecurityKey];
  // The name says it already.
  const named = provider !== null && !friendlyName.startsWith(provider) ? provider : null;
  if (synced) return named ? fillNodes(texts.syncedIn, { provider: named }) : [texts.synced];
  if (synced === false) return [texts.onOneDevice];
  return named ? fillNodes(texts.savedIn, { provider: named }) : [];
}
