// Templates and TSX of Vue 3: `import type {} from '@keyway/elements/vue';` once in an application.
import type { DefineComponent, HTMLAttributes } from 'vue';
import type {
  PasskeySignInElement,
  PasskeySignInEventDetails,
  PasskeyTableElement,
  PasskeyTableEventDetails,
} from '../dist/index.js';

type Camel<Text extends string> = Text extends `${infer First}-${infer Rest}`
  ? `${First}${Capitalize<Camel<Rest>>}`
  : Text;

type Own<Element, Properties extends keyof Element, Details> = DefineComponent<
  HTMLAttributes & { readonly [Name in Properties]?: Element[Name] } & {
    readonly [Name in keyof Details & string as `on${Capitalize<Camel<Name>>}`]?: (
      event: CustomEvent<Details[Name]>,
    ) => void;
  }
>;

declare module 'vue' {
  interface GlobalComponents {
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
