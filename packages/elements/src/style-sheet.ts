/*
 * Adopted by the shadow roots, so that the elements work in pages with a policy against inline styles. Colours, font, radius
 * and density are custom properties named --keyway-*; everything else is reached through ::part().
 */

/** Light and dark of each colour, without --keyway-. */
const COLORS = {
  text: ['#1b1f27', '#e8ebf0'],
  muted: ['#5a6372', '#a4adba'],
  surface: ['#ffffff', '#181c23'],
  raised: ['#f6f7f9', '#20252e'],
  border: ['#dfe3ea', '#303742'],
  control: ['#848d9b', '#737d8c'],
  'on-accent': ['#ffffff', '#10172b'],
  danger: ['#b3261e', '#ffa39b'],
  'on-danger': ['#ffffff', '#2b0d0a'],
  good: ['#1d6b42', '#7fd6a6'],
} as const;

const declarations = (value: (light: string, dark: string) => string): string =>
  Object.entries(COLORS)
    .map(([name, [light, dark]]) => `--_${name}: var(--keyway-${name}, ${value(light, dark)});`)
    .join('\n');

/** What all elements share. */
const BASE = `
:host {
  ${declarations((light) => light)}
  --_accent: var(--keyway-accent, #2f51c8);
  --_radius: var(--keyway-radius, 12px);
  --_corner: min(var(--_radius), 10px);
  --_unit: calc(0.25rem * var(--keyway-density, 1));
  --_target: calc(2.25rem * var(--keyway-density, 1));
  color-scheme: light;
  color: var(--_text);
  font: 400 0.9375rem/1.45 var(--keyway-font, system-ui, sans-serif);
  text-align: start;
}
@supports (color: light-dark(red, red)) {
  :host {
    ${declarations((light, dark) => `light-dark(${light}, ${dark})`)}
    --_accent: var(--keyway-accent, light-dark(#2f51c8, #9db4ff));
    color-scheme: light dark;
  }
}
/* An accent of the page's own stays readable in both schemes. */
@supports (color: light-dark(oklch(from red min(l, 0.5) c h), red)) {
  :host {
    --_own: var(--keyway-accent, light-dark(#2f51c8, #9db4ff));
    --_accent: light-dark(oklch(from var(--_own) min(l, 0.52) c h), oklch(from var(--_own) max(l, 0.76) c h));
  }
}
:host([hidden]), [hidden] { display: none !important; }
*, ::before, ::after { box-sizing: border-box; }
h2, h3, p, ul, dl, dd { margin: 0; }
:focus-visible { outline: 2px solid var(--_accent); outline-offset: 2px; }
[tabindex='-1']:focus:not(:focus-visible) { outline: none; }
.unseen {
  position: absolute; inline-size: 1px; block-size: 1px; margin: -1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap;
}
button {
  min-block-size: max(24px, var(--_target)); min-inline-size: 24px; padding: var(--_unit) calc(var(--_unit) * 3); border: 1px solid transparent;
  border-radius: var(--_corner); background: none; color: var(--_accent); font: inherit; font-weight: 550; cursor: pointer;
}
button:hover { background: color-mix(in srgb, currentColor 10%, transparent); }
button.danger { color: var(--_danger); }
button.primary { background: var(--_accent); color: var(--_on-accent); padding-inline: calc(var(--_unit) * 4); }
button.primary.danger { background: var(--_danger); color: var(--_on-danger); }
button.primary:hover { background: color-mix(in srgb, var(--_accent) 86%, var(--_text)); }
button.primary.danger:hover { background: color-mix(in srgb, var(--_danger) 86%, var(--_text)); }
button[aria-disabled=true] { opacity: 0.5; cursor: default; }
@media (pointer: coarse) { button, input, summary { min-block-size: 44px; } }
@media (forced-colors: active) { button { border-color: ButtonBorder; } }
.drawing { fill: none; stroke: currentColor; stroke-width: 1.5; stroke-linejoin: round; stroke-linecap: round; }
`;

const sheets = new Map<string, CSSStyleSheet>();

/** A style sheet that all elements of one kind share. */
export function styleSheet(text: string): CSSStyleSheet {
  let sheet = sheets.get(text);
  if (!sheet) {
    sheet = new CSSStyleSheet();
    sheet.replaceSync(text);
    sheets.set(text, sheet);
  }
  return sheet;
}

/** Those of one kind of element. */
export const styleSheets = (own: string): CSSStyleSheet[] => [styleSheet(BASE), styleSheet(own)];
