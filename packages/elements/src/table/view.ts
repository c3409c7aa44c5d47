import { Announcer } from '../announcer.js';
import { actionButton, drawing, element, KEY } from '../dom.js';
import { fillPlural } from '../text/fill.js';
import type { PasskeyList } from '@keyway/passage-flex-js/http.js';
import { CardList } from './card-list.js';
import type { TableContext } from './context.js';

/** What the view shows. `list` is null while nothing has been loaded. */
export interface TableState {
  readonly list: PasskeyList | null;
  readonly loading: boolean;
  readonly canAdd: boolean;
  /** Nothing can be shown: the page or the server is not set up right. */
  readonly misconfigured: boolean;
}

/** Where something is said: on top, at a passkey, or at the bottom edge for what has no place of its own. */
export type Place = 'top' | 'edge' | { readonly passkey: string };

/** What is said. `action` adds a button with that `data-action` and label. */
export interface Message {
  readonly text: string;
  readonly nodes?: readonly (Node | string)[];
  readonly tone: 'plain' | 'good' | 'bad';
  readonly action?: { readonly name: string; readonly label: string };
}

/** How many before the limit the count appears. */
const COUNT_FROM = 3;

/** The content of the shadow root: made once, then brought up to date so that focus and live regions stay. */
export class TableView {
  readonly cards = new CardList();
  readonly #announcer = new Announcer();
  readonly #heading = element('h2', { part: 'heading' });
  readonly #count = element('span', { class: 'count', part: 'count' });
  readonly #add = actionButton('add', '', { class: 'primary' });
  readonly #why = element('p', { class: 'note', id: 'why' });
  readonly #top = element('div', { class: 'banner', part: 'message', hidden: true });
  readonly #loading = element('p', { class: 'loading', part: 'loading' });
  readonly #heroText = element('div', { class: 'hero-text' });
  readonly #hero = element('div', { class: 'hero', part: 'empty', hidden: true });
  readonly #advice = element('p', { class: 'advice', part: 'advice', hidden: true });
  readonly #edge = element('div', { class: 'toast', part: 'toast', hidden: true });
  readonly #headerEnd = element('div', { class: 'header-end' }, this.#count, this.#add);
  readonly #panel: HTMLElement;
  #headingText = '';

  constructor(root: ShadowRoot) {
    this.#hero.append(element('slot', { name: 'empty' }, this.#heroText));
    this.#panel = element(
      'section',
      { part: 'panel', class: 'panel', tabindex: '-1' },
      element(
        'div',
        { class: 'header', part: 'header' },
        element('slot', { name: 'heading' }, this.#heading),
        this.#headerEnd,
      ),
      this.#top,
      this.#why,
      this.#loading,
      this.#hero,
      this.cards.element,
      this.#advice,
      element('slot', { name: 'footer' }),
      this.#edge,
      ...this.#announcer.elements,
    );
    root.append(this.#panel);
  }

  /** Shows a state; a name that is being edited stays as it is, and so does the focus. `force` renews dates in words. */
  render(state: TableState, context: TableContext, force = false): void {
    const { texts, direction, lang } = context;
    if (direction) this.#panel.dir = direction;
    else this.#panel.removeAttribute('dir');
    if (lang) this.#panel.lang = lang;
    else this.#panel.removeAttribute('lang');
    this.#panel.classList.toggle('mute', !context.isReady);
    const passkeys = state.list?.passkeys ?? [];
    this.#renderFrame(state, context);
    this.cards.render(passkeys, context, force);
    this.#advice.textContent = texts.advice;
    this.#advice.hidden = !(passkeys.length === 1 && passkeys[0]?.synced === false && state.canAdd);
  }

  /** Leaves the name that is being edited and what was said, as if just made. */
  reset(): void {
    this.say('top', null);
    this.cards.reset();
  }

  /** Marks what changes something as (not) usable; buttons keep the focus, which `disabled` would drop. */
  setBusy(busy: boolean): void {
    const changing = '[data-action=add],[data-action=rename],[data-action=revoke],[data-action=save]';
    for (const button of this.#panel.querySelectorAll(
      `${changing},[data-action=keep],[data-action=confirm-revoke]`,
    )) {
      const isFull = button === this.#add && this.#add.hasAttribute('aria-describedby');
      button.ariaDisabled = busy || isFull ? 'true' : null;
    }
    this.cards.setBusy(busy);
  }

