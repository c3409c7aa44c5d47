import { type Language, type PasskeyTableElement, UserApi } from '@keyway/elements';
import type {} from '@keyway/elements/vue';
import type { GlobalComponents } from 'vue';

/* What has to compile in an application without a framework, or with Vue, and what must not. */
const table: PasskeyTableElement = document.querySelector('passkey-table')!;
table.getToken = () => 'token';
table.addEventListener('passkey-renamed', ({ detail }) => detail.passkey.friendlyName.length);
document.addEventListener('passkeys-loaded', ({ detail }) => detail.passkeys.length);
document
  .querySelector('passkey-sign-in')!
  .addEventListener('passkey-nonce', ({ detail }) => detail.nonce.length);
export const passkeys = new UserApi('', () => 'token').list();

// @ts-expect-error a language is complete
export const swedish: Language = { table: { heading: 'Nycklar' } };

type TableProps = InstanceType<GlobalComponents['passkey-table']>['$props'];
export const props: TableProps = {
  getToken: () => 'token',
  onPasskeyAdded: (event) => event.detail.externalId,
};
