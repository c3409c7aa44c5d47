import { element } from '../dom.js';
import { count, moment } from '../text/formats.js';
import type { UserPasskey as Passkey } from '@keyway/passage-flex-js/http.js';
import { placeIn } from './card.js';
import type { TableContext } from './context.js';

/** What is of interest now and then: ids, transports, exact times. */
export function details(passkey: Passkey, context: TableContext): HTMLElement[] {
  const { texts, locale } = context;
  const row = (field: string, label: string, content: Node | string | false | null | undefined) =>
    content
      ? [element('div', { 'data-field': field }, element('dt', {}, label), element('dd', {}, content))]
      : [];
  const { createdFrom, lastLoginAt, transports } = passkey;
  return [
    ...row('type', texts.type, texts.types[passkey.type]),
    ...row('provider', texts.provider, passkey.provider),
    ...row('added-at', texts.addedAt, moment(passkey.createdAt, locale)),
    ...row('added-from', texts.addedFrom, createdFrom && placeIn(createdFrom, context)),
    ...row('renamed-at', texts.renamedAt, moment(passkey.updatedAt, locale)),
    ...row('last-used-at', texts.lastUsedAt, lastLoginAt && moment(lastLoginAt, locale)),
    ...row('usage', texts.uses, passkey.usageCount > 0 && count(passkey.usageCount, locale)),
    ...row('transports', texts.transports, transports.join(', ')),
    ...row('id', texts.id, element('code', {}, passkey.id)),
    ...row('credential-id', texts.credentialId, element('code', {}, passkey.credId)),
  ];
}
