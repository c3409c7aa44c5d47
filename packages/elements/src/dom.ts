type Attributes = Readonly<Record<string, string | boolean | null | undefined>>;

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

/** A button that the table's click listener recognises by `data-action`. */
export function actionButton(action: string, label: string, attributes: Attributes = {}): HTMLButtonElement {
  return element(
    'button',
    { type: 'button', part: `button ${action}-button`, 'data-action': action, ...attributes },
    label,
  );
}

/** Our own decorative drawing of a key, for passkeys without an icon. */
export function keyDrawing(): SVGSVGElement {
  const drawing = document.createElementNS('http://www.w3.org/2000/svg', 'svg');
  setAttributes(drawing, { viewBox: '0 0 24 24', 'aria-hidden': 'true', class: 'drawing' });
  const path = document.createElementNS('http://www.w3.org/2000/svg', 'path');
  path.setAttribute('d', 'M12 12.5a4.5 4.5 0 1 1 2.2-3.9L21 15.4V19h-3.4v-2.3h-2.3v-2.3h-1.9zM8.6 7.1v.01');
  drawing.append(path);
  return drawing;
}

/** A property that was set before the element was defined hides the accessor: sets it again through it. */
export function upgradeProperty<Target extends HTMLElement>(
  target: Target,
  name: keyof Target & string,
): void {
  if (!Object.hasOwn(target, name)) return;
  const value: unknown = Reflect.get(target, name);
  Reflect.deleteProperty(target, name);
  Reflect.set(target, name, value);
}

function setAttributes(target: Element, attributes: Attributes): void {
  for (const [name, value] of Object.entries(attributes)) {
    if (value === true) target.setAttribute(name, '');
    else if (typeof value === 'string') target.setAttribute(name, value);
  }
}
