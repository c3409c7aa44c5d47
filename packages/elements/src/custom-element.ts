/** What the elements extend. On a server, which has no elements, it is a class that can be declared and no more. */
export const BaseElement: typeof HTMLElement =
  typeof HTMLElement === 'undefined' ? (class {} as typeof HTMLElement) : HTMLElement;

/** Defines an element once, in browsers only. */
export function define(name: string, constructor: CustomElementConstructor): void {
  if (typeof customElements !== 'undefined' && !customElements.get(name))
    customElements.define(name, constructor);
}

/** Properties that were set before the element was defined hide its accessors: sets them again through these. */
export function takeProperties(target: HTMLElement, ...names: readonly string[]): void {
  for (const name of names) {
    if (!Object.hasOwn(target, name)) continue;
    const value: unknown = Reflect.get(target, name);
    Reflect.deleteProperty(target, name);
    Reflect.set(target, name, value);
  }
}

/** Whether two values say the same as JSON: frameworks make new objects for old ones each time they render. */
export const saysTheSame = (one: unknown, other: unknown): boolean =>
  JSON.stringify(one) === JSON.stringify(other);

/** Runs something once an element has left the document; being moved within it is no leaving. */
export function whenGone(target: HTMLElement, leave: () => void): void {
  queueMicrotask(() => {
    if (!target.isConnected) leave();
  });
}
