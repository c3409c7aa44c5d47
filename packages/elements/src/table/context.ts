import type { ColorScheme } from '../surroundings.js';
import type { ErrorTextChanges, ErrorTexts, NameTexts, PasskeyTableTexts } from '../text/texts.js';

/** What the table's parts need to know besides the passkeys. */
export interface TableContext {
  /** Whether the texts are there: not while their language is being loaded. */
  readonly isReady: boolean;
  readonly texts: PasskeyTableTexts;
  /** Of the language, with the page's own. English ones are loaded when they are needed, but for the first. */
  readonly errors: Partial<ErrorTexts> & ErrorTextChanges & { readonly unreachable: string };
  readonly names: NameTexts;
  readonly locale: string | undefined;
  /** Of the texts; empty where the page's own holds. */
  readonly direction: 'ltr' | 'rtl' | '';
  /** The texts' language where the page's own is another one. */
  readonly lang: string | undefined;
  readonly baseUrl: string;
  readonly scheme: ColorScheme;
  /** The id of the passkey that this session was opened with; null where the page does not say. */
  readonly currentPasskey: string | null;
  readonly searchFrom: number;
}
