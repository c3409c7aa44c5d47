import { element } from './dom.js';

/** Long enough for a screen reader to see the region empty: the same sentence twice is then said twice. Milliseconds. */
const PAUSE = 60;

/** Says what happens to assistive technology: two live regions that are in the tree before there is anything to say. */
export class Announcer {
  readonly #status = element('p', { class: 'unseen', part: 'status', role: 'status' });
  readonly #alert = element('p', { class: 'unseen', part: 'error', role: 'alert' });
  #timer = 0;

  /** Both regions, to be placed where they stay. */
  readonly elements = [this.#status, this.#alert] as const;

  /** Says a sentence; `urgently` interrupts. An empty one takes the last one away. */
  say(sentence: string, urgently = false): void {
    clearTimeout(this.#timer);
    this.#status.textContent = '';
    this.#alert.textContent = '';
    if (sentence === '') return;
    const region = urgently ? this.#alert : this.#status;
    this.#timer = Number(setTimeout(() => (region.textContent = sentence), PAUSE));
  }
}
