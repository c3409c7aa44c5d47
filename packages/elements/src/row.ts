import { actionButton, element } from './dom.js';
import { count, day, moment } from './formats.js';
import { icon, type ColorScheme } from './icon.js';
import { fill, type PasskeyTableTexts } from './texts.js';
import type { UserPasskey as Passkey } from '@keyway/passage-flex-js';

/** What rows need to know besides the passkey itself. */
export interface RowContext {
  readonly texts: PasskeyTableTexts;
  readonly locale: string | undefined;
  readonly baseUrl: string;
  readonly scheme: ColorScheme;
}

/** How many columns a row has. */
const COLUMNS = 7;

/** The passkey's row; `expanded` says whether its details are shown below it. */
export function passkeyRow(passkey: Passkey, expanded: boolean, context: RowContext): HTMLTableRowElement {
  const { texts, locale } = context;
  const lastUsed = passkey.lastLoginAt ? day(passkey.lastLoginAt, locale) : texts.never;
  return element(
    'tr',
    { role: 'row', part: 'row', 'data-passkey-id': passkey.id },
    element(
      'th',
      { scope: 'row', role: 'rowheader', part: 'cell', 'data-field': 'name' },
      nameOf(passkey, context),
    ),
    cell('provider', texts.columnProvider, passkey.provider ?? texts.unknown),
    cell('synced', texts.columnSynced, storage(passkey, texts)),
    cell('added', texts.columnAdded, day(passkey.createdAt, locale)),
    cell('last-used', texts.columnLastUsed, lastUsed),
    cell('usage', texts.columnUsage, count(passkey.usageCount, locale)),
    element('td', { role: 'cell', part: 'cell', class: 'actions' }, ...actions(passkey, expanded, texts)),
  );
}

/** The row below a passkey's own which holds what is of interest now and then. */
export function detailsRow(passkey: Passkey, expanded: boolean, context: RowContext): HTMLTableRowElement {
  const { texts, locale } = context;
  const list = element(
    'dl',
    { part: 'details' },
    ...detail(texts.type, texts.types[passkey.type] ?? passkey.type),
    ...detail(texts.columnAdded, moment(passkey.createdAt, locale)),
    ...detail(texts.updated, moment(passkey.updatedAt, locale)),
    ...detail(texts.columnLastUsed, passkey.lastLoginAt ? moment(passkey.lastLoginAt, locale) : texts.never),
    ...detail(texts.columnUsage, count(passkey.usageCount, locale)),
    ...detail(texts.transports, passkey.transports.join(', ') || texts.unknown),
    ...detail(texts.id, element('code', {}, passkey.id)),
    ...detail(texts.credentialId, element('code', {}, passkey.credId)),
  );
  return element(
    'tr',
    {
      role: 'row',
      class: 'details',
      id: detailsId(passkey),
      'data-details-of': passkey.id,
      hidden: !expanded,
    },
    element('td', { role: 'cell', colspan: String(COLUMNS) }, list),
  );
}

/** The name cell's content while the passkey is being renamed. */
export function renameForm(passkey: Passkey, texts: PasskeyTableTexts): HTMLFormElement {
  const input = element('input', {
    name: 'friendlyName',
    part: 'input',
    maxlength: '64',
    autocomplete: 'off',
    spellcheck: 'false',
    'aria-label': fill(texts.newName, { name: passkey.friendlyName }),
    'aria-describedby': 'rename-error',
  });
  input.value = passkey.friendlyName;
  return element(
    'form',
    { class: 'rename', novalidate: true },
    input,
    element(
      'span',
      {},
      actionButton('save', texts.save, { type: 'submit', class: 'primary' }),
      actionButton('cancel', texts.cancel),
    ),
    element('p', { class: 'problem', id: 'rename-error', role: 'alert' }),
  );
}

/** The name cell's content otherwise. */
export function nameOf(passkey: Passkey, { texts, baseUrl, scheme }: RowContext): HTMLElement {
  const name = element('bdi', { part: 'name' }, passkey.friendlyName);
  // A passkey that its user was not asked for is to be noticed.
  const mark = passkey.automatic
    ? [element('span', { class: 'mark', part: 'mark', 'data-field': 'automatic' }, texts.automatic)]
    : [];
  return element('div', { class: 'name' }, icon(passkey, baseUrl, scheme), element('div', {}, name, ...mark));
}

function cell(field: string, label: string, content: Node | string): HTMLTableCellElement {
  return element('td', { role: 'cell', part: 'cell', 'data-field': field, 'data-label': label }, content);
}

function storage({ synced }: Passkey, texts: PasskeyTableTexts): HTMLElement | string {
  if (synced === null) return texts.unknown;
  const state = synced ? 'synced' : 'local';
  return element(
    'span',
    { class: `badge ${state}`, part: `badge ${state}` },
    synced ? texts.synced : texts.notSynced,
  );
}

function actions(passkey: Passkey, expanded: boolean, texts: PasskeyTableTexts): HTMLButtonElement[] {
  const name = { name: passkey.friendlyName };
  return [
    actionButton('details', texts.details, {
      'aria-label': fill(texts.detailsOf, name),
      'aria-expanded': String(expanded),
      'aria-controls': detailsId(passkey),
    }),
    actionButton('rename', texts.rename, { 'aria-label': fill(texts.renameOf, name) }),
    actionButton('revoke', texts.revoke, { 'aria-label': fill(texts.revokeOf, name), class: 'danger' }),
  ];
}

function detail(label: string, content: Node | string): HTMLElement[] {
  return [element('div', {}, element('dt', {}, label), element('dd', {}, content))];
}

function detailsId({ id }: Passkey): string {
  return `details-${id}`;
}
