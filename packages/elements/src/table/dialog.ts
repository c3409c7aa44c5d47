import { element } from '../dom.js';

/** What a dialog shows. */
export interface DialogContent {
  readonly title: readonly (Node | string)[];
  readonly text: readonly Node[];
  /** The safe one first: it gets the focus. */
  readonly choices: readonly HTMLButtonElement[];
}

/** A modal question. Closing it in any way but its main button changes nothing. */
export class Dialog {
  readonly element: HTMLDialogElement;
  /** Whether Escape and the buttons count; not while something is under way that cannot be called back. */
  busy = false;
  readonly #problem = element('p', { class: 'problem' });

  /** `name` tells the ids of two dialogs apart; `closed` hears of a closing by the user. */
  constructor(
    private readonly name: string,
    closed: () => void,
  ) {
    this.element = element('dialog', {
      part: 'dialog',
      'aria-labelledby': `${name}-title`,
      'aria-describedby': `${name}-text`,
    });
    this.element.addEventListener('cancel', (event) => {
      if (this.busy) event.preventDefault();
      else closed();
    });
  }

  get isOpen(): boolean {
    return this.element.open;
  }

  open({ title, text, choices }: DialogContent): void {
    this.busy = false;
    this.#problem.replaceChildren();
    choices[0]?.setAttribute('autofocus', '');
    this.element.replaceChildren(
      element('h2', { id: `${this.name}-title` }, ...title),
      element('div', { id: `${this.name}-text` }, ...text),
      this.#problem,
      element('div', { class: 'choices' }, ...choices),
    );
    if (!this.element.open) this.element.showModal();
  }

  /** Says in the dialog what went wrong; an empty sentence takes it away. */
  showProblem(sentence: string): void {
    this.#problem.textContent = sentence;
  }

  close(): void {
    this.busy = false;
    this.element.close();
  }
}
