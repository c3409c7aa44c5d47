/*
 * Text that people are shown as a name: of a passkey, an account, a provider, an app. It stands in browsers' prompts and in
 * lists beside other text, which it must not be able to break, reorder or pass for.
 */

/** Nothing that controls, breaks the line, or embeds, overrides or isolates the direction of text; no lone surrogate. */
const SAFE = '[^\\p{Cc}\\p{Cs}\\p{Zl}\\p{Zp}\\u202a-\\u202e\\u2066-\\u2069]';
/** Not a space, nor of what is invisible by itself: joiners, variation selectors, Hangul fillers, the blank of Braille. */
const VISIBLE = '[^\\p{Z}\\p{C}\\p{Default_Ignorable_Code_Point}\\u2800]';

/** UTF-16 code units for each character: a longer text cannot become short enough, and composing it can take a second. */
const MOST_PER_CHARACTER = 16;

const rules = new Map<number, RegExp>();

/** Matches text of 1 to `max` characters (code points) that is fit to be shown; at least one of them is visible. */
export function shownText(max: number): RegExp {
  const rule = rules.get(max) ?? new RegExp(`^(?=.*${VISIBLE})${SAFE}{1,${max}}$`, 'u');
  rules.set(max, rule);
  return rule;
}

/** The text as it is kept, trimmed and in NFC; one that is too long for `max` characters is only trimmed. */
export function tidyText(text: string, max: number): string {
  const trimmed = text.trim();
  return trimmed.length > max * MOST_PER_CHARACTER ? trimmed : trimmed.normalize('NFC');
}

/** The text as it is kept, or null if it is not fit to be shown in `max` characters at most. */
export function toShownText(text: string, max: number): string | null {
  const kept = tidyText(text, max);
  return shownText(max).test(kept) ? kept : null;
}
