import type { PasskeyType } from './passkey-type.js';

/** Which background an icon is for. */
export type IconVariant = 'light' | 'dark';

/** Outlines on a grid of 24 by 24. */
const OUTLINES: Record<PasskeyType, string> = {
  // a person with a key
  passkey:
    '<circle cx="9" cy="7.5" r="3.75"/><path d="M2.5 20v-1a5 5 0 0 1 5-5h3.25"/>' +
    '<circle cx="17.5" cy="12" r="2.75"/><path d="M17.5 14.75V21.5m0-1.25h2.25m-2.25-2.75h1.75"/>',
  // a stick with a contact
  security_key:
    '<path d="M7 9.5h10v9.25A2.75 2.75 0 0 1 14.25 21.5h-4.5A2.75 2.75 0 0 1 7 18.75Z"/>' +
    '<path d="M9 9.5v-7h6v7"/><path d="M11 5v1.5m2-1.5v1.5"/><circle cx="12" cy="15.5" r="2.25"/>',
  // a telephone before a screen
  platform:
    '<path d="M12.5 16.5h-8A1.5 1.5 0 0 1 3 15V5.5a1.5 1.5 0 0 1 1.5-1.5h14A1.5 1.5 0 0 1 20 5.5V7"/>' +
    '<path d="M2 20h10.5"/><rect x="15" y="10" width="7" height="11.5" rx="1.5"/><path d="M18 19h1"/>',
};

/** The colour of our drawings, and of marks that could not be seen in their own. */
export const STROKES: Record<IconVariant, string> = { light: '#3f4754', dark: '#d8dde5' };

/** Our own drawing for a type, as an SVG document without styles, scripts or references. */
export const drawingOf = (type: PasskeyType, variant: IconVariant): string =>
  '<svg xmlns="http://www.w3.org/2000/svg" width="48" height="48" viewBox="0 0 24 24" fill="none" ' +
  `stroke="${STROKES[variant]}" stroke-width="1.5" stroke-linecap="round" stroke-linejoin="round">` +
  `${OUTLINES[type]}</svg>`;
