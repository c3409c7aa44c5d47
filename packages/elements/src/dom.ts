type Attributes = Readonly<Record<string, string | boolean | null | undefined>>;

const SVG = 'http://www.w3.org/2000/svg';

/** The path of a drawing of our own, in a box of 24 by 24. */
export const KEY = 'M12 12.5a4.5 4.5 0 1 1 2.2-3.9L21 15.4V19h-3.4v-2.3h-2.3v-2.3h-1.9zM8.6 7.1v.01';

/**
 * Makes an element. Attribute values of true are set empty; false, null and undefined are left out.
 * Strings among the children become text, never HTML.
 */
export function element<Tag extends keyof HTMLElementTagNameMap>(
  tag: Tag,
  attributes: Attributes = {},
  ...children: readonly (Node | string)[]
): HTMLElementTagNameMap[Tag] {
  const made = document.createElement(tag);
  setAttributes(made, attributes);
  made.append(...children);
  return made;
}

/** A button that the element's click listener recognises by `data-action`. */
export function actionButton(action: string, label: string, attributes: Attributes = {}): HTMLButtonElement {
  return element(
    'button',
    { type: 'button', part: `button ${action}-button`, 'data-action': action, ...attributes },
    label,
  );
}

/** A decorative drawing of our own by its path. */
export function drawing(d: string): SVGSVGElement {
  const made = document.createElementNS(SVG, 'svg');
  setAttributes(made, { viewBox: '0 0 24 24', 'aria-hidden': 'true', class: 'drawing' });
  const path = document.createElementNS(SVG, 'path');
  path.setAttribute('d', d);
  made.append(path);
  return made;
}

function setAttributes(target: Element, attributes: Attributes): void {
  for (const [name, value] of Object.entries(attributes)) {
    if (value === true) target.setAttribute(name, '');
    else if (typeof value === 'string') target.setAttribute(name, value);
  }
}
