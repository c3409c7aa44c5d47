/*
 * Adopted by the shadow root, so that the table works in pages with a policy against inline styles. Colours,
 * font and radius are custom properties named --keyway-*; everything else is reached through ::part().
 */
const CSS_TEXT = `
:host {
  --_text: var(--keyway-text, light-dark(#1b1f27, #e8ebf0));
  --_muted: var(--keyway-muted, light-dark(#5a6372, #a4adba));
  --_surface: var(--keyway-surface, light-dark(#ffffff, #181c23));
  --_raised: var(--keyway-raised, light-dark(#f6f7f9, #20252e));
  --_border: var(--keyway-border, light-dark(#dfe3ea, #303742));
  --_control: var(--keyway-control, light-dark(#848d9b, #737d8c));
  --_accent: var(--keyway-accent, light-dark(#2f51c8, #9db4ff));
  --_on-accent: var(--keyway-on-accent, light-dark(#ffffff, #10172b));
  --_danger: var(--keyway-danger, light-dark(#b3261e, #ffa39b));
  --_on-danger: var(--keyway-on-danger, light-dark(#ffffff, #2b0d0a));
  --_good: var(--keyway-good, light-dark(#1d6b42, #7fd6a6));
  --_radius: var(--keyway-radius, 12px);
  display: block;
  container-type: inline-size;
  color-scheme: light dark;
  color: var(--_text);
  font: 400 0.9375rem/1.45 var(--keyway-font, system-ui, sans-serif);
  text-align: start;
}
:host([hidden]), [hidden] { display: none !important; }
*, ::before, ::after { box-sizing: border-box; }
h2, p, dl, dd { margin: 0; }

.panel { background: var(--_surface); border: 1px solid var(--_border); border-radius: var(--_radius); }
.header { display: flex; flex-wrap: wrap; gap: 12px; align-items: center; justify-content: space-between; padding: 16px 20px; }
h2 { font-size: 1.125rem; font-weight: 650; line-height: 1.3; }
:focus-visible { outline: 2px solid var(--_accent); outline-offset: 2px; }
.unseen, caption {
  position: absolute; inline-size: 1px; block-size: 1px; margin: -1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap;
}

button {
  min-block-size: 32px; min-inline-size: 32px; padding: 4px 10px; border: 1px solid transparent; border-radius: 8px;
  background: none; color: var(--_accent); font: inherit; font-size: 0.875rem; font-weight: 550; white-space: nowrap; cursor: pointer;
}
button:hover { background: color-mix(in srgb, currentColor 10%, transparent); }
button.danger { color: var(--_danger); }
button.primary { background: var(--_accent); color: var(--_on-accent); padding-inline: 14px; }
button.primary.danger { background: var(--_danger); color: var(--_on-danger); }
button.primary:hover { background: color-mix(in srgb, var(--_accent) 86%, var(--_text)); }
button.primary.danger:hover { background: color-mix(in srgb, var(--_danger) 86%, var(--_text)); }
button[aria-disabled=true] { opacity: 0.5; cursor: default; }
.header button, .choices button, .banner button { min-block-size: 38px; font-size: 0.9375rem; }
.choices button:not(.primary), .banner button, .rename button:not(.primary) { border-color: var(--_control); color: inherit; }

.note, .status, .loading { padding: 0 20px 14px; color: var(--_muted); }
.note:empty, .status:empty, .loading:empty, .banner:empty, .problem:empty { display: none; }
.status { color: var(--_text); }
.loading { padding-block: 24px 32px; text-align: center; }
.loading::before {
  content: ''; display: inline-block; inline-size: 0.9em; block-size: 0.9em; margin-inline-end: 0.6em; vertical-align: -0.1em;
  border: 2px solid var(--_border); border-block-start-color: var(--_accent); border-radius: 50%; animation: turn 0.9s linear infinite;
}
@keyframes turn { to { transform: rotate(1turn); } }
@media (prefers-reduced-motion: reduce) { .loading::before { animation: none; } }
.banner {
  display: flex; flex-wrap: wrap; gap: 8px 16px; align-items: center; justify-content: space-between;
  margin: 0 20px 16px; padding: 10px 14px; border: 1px solid var(--_danger); border-radius: 8px;
  background: color-mix(in srgb, var(--_danger) 7%, var(--_surface));
}
.problem { color: var(--_danger); font-weight: 400; }
.empty:empty { display: none; }
.empty { padding: 20px 20px 40px; text-align: center; color: var(--_muted); }
.empty .drawing { inline-size: 44px; block-size: 44px; margin-block-end: 8px; }
.empty-title { color: var(--_text); font-size: 1.0625rem; font-weight: 600; }
.drawing { inline-size: 100%; block-size: 100%; fill: none; stroke: var(--_muted); stroke-width: 1.5; stroke-linejoin: round; stroke-linecap: round; }

table { inline-size: 100%; border-collapse: collapse; border-block-start: 1px solid var(--_border); text-align: start; }
th, td { padding: 10px 8px; font-weight: inherit; text-align: start; vertical-align: middle; }
:is(th, td):first-child { padding-inline-start: 20px; }
:is(th, td):last-child { padding-inline-end: 14px; }
thead th { padding-block: 8px; background: var(--_raised); color: var(--_muted); font-size: 0.8125rem; white-space: nowrap; }
tbody tr:not(.details) { border-block-start: 1px solid var(--_border); }
.name { display: flex; gap: 12px; align-items: center; min-inline-size: 9rem; }
.name bdi { font-weight: 600; overflow-wrap: anywhere; }
.mark {
  display: block; inline-size: fit-content; margin-block-start: 2px; padding: 0 8px; border: 1px solid var(--_border); border-radius: 8px;
  background: var(--_raised); color: var(--_muted); font-size: 0.8125rem;
}
.icon { display: grid; flex: none; place-items: center; inline-size: 28px; block-size: 28px; }
.icon img { display: block; inline-size: 28px; block-size: 28px; object-fit: contain; }
td[data-field=provider] { min-inline-size: 7rem; overflow-wrap: break-word; }
td[data-field=usage] { font-variant-numeric: tabular-nums; }
time { white-space: nowrap; }
.badge { display: inline-flex; gap: 7px; align-items: baseline; }
.badge::before { content: ''; flex: none; inline-size: 8px; block-size: 8px; border: 2px solid var(--_muted); border-radius: 50%; }
.badge.synced::before { border-color: var(--_good); background: var(--_good); }
.actions { text-align: end; white-space: nowrap; }
[aria-expanded]::after {
  content: ''; display: inline-block; inline-size: 6px; block-size: 6px; margin-inline-start: 7px; translate: 0 -3px; rotate: 45deg;
  border: solid currentColor; border-width: 0 2px 2px 0;
}
[aria-expanded=true]::after { translate: 0 0; rotate: 225deg; }

.rename { display: flex; flex-wrap: wrap; gap: 8px; align-items: center; }
.rename span { display: flex; gap: 8px; }
.rename .problem { flex-basis: 100%; }
input {
  flex: 1 1 11rem; min-inline-size: 0; min-block-size: 34px; padding: 4px 10px; border: 1px solid var(--_control); border-radius: 8px;
  background: var(--_surface); color: inherit; font: inherit;
}
input[aria-invalid=true] { border-color: var(--_danger); }

tbody .details td:first-child { padding-block: 2px 16px; padding-inline: 60px 20px; }
dl { display: grid; grid-template-columns: repeat(auto-fill, minmax(13rem, 1fr)); gap: 12px 24px; padding: 14px 16px; border-radius: 8px; background: var(--_raised); }
dt { color: var(--_muted); font-size: 0.8125rem; }
dd { overflow-wrap: anywhere; }
dl div:nth-last-child(-n + 2) { grid-column: 1 / -1; }
code { font: 0.8125rem/1.4 ui-monospace, monospace; }

dialog {
  inline-size: min(30rem, calc(100vw - 32px)); padding: 24px; border: 1px solid var(--_border); border-radius: var(--_radius);
  background: var(--_surface); color: var(--_text); box-shadow: 0 16px 48px #0005;
}
dialog::backdrop { background: #0b0e1488; }
dialog h2 { overflow-wrap: anywhere; }
dialog p { margin-block-start: 10px; }
.choices { display: flex; flex-wrap: wrap; gap: 10px; justify-content: flex-end; margin-block-start: 22px; }

.events { margin: 0; padding: 0; border-block-start: 1px solid var(--_border); list-style: none; }
.events li { padding: 12px 20px; border-block-end: 1px solid var(--_border); }
.events .passkey { margin-inline-start: 0.5em; font-weight: 600; overflow-wrap: anywhere; }
.facts { display: flex; flex-wrap: wrap; gap: 2px 16px; color: var(--_muted); font-size: 0.8125rem; overflow-wrap: anywhere; }
[data-action=more] { margin: 10px 20px 14px; }

@container (max-width: 1040px) {
  table, tbody, tbody tr, tbody th, tbody td { display: block; }
  thead { position: absolute; inline-size: 1px; block-size: 1px; overflow: hidden; clip-path: inset(50%); }
  tbody tr:not(.details) { display: grid; grid-template-columns: repeat(auto-fit, minmax(8rem, 1fr)); gap: 12px 16px; padding: 16px 20px; }
  tbody tr:first-child { border-block-start: 0; }
  tbody :is(th, td, th:first-child, td:last-child) { padding: 0; }
  tbody :is(th, .actions) { grid-column: 1 / -1; }
  tbody td[data-label]::before { content: attr(data-label) / ''; display: block; color: var(--_muted); font-size: 0.8125rem; }
  .actions { margin-inline: -10px; text-align: start; }
  .actions button { min-block-size: 40px; }
  tbody .details td:first-child { padding: 0 20px 16px; }
}
@media (forced-colors: active) {
  button { border-color: ButtonBorder; }
  .badge::before { forced-color-adjust: none; }
}
`;

let shared: CSSStyleSheet | undefined;

/** The one style sheet that all tables of a page share. */
export function styleSheet(): CSSStyleSheet {
  if (!shared) {
    shared = new CSSStyleSheet();
    shared.replaceSync(CSS_TEXT);
  }
  return shared;
}
