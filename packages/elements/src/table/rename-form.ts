import { actionButton, element } from '../dom.js';
import { fill } from '../text/fill.js';
import type { Card } from './card.js';
import type { TableContext } from './context.js';
import { shownName } from './names.js';

/** Puts a field in the place of a passkey's name, with the name selected in it. */
export function beginRename(card: Card, context: TableContext): void {
  const { texts } = context;
  const name = shownName(card.passkey, context);
  const problemId = `problem-${card.passkey.id}`;
  const input = element('input', {
    // In the name's place also as what the card is called by.
    id: `name-${card.passkey.id}`,
    name: 'friendlyName',
    part: 'input',
    maxlength: '64',
    autocomplete: 'off',
    spellcheck: 'false',
    dir: 'auto',
    'aria-label': fill(texts.newName, { name }),
    'aria-describedby': problemId,
  });
  input.value = name;
  const form = element(
    'form',
    { class: 'rename', novalidate: true },
    input,
    element(
      'span',
      { class: 'choices' },
      actionButton('save', texts.save, { type: 'submit', class: 'primary' }),
      actionButton('cancel', texts.cancel),
    ),
    element('p', { class: 'problem', id: problemId }),
  );
  card.setForm(form, context);
  input.select();
  input.focus();
}

/** What has been typed as the new name. */
export const typedName = ({ form }: Card): string => form?.querySelector('input')?.value ?? '';

/** Says at the field what is wrong with the name; an empty sentence takes it away. */
export function showNameProblem({ form }: Card, sentence: string): void {
  form?.querySelector('.problem')?.replaceChildren(sentence);
  form?.querySelector('input')?.setAttribute('aria-invalid', String(sentence !== ''));
}
