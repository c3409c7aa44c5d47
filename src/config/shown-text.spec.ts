import { toShownText } from './shown-text.js';

describe('text that people are shown', () => {
  it.each([
    ['letters', 'Ada'],
    ['another script', 'עדה'],
    ['a joiner between letters', 'می\u200cخواهم'],
    ['joined emoji', '👨‍👩‍👧‍👦 Ada'],
    ['a mark that tells the direction of what is beside it', 'Ada\u200f'],
    ['markup, which is text', '<b>Ada</b>'],
    ['as many characters as there may be, beyond the BMP too', '😀'.repeat(64)],
  ])('may be %s', (_what, text) => expect(toShownText(text, 64)).toBe(text));

  it.each([
    ['a line break', 'Ada\nLovelace'],
    ['a carriage return', 'Ada\rLovelace'],
    ['a line separator', 'Ada\u2028Lovelace'],
    ['a paragraph separator', 'Ada\u2029Lovelace'],
    ['the next line of C1', 'Ada\u0085Lovelace'],
    ['U+0000', 'Ada\0'],
    ['an escape sequence', '\u001b[31mAda'],
    ['a bidirectional override', 'ada\u202egpj.exe'],
    ['a bidirectional embedding', 'ada\u202bgpj.exe'],
    ['a bidirectional isolate', 'ada\u2067gpj.exe'],
    ['half of a surrogate pair', 'Ada\ud83d'],
    ['more characters than there may be', 'x'.repeat(65)],
    ['far more than could be composed to that', 'e\u0301'.repeat(1_000)],
    ['nothing', ''],
    ['spaces', '   '],
    ['ideographic spaces', '\u3000\u3000'],
    ['zero-width spaces', '\u200b\u200b'],
    ['a byte order mark between joiners', '\u200d\ufeff\u200d'],
    ['Hangul fillers', '\u3164\u115f\u1160\uffa0'],
    ['blank Braille patterns', '\u2800\u2800'],
    ['variation selectors', '\ufe0f\u{e0100}'],
    ['tags', '\u{e0041}'],
    ['soft hyphens', '\u00ad'],
  ])('has no %s, or is refused for it', (_what, text) => expect(toShownText(text, 64)).toBeNull());

  it('is trimmed and composed before it is counted', () => {
    expect(toShownText(`\t ${'e\u0301'.repeat(64)}\n`, 64)).toBe('é'.repeat(64));
    expect(toShownText('e\u0301'.repeat(70), 64)).toBeNull();
    expect(toShownText('😀'.repeat(255), 255)).toBe('😀'.repeat(255));
  });
});
