const UNSHOWN = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu;

/** What a file has, for a sentence: `\ufffd` for characters that cannot be shown, and at most `max` of them all. */
export function excerpt(text: string, max: number): string {
  const characters = [...text.slice(0, 2 * max + 1)];
  const kept = characters.length > max ? [...characters.slice(0, max - 1), '…'] : characters;
  return kept.join('').replace(UNSHOWN, '\ufffd');
}