  /** Says something at a place, and takes away what was said before; null only takes away. */
  say(place: Place, message: Message | null): void {
    this.cards.clearMessages();
    for (const box of [this.#top, this.#edge]) {
      box.replaceChildren();
      box.hidden = true;
    }
    this.#announcer.say(message?.text ?? '', message?.tone === 'bad');
    if (!message) return;
    const nodes = message.nodes ?? [message.text];
    if (typeof place === 'object') this.cards.get(place.passkey)?.showMessage(nodes, message.tone);
    else this.#fill(place === 'top' ? this.#top : this.#edge, nodes, message);
  }

  /** Says something to assistive technology alone: it is shown elsewhere. */
  announce(sentence: string): void {
    this.#announcer.say(sentence, true);
  }

  /** Puts a dialog into the tree. */
  append(dialog: HTMLElement): void {
    this.#panel.append(dialog);
  }

  /** Focuses the button for adding, or the whole panel where there is none. */
  focusAdd(): void {
    (this.#add.hidden ? this.#panel : this.#add).focus();
  }

  #renderFrame(state: TableState, context: TableContext): void {
    const { texts, locale } = context;
    const { list, canAdd, misconfigured } = state;
    const count = list?.passkeys.length ?? 0;
    const limit = list?.limit ?? Infinity;
    const isFull = count >= limit;
    const isEmpty = list !== null && count === 0;
    if (this.#headingText !== texts.heading) this.#heading.textContent = this.#headingText = texts.heading;
    this.#panel.ariaLabel = texts.heading;
    this.#panel.ariaBusy = String(state.loading);
    this.#count.textContent =
      count >= limit - COUNT_FROM ? fillPlural(texts.counted, count, locale, { limit: String(limit) }) : '';
    this.#add.textContent = texts.add;
    this.#add.hidden = !canAdd || list === null;
    if (isFull) this.#add.setAttribute('aria-describedby', 'why');
    else this.#add.removeAttribute('aria-describedby');
    const why = !canAdd ? texts.unsupported : isFull ? texts.limitReached : '';
    this.#why.textContent = misconfigured ? texts.misconfigured : why;
    this.#loading.textContent = state.loading && !list ? texts.loading : '';
    this.#hero.hidden = !isEmpty;
    this.#renderHero(context);
    // One button, wherever the eye is.
    const home = isEmpty ? this.#hero : this.#headerEnd;
    if (this.#add.parentElement !== home) home.append(this.#add);
  }

  #renderHero({ texts }: TableContext): void {
    const open = [...this.#heroText.querySelectorAll('details')].map((each) => each.open);
    const disclosure = (index: number, title: string, text: string) =>
      element(
        'details',
        { open: open[index] ?? false },
        element('summary', {}, title),
        element('p', {}, text),
      );
    if (this.#hero.hidden || this.#heroText.dataset['title'] === texts.heroTitle) return;
    this.#heroText.dataset['title'] = texts.heroTitle;
    this.#heroText.replaceChildren(
      drawing(KEY),
      element('h3', {}, texts.heroTitle),
      element('p', {}, texts.heroText),
      disclosure(0, texts.whatTitle, texts.whatText),
      disclosure(1, texts.whereTitle, texts.whereText),
    );
  }

  #fill(box: HTMLElement, nodes: readonly (Node | string)[], { tone, action }: Message): void {
    box.dataset['tone'] = tone;
    box.hidden = false;
    box.replaceChildren(
      element('p', {}, ...nodes),
      ...(action ? [actionButton(action.name, action.label)] : []),
    );
  }
}
