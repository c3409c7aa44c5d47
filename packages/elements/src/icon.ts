import { element, keyDrawing } from './dom.js';
import type { UserPasskey as Passkey } from '@keyway/passage-flex-js';

/** How icons are chosen: by a fixed scheme, or `auto` for the system's preference. */
export type ColorScheme = 'light' | 'dark' | 'auto';

/**
 * A passkey's icon, decorative: through `<img>` only, so that nothing in it can run. Without a usable address,
 * and where it does not load, a key is drawn instead. Relative addresses count from `baseUrl`.
 */
export function icon({ icons }: Passkey, baseUrl: string, scheme: ColorScheme): HTMLElement {
  const light = address(icons.light, baseUrl);
  const dark = address(icons.dark, baseUrl);
  const source = (scheme === 'dark' ? (dark ?? light) : (light ?? dark)) ?? null;
  const box = element('span', { class: 'icon', part: 'icon' });
  if (!source) {
    box.append(keyDrawing());
    return box;
  }
  const image = element('img', {
    src: source,
    alt: '',
    width: '28',
    height: '28',
    referrerpolicy: 'no-referrer',
  });
  image.addEventListener('error', () => box.replaceChildren(keyDrawing()), { once: true });
  const picture = element('picture');
  if (scheme === 'auto' && dark) {
    picture.append(element('source', { srcset: dark, media: '(prefers-color-scheme: dark)' }));
  }
  picture.append(image);
  box.append(picture);
  return box;
}

function address(url: string | null, baseUrl: string): string | null {
  if (!url) return null;
  try {
    const { protocol, href } = new URL(url, new URL(baseUrl || '/', document.baseURI));
    return protocol === 'https:' || protocol === 'http:' || href.startsWith('data:image/') ? href : null;
  } catch {
    return null;
  }
}
