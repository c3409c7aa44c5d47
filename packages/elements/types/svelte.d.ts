// Templates of Svelte 5: `import type {} from '@keyway/elements/svelte';` once in an application.
import type { HTMLAttributes } from 'svelte/elements';
import type {
  PasskeySignInElement,
  PasskeySignInEventDetails,
  PasskeyTableElement,
  PasskeyTableEventDetails,
} from '../dist/index.js';

type Own<Element extends EventTarget, Properties extends keyof Element, Details> = HTMLAttributes<Element> & {
  readonly [Name in Properties]?: Element[Name];
} & {
  readonly [Name in keyof Details & string as `on${Name}`]?: (event: CustomEvent<Details[Name]>) => void;
};

declare module 'svelte/elements' {
  interface SvelteHTMLElements {
    'passkey-table': Own<
      PasskeyTableElement,
      'baseUrl' | 'currentPasskey' | 'getToken' | 'searchFrom' | 'stepUp' | 'texts' | 'userKey',
      PasskeyTableEventDetails
    >;
    'passkey-sign-in': Own<
      PasskeySignInElement,
      'appId' | 'autofill' | 'baseUrl' | 'getToken' | 'texts' | 'transactionId',
      PasskeySignInEventDetails
    >;
  }
}
