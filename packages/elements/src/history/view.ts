import { actionButton, element } from '../dom.js';
import { moment } from '../text/formats.js';
import type { PasskeyHistoryTexts } from './texts.js';
import { fill } from '../text/fill.js';
import type { PasskeyEvent } from '@keyway/passage-flex-js/http.js';

/** What the view shows. `events` is null while nothing has been loaded. */
export interface HistoryState {
  readonly events: readonly PasskeyEvent[] | null;
  readonly hasMore: boolean;
  readonly loading: boolean;
  /** A sentence, where the last request failed. */
  readonly problem: string | null;
}

/** The language of what is shown. */
export interface HistorySpeech {
  readonly texts: PasskeyHistoryTexts;
  readonly locale: string | undefined;
  readonly direction: 'ltr' | 'rtl' | '';
  readonly lang: string | undefined;
}

/** The content of the shadow root: made once, then brought up to date. */
export class HistoryView {
  readonly #panel = element('section', { part: 'panel', class: 'panel' });
  readonly #heading = element('h2', { part: 'heading' });
  readonly #problem = element('div', { class: 'banner', part: 'error', role: 'alert' });
  readonly #loading = element('p', { class: 'loading', part: 'loading', role: 'status' });
  readonly #empty = element('p', { class: 'empty', part: 'empty' });
  readonly #list = element('ol', { class: 'events', part: 'list', tabindex: '-1' });
  readonly #more = actionButton('more', '');

  constructor(root: ShadowRoot) {
    const header = element('div', { class: 'header', part: 'header' }, this.#heading);
    const content = [this.#problem, this.#list, this.#empty, this.#loading, this.#more];
    this.#panel.append(header, ...content);
    root.append(this.#panel);
  }

  /** Shows a state. */
  render(
    { events, hasMore, loading, problem }: HistoryState,
    { texts, locale, direction, lang }: HistorySpeech,
  ): void {
    this.#panel.dir = direction;
    if (lang === undefined) this.#panel.removeAttribute('lang');
    else this.#panel.lang = lang;
    this.#heading.textContent = texts.heading;
    this.#list.replaceChildren(...(events ?? []).map((event) => item(event, texts, locale)));
    this.#list.hidden = !events?.length;
    this.#empty.textContent = events?.length === 0 ? texts.empty : '';
    this.#loading.textContent = loading ? (events ? texts.loadingMore : texts.loading) : '';
    this.#more.textContent = texts.more;
    this.#more.hidden = !hasMore || loading || problem !== null;
    this.#showProblem(problem, texts.retry);
  }

  /** Moves the focus to the event with this place in the list. */
  focus(place: number): void {
    this.#list.querySelectorAll<HTMLElement>('li')[place]?.focus();
  }

  /** What is said already is left alone: an alert is read out once. */
  #showProblem(problem: string | null, retry: string): void {
    if (this.#problem.firstChild?.textContent === problem) return;
    const said = problem === null ? [] : [element('p', {}, problem), actionButton('retry', retry)];
    this.#problem.replaceChildren(...said);
  }
}

function item(event: PasskeyEvent, texts: PasskeyHistoryTexts, locale: string | undefined): HTMLElement {
  const { type, actor, browser, address, reason } = event;
  const why = reason === null ? null : fill(texts.reason, { reason: texts.reasons[reason] ?? reason });
  const facts = [
    texts.actors[actor] ?? texts.actors['unknown'] ?? actor,
    placeOf(browser, texts),
    address,
    why,
  ];
  const what = texts.types[type] ?? texts.unknownType;
  const known = facts.filter((fact) => fact !== null);
  return element(
    'li',
    { part: 'event', 'data-type': type, tabindex: '-1' },
    element('p', { class: 'what' }, what, ...nameOf(event, texts)),
    element(
      'p',
      { class: 'facts' },
      moment(event.createdAt, locale),
      ...known.map((fact) => element('bdi', {}, fact)),
    ),
  );
}

/** The server has it in English. */
function placeOf(place: string | null, { browserOn }: PasskeyHistoryTexts): string | null {
  const [browser, system] = place?.split(' on ') ?? [];
  return browser && system ? fill(browserOn, { browser, system }) : place;
}

function nameOf({ deviceId, deviceName }: PasskeyEvent, { nameless }: PasskeyHistoryTexts): Node[] {
  return deviceId === null ? [] : [element('bdi', { class: 'passkey' }, deviceName ?? nameless)];
}
