import { drawing, element, KEY } from '../dom.js';
import type { ColorScheme } from '../surroundings.js';
import type { UserPasskey as Passkey } from '@keyway/passage-flex-js/http.js';

const STICK = 'M9 3h6v5H9zM7 8h10v11a2 2 0 0 1-2 2H9a2 2 0 0 1-2-2zM12 13.5v2.5M12 12v.01';

/**
 * A passkey's icon, decorative: through `<img>` only, so that nothing in it can run. Without a usable address,
 * and where it does not load, a drawing of our own stands instead. Relative addresses count from `baseUrl`.
 */
export function icon({ icons, type }: Passkey, baseUrl: string, scheme: ColorScheme): HTMLElement {
  const fallback = type === 'security_key' ? STICK : KEY;
  const light = address(icons.light, baseUrl);
  const dark = address(icons.dark, baseUrl);
  const source = (scheme === 'dark' ? (dark ?? light) : (light ?? dark)) ?? null;
  const box = element('span', { class: 'icon', part: 'icon' });
  if (!source) {
    box.append(drawing(fallback));
    return box;
  }
  const image = element('img', {
    src: source,
    alt: '',
    width: '28',
    height: '28',
    referrerpolicy: 'no-referrer',
  });
  image.addEventListener('error', () => box.replaceChildren(drawing(fallback)), { once: true });
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
