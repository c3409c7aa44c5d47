import type { Plural } from './texts.js';

const PLACEHOLDER = /\{(\w+)\}/;
const RIGHT_TO_LEFT = /[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefc]/;

/**
 * Fills `{key}` in a text for an attribute; unknown keys stay as they are. Where directions may mix, what is filled in is
 * isolated from the sentence around it.
 */
export function fill(text: string, values: Readonly<Record<string, string>>): string {
  return text.replace(/\{(\w+)\}/g, (placeholder, key: string) => {
    const value = values[key];
    if (value === undefined) return placeholder;
    return RIGHT_TO_LEFT.test(text + value) ? `\u2068${value}\u2069` : value;
  });
}

/** Fills `{key}` in a text with nodes, or with texts that keep their own direction. */
export function fillNodes(text: string, values: Readonly<Record<string, Node | string>>): (Node | string)[] {
  return text.split(/(\{\w+\})/).map((part) => {
    const key = PLACEHOLDER.exec(part)?.[1];
    const value = key === undefined ? undefined : values[key];
    if (value === undefined) return part;
    return typeof value === 'string' ? isolated(value) : value;
  });
}

/** The sentence for a count, with the count in the language's digits as `{count}`. */
export function fillPlural(
  plural: Plural,
  count: number,
  locale: string | undefined,
  values: Readonly<Record<string, string>> = {},
): string {
  const text = plural[new Intl.PluralRules(locale).select(count)] ?? plural.other;
  return fill(text, { ...values, count: new Intl.NumberFormat(locale).format(count) });
}

function isolated(text: string): HTMLElement {
  const made = document.createElement('bdi');
  made.textContent = text;
  return made;
}
