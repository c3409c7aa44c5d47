import type { DemoTexts } from './demo-texts.js';
import ENGLISH from './lang/en.js';

const FILES: Readonly<Record<string, () => Promise<{ readonly default: DemoTexts }>>> = {
  de: () => import('./lang/de.js'),
  fr: () => import('./lang/fr.js'),
  es: () => import('./lang/es.js'),
  pt: () => import('./lang/pt.js'),
  it: () => import('./lang/it.js'),
  nl: () => import('./lang/nl.js'),
  pl: () => import('./lang/pl.js'),
  tr: () => import('./lang/tr.js'),
  ar: () => import('./lang/ar.js'),
  ja: () => import('./lang/ja.js'),
  zh: () => import('./lang/zh.js'),
};

/** The languages of the page, which are those of the elements. */
export const LANGUAGES: readonly string[] = ['en', ...Object.keys(FILES)];

let spoken = ENGLISH;

/** The texts in the language of the page. */
export const texts = (): DemoTexts => spoken;

/** Says everything that is on the page in another language; stays with the one before if its file cannot be had. */
export async function speak(language: string): Promise<void> {
  spoken = (await FILES[language]?.())?.default ?? ENGLISH;
  const { documentElement } = document;
  documentElement.lang = language;
  documentElement.dir = language === 'ar' ? 'rtl' : 'ltr';
  for (const element of document.querySelectorAll<HTMLElement>('[data-text]')) {
    element.textContent = spoken[element.dataset['text'] as keyof DemoTexts];
  }
}

/** Puts a sentence around a node: `Signed in as {name}`. */
export function around(template: string, node: Node): (Node | string)[] {
  const [before = '', after = ''] = template.split('{name}');
  return [before, node, after];
}
