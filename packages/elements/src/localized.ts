import { nearestLang } from './surroundings.js';
import { builtIn, language } from './text/languages.js';
import type { Language } from './text/texts.js';

/** In which language an element speaks. */
export interface Speech {
  /** Null for English, of which each element has its own part. */
  readonly language: Language | null;
  /** For dates and numbers: of the texts, so that one sentence has one language. */
  readonly locale: string | undefined;
  readonly direction: 'ltr' | 'rtl' | '';
  /** The texts' language where the element's own is another one, so that it is read out right. */
  readonly lang: string | undefined;
}

const RIGHT_TO_LEFT = new Set(['ar']);

/**
 * The language for an element by the nearest `lang`; undefined while its texts are being loaded, after which `whenLoaded` is
 * called. With texts of the page's own, its language is taken at its word.
 */
export function speechOf(target: Element, hasOwnTexts: boolean, whenLoaded: () => void): Speech | undefined {
  const tag = nearestLang(target);
  const code = builtIn(tag);
  const texts = language(code, whenLoaded);
  if (texts === undefined) return undefined;
  if (hasOwnTexts && code === null) return { language: null, locale: tag, direction: '', lang: undefined };
  const spoken = texts === null ? 'en' : code!;
  return {
    language: texts,
    locale: code === spoken ? tag : 'en',
    direction: RIGHT_TO_LEFT.has(spoken) ? 'rtl' : 'ltr',
    lang: code === spoken ? undefined : spoken,
  };
}
