import { byId } from './page.js';

/** The languages that the elements speak. */
const LANGUAGES = ['en', 'de', 'fr', 'es', 'pt', 'it', 'nl', 'pl', 'tr', 'ar', 'ja', 'zh-Hans'];

/** Lets the visitor choose the elements' language, and the theme of the page. */
export function chooseLanguageAndTheme(elements: readonly HTMLElement[]): void {
  const language = byId('language', HTMLSelectElement);
  for (const code of LANGUAGES) language.add(new Option(nameOf(code), code));
  language.addEventListener('change', () => {
    for (const element of elements) element.lang = language.value;
  });
  const theme = byId('theme', HTMLSelectElement);
  theme.addEventListener('change', () => (document.documentElement.style.colorScheme = theme.value));
}

/** In its own words. */
const nameOf = (code: string): string => new Intl.DisplayNames(code, { type: 'language' }).of(code) ?? code;
