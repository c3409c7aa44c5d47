// JSX of React 19: `import type {} from '@keyway/elements/react';` once in an application.
import type { DetailedHTMLProps, HTMLAttributes } from 'react';
import type {
  PasskeySignInElement,
  PasskeySignInEventDetails,
  PasskeyTableElement,
  PasskeyTableEventDetails,
} from '../dist/index.js';

type Own<Element, Properties extends keyof Element, Details> = DetailedHTMLProps<
  HTMLAttributes<Element>,
  Element
> & { readonly [Name in Properties]?: Element[Name] | undefined } & {
  readonly [Name in keyof Details & string as `on${Name}`]?:
    ((event: CustomEvent<Details[Name]>) => void) | undefined;
};

declare module 'react' {
  namespace JSX {
    interface IntrinsicElements {
      'passkey-table': Own<PasskeyTableElement, 'getToken' | 'stepUp' | 'texts', PasskeyTableEventDetails> & {
        readonly 'base-url'?: string | undefined;
        readonly 'current-passkey'?: string | undefined;
        readonly 'search-from'?: number | string | undefined;
        readonly 'user-key'?: string | undefined;
      };
      'passkey-sign-in': Own<PasskeySignInElement, 'getToken' | 'texts', PasskeySignInEventDetails> & {
        readonly 'base-url'?: string | undefined;
        readonly 'app-id'?: string | undefined;
        readonly 'transaction-id'?: string | undefined;
        readonly autofill?: boolean | undefined;
      };
    }
  }
}
