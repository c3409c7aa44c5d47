import { byId } from './page.js';
import { LANGUAGES, speak } from './texts.js';

const [LANGUAGE, THEME] = ['keyway-demo-language', 'keyway-demo-theme'];
const THEMES = ['light dark', 'light', 'dark'];

/** Lets the visitor choose the language and the theme of the page, which the elements follow; both are remembered. */
export async function chooseLanguageAndTheme(whenSpoken: () => void): Promise<void> {
  const language = byId('language', HTMLSelectElement);
  for (const code of LANGUAGES) language.add(new Option(nameOf(code), code));
  const theme = byId('theme', HTMLSelectElement);
  const change = async (): Promise<void> => {
    await speak(language.value);
    whenSpoken();
  };
  language.addEventListener('change', () => {
    localStorage.setItem(LANGUAGE, language.value);
    void change();
  });
  theme.addEventListener('change', () => {
    localStorage.setItem(THEME, theme.value);
    showTheme(theme.value);
  });
  const remembered = localStorage.getItem(THEME) ?? '';
  theme.value = THEMES.includes(remembered) ? remembered : THEMES[0]!;
  showTheme(theme.value);
  language.value = preferred();
  await change();
}

const showTheme = (theme: string): void => void (document.documentElement.style.colorScheme = theme);

/** The language that was chosen before, else the first of the browser's that the page has. */
function preferred(): string {
  const wanted = [localStorage.getItem(LANGUAGE) ?? '', ...navigator.languages];
  return wanted.map((tag) => tag.split('-')[0]!).find((code) => LANGUAGES.includes(code)) ?? 'en';
}

/** In its own words. */
const nameOf = (code: string): string => new Intl.DisplayNames(code, { type: 'language' }).of(code) ?? code;
