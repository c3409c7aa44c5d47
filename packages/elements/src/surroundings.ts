import { validLocale } from './text/formats.js';

/** How icons are chosen: by a fixed scheme, or `auto` for the system's preference. */
export type ColorScheme = 'light' | 'dark' | 'auto';

/** The nearest `lang` around an element, through the shadow trees that it is in; undefined without a usable one. */
export function nearestLang(start: Element): string | undefined {
  for (let scope: Element | null = start; scope; scope = hostOf(scope)) {
    const tagged = scope.closest<HTMLElement>('[lang]');
    if (tagged) return validLocale(tagged.getAttribute('lang'));
  }
  return undefined;
}

/** The colour scheme of an element. */
export function colorScheme(target: Element): ColorScheme {
  const { colorScheme: scheme } = target.isConnected ? getComputedStyle(target) : { colorScheme: '' };
  return scheme === 'light' || scheme === 'dark' ? scheme : 'auto';
}

/** Calls `changed` when the language or the theme around an element may have changed. Returns how to stop. */
export function watchSurroundings(target: Element, changed: () => void): () => void {
  const observer = new MutationObserver(changed);
  for (let scope: Element | null = target; scope; scope = hostOf(scope)) {
    observer.observe(scope.getRootNode(), { subtree: true, attributeFilter: ['lang'] });
  }
  const { documentElement } = document;
  observer.observe(documentElement, { attributeFilter: ['lang', 'class', 'style', 'data-theme'] });
  const dark = matchMedia('(prefers-color-scheme: dark)');
  dark.addEventListener('change', changed);
  return () => {
    observer.disconnect();
    dark.removeEventListener('change', changed);
  };
}

function hostOf(scope: Element): Element | null {
  const root = scope.getRootNode();
  return root instanceof ShadowRoot ? root.host : null;
}
