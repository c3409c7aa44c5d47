import { actionButton, element } from './dom.js';
import { fill, type PasskeyTableTexts } from './texts.js';
import type { UserPasskey as Passkey } from '@keyway/passage-flex-js';

/** The question that stands before every revocation. Closing it in any way but its button keeps the passkey. */
export class RevokeDialog {
  /** The dialog itself, to be placed in the shadow root. */
  readonly element = element('dialog', {
    part: 'dialog',
    'aria-labelledby': 'revoke-title',
    'aria-describedby': 'revoke-text',
  });

  /** The passkey in question while the dialog is open. */
  passkey: Passkey | null = null;

  readonly #problem = element('p', { class: 'problem', role: 'alert' });
  readonly #status = element('p', { class: 'status', role: 'status' });

  constructor() {
    // Escape closes without a click. The event comes late: by then the dialog may have been opened again.
    this.element.addEventListener('close', () => {
      if (!this.element.open) this.passkey = null;
    });
  }

  /**
   * Asks about a passkey. `last` is given for one without which the user cannot sign in with a passkey: what the app does
   * then. Where it denies to revoke it, the dialog says so, and asks nothing.
   */
  open(passkey: Passkey, last: 'allow' | 'warn' | 'deny' | null, texts: PasskeyTableTexts): void {
    this.passkey = passkey;
    this.#problem.textContent = '';
    this.#status.textContent = '';
    const isDenied = last === 'deny';
    const title = element(
      'h2',
      { id: 'revoke-title' },
      fill(texts.revokeTitle, { name: passkey.friendlyName }),
    );
    const sentences = isDenied
      ? [texts.revokeDenied]
      : [
          ...(last ? [texts.revokeLast] : []),
          ...(last === 'warn' ? [texts.revokeLastWarning] : []),
          texts.revokeText,
        ];
    const text = element('p', { id: 'revoke-text' }, sentences.join(' '));
    // What the page says of other ways to sign in.
    const recovery = last === null || last === 'allow' ? [] : [element('slot', { name: 'recovery' })];
    const keep = actionButton('keep', isDenied ? texts.close : texts.keep, { autofocus: true });
    const confirm = actionButton('confirm-revoke', texts.confirmRevoke, { class: 'primary danger' });
    this.element.replaceChildren(
      title,
      text,
      ...recovery,
      this.#status,
      this.#problem,
      element('div', { class: 'choices' }, keep, ...(isDenied ? [] : [confirm])),
    );
    this.element.showModal();
  }

  /** Says in the dialog what is going on. */
  showStatus(sentence: string): void {
    this.#status.textContent = sentence;
  }

  /** Says in the dialog why the passkey was not revoked. */
  showProblem(sentence: string): void {
    this.#problem.textContent = sentence;
  }

  /** Closes the dialog if it is open. */
  close(): void {
    this.passkey = null;
    this.element.close();
  }
}
