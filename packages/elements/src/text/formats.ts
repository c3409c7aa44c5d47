import { element } from '../dom.js';

const UNITS: readonly (readonly [Intl.RelativeTimeFormatUnit, number])[] = [
  ['day', 86_400_000],
  ['hour', 3_600_000],
  ['minute', 60_000],
];
const DAYS_IN_WORDS = 30;

/** When something happened, such as "2 days ago", or the day where that is long ago; the exact time is its tooltip. */
export function ago(date: string, locale: string | undefined): HTMLElement {
  return time(date, locale, (then) => {
    const passed = Date.now() - then.getTime();
    if (passed > DAYS_IN_WORDS * 86_400_000) return dayOf(then, locale);
    const inWords = new Intl.RelativeTimeFormat(locale, { numeric: 'auto' });
    const [unit, length] = UNITS.find(([, each]) => passed >= each) ?? ['second', Infinity];
    return inWords.format(-Math.max(0, Math.floor(passed / length)), unit);
  });
}

/** On which day something happened, such as "today" or "9 March"; the exact time is its tooltip. */
export function day(date: string, locale: string | undefined): HTMLElement {
  return time(date, locale, (then) => {
    const days = Math.round((midnight(new Date()) - midnight(then)) / 86_400_000);
    const isRecent = days >= 0 && days <= 1;
    return isRecent
      ? new Intl.RelativeTimeFormat(locale, { numeric: 'auto' }).format(-days, 'day')
      : dayOf(then, locale);
  });
}

/** A date with its time of day. */
export function moment(date: string, locale: string | undefined): HTMLElement {
  return time(date, locale, (then) =>
    new Intl.DateTimeFormat(locale, { dateStyle: 'medium', timeStyle: 'medium' }).format(then),
  );
}

/** A count with the locale's digits and separators. */
export function count(value: number, locale: string | undefined): string {
  return new Intl.NumberFormat(locale).format(value);
}

/** The language tag if `Intl` knows its form, else undefined. */
export function validLocale(tag: string | null | undefined): string | undefined {
  try {
    return tag ? Intl.getCanonicalLocales(tag)[0] : undefined;
  } catch {
    return undefined;
  }
}

/** A `<time>`; a malformed date is shown as it came. */
function time(date: string, locale: string | undefined, say: (then: Date) => string): HTMLElement {
  const then = new Date(date);
  if (Number.isNaN(then.getTime())) return element('span', {}, date);
  const exact = new Intl.DateTimeFormat(locale, { dateStyle: 'full', timeStyle: 'long' }).format(then);
  return element('time', { datetime: date, title: exact }, say(then));
}

function dayOf(then: Date, locale: string | undefined): string {
  const isThisYear = then.getFullYear() === new Date().getFullYear();
  const year = isThisYear ? undefined : 'numeric';
  return new Intl.DateTimeFormat(locale, { day: 'numeric', month: 'long', year }).format(then);
}

const midnight = (date: Date): number =>
  new Date(date.getFullYear(), date.getMonth(), date.getDate()).getTime();
