import type { Language } from './texts.js';

/** The built-in languages besides English, each a file of its own that is loaded when needed. */
const FILES: Readonly<Record<string, () => Promise<{ readonly default: Language }>>> = {
  ar: () => import('../lang/ar.js'),
  de: () => import('../lang/de.js'),
  es: () => import('../lang/es.js'),
  fr: () => import('../lang/fr.js'),
  it: () => import('../lang/it.js'),
  ja: () => import('../lang/ja.js'),
  nl: () => import('../lang/nl.js'),
  pl: () => import('../lang/pl.js'),
  pt: () => import('../lang/pt.js'),
  tr: () => import('../lang/tr.js'),
  zh: () => import('../lang/zh.js'),
};

const loaded = new Map<string, Language>();
const failed = new Set<string>();

/** The code of the built-in language for a language tag: `de` for `de-AT`, `en` for itself; null for any other. */
export function builtIn(tag: string | undefined): string | null {
  const code = tag?.split('-')[0]?.toLowerCase() ?? '';
  return code === 'en' || Object.hasOwn(FILES, code) ? code : null;
}

/**
 * The language if it is there; else loads it and calls `whenLoaded`, and resolves to undefined. English is null: each
 * element has its own part of it. So is what cannot be loaded, once the console has been told.
 */
export function language(code: string | null, whenLoaded: () => void): Language | null | undefined {
  const load = FILES[code ?? ''];
  if (code === null || !load || failed.has(code)) return null;
  const known = loaded.get(code);
  if (known) return known;
  load()
    .then((file) => loaded.set(code, file.default))
    .catch((error: unknown) => {
      failed.add(code);
      console.warn(`Keyway: the texts in “${code}” cannot be loaded; they are English now.`, error);
    })
    .finally(whenLoaded);
  return undefined;
}
