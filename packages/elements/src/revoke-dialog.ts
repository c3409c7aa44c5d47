import { actionButton, element } from './dom.js';
import { fill, type PasskeyTableTexts } from './texts.js';
import type { Passkey } from './user-api.js';

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

  constructor() {
    // Escape closes without a click. The event comes late: by then the dialog may have been opened again.
    this.element.addEventListener('close', () => {
      if (!this.element.open) this.passkey = null;
    });
  }

  /** Asks about a passkey; `isLast` adds that the account has no other. */
  open(passkey: Passkey, isLast: boolean, texts: PasskeyTableTexts): void {
    this.passkey = passkey;
    this.#problem.textContent = '';
    const title = element(
      'h2',
      { id: 'revoke-title' },
      fill(texts.revokeTitle, { name: passkey.friendlyName }),
    );
    const text = element(
      'p',
      { id: 'revoke-text' },
      isLast ? `${texts.revokeLast} ${texts.revokeText}` : texts.revokeText,
    );
    const keep = actionButton('keep', texts.keep, { autofocus: true });
    const confirm = actionButton('confirm-revoke', texts.confirmRevoke, { class: 'primary danger' });
    this.element.replaceChildren(
      title,
      text,
      this.#problem,
      element('div', { class: 'choices' }, keep, confirm),
    );
    this.element.showModal();
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
