import { element } from './dom.js';

/** A day as a `<time>`; the full date and time are its tooltip. A malformed date is shown as it came. */
export function day(date: string, locale: string | undefined): HTMLElement {
  return time(date, locale, { dateStyle: 'medium' });
}

/** A date with its time of day as a `<time>`. */
export function moment(date: string, locale: string | undefined): HTMLElement {
  return time(date, locale, { dateStyle: 'medium', timeStyle: 'medium' });
}

/** A count with the locale's digits and separators. */
export function count(value: number, locale: string | undefined): string {
  return new Intl.NumberFormat(locale).format(value);
}

/** The language tag if `Intl` knows its form, else undefined, which stands for the browser's own. */
export function validLocale(tag: string | null | undefined): string | undefined {
  try {
    return tag ? Intl.getCanonicalLocales(tag)[0] : undefined;
  } catch {
    return undefined;
  }
}

function time(date: string, locale: string | undefined, format: Intl.DateTimeFormatOptions): HTMLElement {
  const parsed = new Date(date);
  if (Number.isNaN(parsed.getTime())) return element('span', {}, date);
  const full = new Intl.DateTimeFormat(locale, { dateStyle: 'full', timeStyle: 'long' }).format(parsed);
  return element(
    'time',
    { datetime: date, title: full },
    new Intl.DateTimeFormat(locale, format).format(parsed),
  );
}
