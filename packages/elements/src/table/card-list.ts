import { element } from '../dom.js';
import { fillPlural } from '../text/fill.js';
import type { UserPasskey as Passkey } from '@keyway/passage-flex-js/http.js';
import { Card } from './card.js';
import type { TableContext } from './context.js';
import { shownName } from './names.js';

/** The cards, in their groups, with a search field where there are many. */
export class CardList {
  readonly #search = element('input', {
    type: 'search',
    class: 'search',
    part: 'input search',
    hidden: true,
  });
  readonly #found = element('p', { class: 'found', role: 'status' });
  readonly #groups = (['devices', 'keys'] as const).map((name) => new Group(name));
  readonly element = element(
    'div',
    { class: 'lists', part: 'list' },
    this.#search,
    this.#found,
    ...this.#groups.map((group) => group.element),
  );

  readonly #cards = new Map<string, Card>();
  #context: TableContext | null = null;

  constructor() {
    this.#search.addEventListener('input', () => this.#filter());
  }

  /** The card whose name is being edited, if any. */
  get editing(): Card | null {
    return [...this.#cards.values()].find((card) => card.form !== null) ?? null;
  }

  get(id: string): Card | null {
    return this.#cards.get(id) ?? null;
  }

  /** The ids as they are shown, from top to bottom. */
  get order(): string[] {
    const shown = this.element.querySelectorAll<HTMLElement>('[data-passkey-id]');
    return [...shown].map((each) => each.dataset['passkeyId']!);
  }

  render(passkeys: readonly Passkey[], context: TableContext, force: boolean): void {
    this.#context = context;
    const { texts } = context;
    const newestFirst = passkeys.toSorted(
      (one, other) => compare(other.createdAt, one.createdAt) || compare(other.id, one.id),
    );
    const ids = new Set(passkeys.map(({ id }) => id));
    for (const id of this.#cards.keys()) if (!ids.has(id)) this.#cards.delete(id);
    const cards = newestFirst.map((passkey) => {
      const card = this.#cards.get(passkey.id) ?? new Card(passkey);
      this.#cards.set(passkey.id, card);
      card.update(passkey, context, force);
      return card;
    });
    const isKey = ({ passkey }: Card) => passkey.type === 'security_key';
    const [keys, devices] = [cards.filter(isKey), cards.filter((card) => !isKey(card))];
    const hasBoth = keys.length > 0 && devices.length > 0;
    this.#groups[0]!.render(devices, hasBoth ? texts.groupDevices : '');
    this.#groups[1]!.render(keys, hasBoth ? texts.groupKeys : '');
    this.#search.hidden = passkeys.length < context.searchFrom;
    this.#search.ariaLabel = this.#search.placeholder = texts.search;
    this.element.hidden = passkeys.length === 0;
    this.#filter();
  }

  /** Forgets names that are being edited and what is searched for. */
  reset(): void {
    this.#search.value = '';
    this.#cards.clear();
  }

  /** Shows all cards, also those that the search does not match. */
  showAll(): void {
    this.#search.value = '';
    this.#filter();
  }

  clearMessages(): void {
    for (const card of this.#cards.values()) card.showMessage([], 'plain');
  }

  setBusy(busy: boolean): void {
    this.element.ariaBusy = String(busy);
    const input = this.editing?.form?.querySelector('input');
    if (input) input.readOnly = busy;
  }

  #filter(): void {
    const context = this.#context;
    if (!context) return;
    const sought = this.#search.hidden ? '' : this.#search.value.trim().toLocaleLowerCase();
    let found = 0;
    for (const { element: card, passkey } of this.#cards.values()) {
      const text = `${shownName(passkey, context)} ${passkey.provider ?? ''}`.toLocaleLowerCase();
      card.hidden = !text.includes(sought);
      if (!card.hidden) found += 1;
    }
    for (const group of this.#groups) group.hideIfEmpty();
    const { texts, locale } = context;
    this.#found.textContent = sought === '' ? '' : fillPlural(texts.found, found, locale);
  }
}

/** A list of cards below a heading, if there is another group beside it. */
class Group {
  readonly #heading: HTMLElement;
  readonly #list: HTMLElement;
  readonly element: HTMLElement;

  constructor(name: string) {
    this.#heading = element('h3', { part: 'group', id: `group-${name}` });
    this.#list = element('ul', { role: 'list', part: 'cards' });
    this.element = element('div', { class: 'group' }, this.#heading, this.#list);
  }

  /** Cards that stay where they are are not touched: one that is moved loses the focus. */
  render(cards: readonly Card[], heading: string): void {
    this.#heading.textContent = heading;
    this.#heading.hidden = heading === '';
    if (heading === '') this.#list.removeAttribute('aria-labelledby');
    else this.#list.setAttribute('aria-labelledby', this.#heading.id);
    const wanted = new Set<Element>(cards.map((card) => card.element));
    for (const child of [...this.#list.children]) if (!wanted.has(child)) child.remove();
    cards.forEach((card, index) => {
      const there = this.#list.children[index] ?? null;
      if (there !== card.element) this.#list.insertBefore(card.element, there);
    });
  }

  hideIfEmpty(): void {
    this.element.hidden = ![...this.#list.children].some((card) => !(card as HTMLElement).hidden);
  }
}

const compare = (one: string, other: string): number => (one < other ? -1 : one > other ? 1 : 0);
