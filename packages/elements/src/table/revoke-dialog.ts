import { actionButton, drawing, element } from '../dom.js';
import { fill, fillNodes } from '../text/fill.js';
import type { UserPasskey as Passkey } from '@keyway/passage-flex-js/http.js';
import { lastUse } from './card.js';
import type { TableContext } from './context.js';
import { deletionGuide } from './deletion-guides.js';
import { Dialog, type DialogContent } from './dialog.js';
import { shownName } from './names.js';

const SHIELD = 'M12 3l7 3v5.5c0 4.3-2.9 7.9-7 9.5-4.1-1.6-7-5.2-7-9.5V6zM12 8v4.5M12 15.5v.01';

/** The dialog that stands before every revocation. */
export class RevokeDialog {
  /** The passkey in question while it is open. */
  passkey: Passkey | null = null;
  readonly dialog = new Dialog('revoke', () => (this.passkey = null));

  /**
   * Asks about a passkey. `last` is given for one without which the user cannot sign in with a passkey: what the app does
   * then. Where it denies to revoke it, the dialog says so, and asks nothing.
   */
  ask(passkey: Passkey, last: Last, context: TableContext): void {
    this.passkey = passkey;
    this.dialog.open(question(passkey, last, context));
  }

  close(): void {
    this.passkey = null;
    this.dialog.close();
  }
}

/** What becomes of the revocation of the last passkey; null for another one. */
type Last = 'allow' | 'warn' | 'deny' | null;

function question(passkey: Passkey, last: Last, context: TableContext): DialogContent {
  const { texts, errors } = context;
  const title = fillNodes(texts.revokeTitle, { name: shownName(passkey, context) });
  const about = aboutIt(passkey, context);
  if (last === 'deny') {
    const text = [...about, element('p', {}, errors.lastPasskey ?? ''), recovery('')];
    return { title, text, choices: [actionButton('keep', texts.dismiss)] };
  }
  const only = element('p', {}, texts.revokeLast);
  const warning = element(
    'div',
    { class: 'warning', part: 'warning' },
    drawing(SHIELD),
    element('div', {}, only, recovery(texts.recovery)),
  );
  const aboutLast = { allow: [only], warn: [warning] };
  return {
    title,
    text: [
      ...about,
      ...(last ? aboutLast[last] : []),
      element('p', {}, texts.revokeText),
      element('p', {}, ...copy(passkey, context)),
    ],
    choices: [
      actionButton('keep', texts.keep),
      actionButton('confirm-revoke', texts.confirmRevoke, { class: 'primary danger' }),
    ],
  };
}

/** What the page says of other ways to sign in. */
const recovery = (fallback: string): HTMLElement => element('slot', { name: 'recovery' }, fallback);

/** Provider and last use, by which people know which passkey it is. */
function aboutIt(passkey: Passkey, context: TableContext): Node[] {
  const { provider, lastLoginAt } = passkey;
  const parts = [
    ...(provider ? [element('bdi', {}, provider)] : []),
    ...(provider ? [' · '] : []),
    ...(lastLoginAt ? lastUse(passkey, lastLoginAt, context) : [context.texts.notUsedYet]),
  ];
  return [element('p', { class: 'facts' }, ...parts)];
}

function copy({ provider, type }: Passkey, { texts }: TableContext): (Node | string)[] {
  if (!provider || type === 'security_key') return [texts.revokeCopy];
  const url = deletionGuide(provider);
  const link = { href: url, target: '_blank', rel: 'noopener noreferrer', part: 'link' };
  return [
    ...fillNodes(texts.revokeCopyIn, { provider }),
    ...(url ? [' ', element('a', link, fill(texts.howToDelete, { provider }))] : []),
  ];
}
