/** The table's own styles; its width alone decides how cards are laid out, in rem, so that large text counts as well. */
export const TABLE_STYLES = `
:host { display: block; container-type: inline-size; }
.panel { position: relative; background: var(--_surface); border: 1px solid var(--_border); border-radius: var(--_radius); }
.mute { visibility: hidden; min-block-size: 8rem; }
.header {
  display: flex; flex-wrap: wrap; gap: calc(var(--_unit) * 2) calc(var(--_unit) * 4); align-items: center; justify-content: space-between;
  padding: calc(var(--_unit) * 3) calc(var(--_unit) * 5);
}
.header-end { display: flex; flex-wrap: wrap; gap: calc(var(--_unit) * 3); align-items: center; }
.count:empty { display: none; }
.count { color: var(--_muted); font-size: 0.875rem; }
h2 { font-size: 1.125rem; font-weight: 650; line-height: 1.3; }
.note, .loading, .found, .advice { padding: 0 calc(var(--_unit) * 5) calc(var(--_unit) * 3); color: var(--_muted); }
.note:empty, .loading:empty, .found:empty { padding: 0; }
.loading { padding-block: 1.5rem 2rem; text-align: center; }
.loading:empty::before { content: none; }
.loading::before {
  content: ''; display: inline-block; inline-size: 0.9em; block-size: 0.9em; margin-inline-end: 0.6em; vertical-align: -0.1em;
  border: 2px solid var(--_border); border-block-start-color: var(--_accent); border-radius: 50%; animation: turn 0.9s linear infinite;
}
@keyframes turn { to { transform: rotate(1turn); } }
.banner, .toast, .message {
  --_tone: var(--_border);
  border: 1px solid var(--_tone); border-radius: var(--_corner); background: color-mix(in srgb, var(--_tone) 9%, var(--_surface));
}
[data-tone=good] { --_tone: var(--_good); }
[data-tone=bad] { --_tone: var(--_danger); }
.banner, .toast {
  display: flex; flex-wrap: wrap; gap: calc(var(--_unit) * 2) calc(var(--_unit) * 4); align-items: center; justify-content: space-between;
  padding: calc(var(--_unit) * 2) calc(var(--_unit) * 4); overflow-wrap: anywhere;
}
.banner { margin: 0 calc(var(--_unit) * 5) calc(var(--_unit) * 3); }
.toast {
  position: sticky; inset-block-end: 12px; z-index: 1; margin: 0 calc(var(--_unit) * 3) calc(var(--_unit) * 3); box-shadow: 0 6px 24px #0003;
}
.message { grid-column: 1 / -1; margin-block-start: calc(var(--_unit) * 2); padding: calc(var(--_unit) * 1.5) calc(var(--_unit) * 3); overflow-wrap: anywhere; }
:is(.banner, .choices) button:not(.primary), .toast button { border-color: var(--_control); color: inherit; }
.hero { padding: 1rem calc(var(--_unit) * 5) 2rem; text-align: center; }
.hero-text { display: grid; justify-items: center; gap: 0.5rem; max-inline-size: 34rem; margin: 0 auto 1.25rem; color: var(--_muted); }
.hero .drawing { inline-size: 3rem; block-size: 3rem; color: var(--_accent); }
.hero h3 { color: var(--_text); font-size: 1.25rem; font-weight: 650; line-height: 1.3; }
.hero details { inline-size: 100%; border-block-start: 1px solid var(--_border); text-align: start; }
summary { display: flex; align-items: center; min-block-size: max(24px, var(--_target)); color: var(--_text); font-weight: 550; cursor: pointer; }
summary::after {
  content: ''; inline-size: 7px; block-size: 7px; margin-inline: auto 6px; rotate: 45deg; border: solid currentColor; border-width: 0 2px 2px 0;
}
details[open] summary::after { rotate: 225deg; }
.hero details p { padding-block-end: 0.75rem; }
.search { inline-size: calc(100% - var(--_unit) * 10); margin: 0 calc(var(--_unit) * 5) calc(var(--_unit) * 3); }
h3[part=group] {
  padding: calc(var(--_unit) * 1.5) calc(var(--_unit) * 5); background: var(--_raised); border-block-start: 1px solid var(--_border);
  color: var(--_muted); font-size: 0.8125rem; font-weight: 600;
}
ul { padding: 0; list-style: none; }
.card {
  display: grid; grid-template-columns: 2rem minmax(0, 1fr); column-gap: calc(var(--_unit) * 3); align-items: center;
  padding: calc(var(--_unit) * 2) calc(var(--_unit) * 4) var(--_unit); border-block-start: 1px solid var(--_border);
}
.icon, .icon img { display: block; inline-size: 2rem; block-size: 2rem; object-fit: contain; color: var(--_muted); }
.icon .drawing { inline-size: 100%; block-size: 100%; }
.icon-box { grid-row: 1 / span 2; align-self: start; margin-block-start: 0.125rem; }
.title { display: flex; flex-wrap: wrap; gap: 0.125rem 0.5rem; align-items: center; min-inline-size: 0; }
.name { font-weight: 600; overflow-wrap: anywhere; border-radius: 4px; }
.mark {
  padding: 0 0.5rem; border: 1px solid var(--_border); border-radius: var(--_corner); background: var(--_raised); color: var(--_muted); font-size: 0.8125rem;
}
.mark[data-field=current] { border-color: var(--_good); color: var(--_good); }
.facts { color: var(--_muted); font-size: 0.875rem; overflow-wrap: anywhere; }
.actions { display: flex; flex-wrap: wrap; gap: 0.25rem; grid-column: 1 / -1; margin-inline: calc(var(--_unit) * -1.5); }
.actions button { padding-inline: calc(var(--_unit) * 1.5); font-size: 0.875rem; }
[aria-expanded] .drawing { inline-size: 1em; block-size: 1em; margin-inline-start: 0.3em; vertical-align: -0.15em; stroke-width: 2; }
[aria-expanded=true] .drawing { rotate: 180deg; }
.card.new { animation: arrive 4s ease-out; }
@keyframes arrive { 0%, 50% { background: color-mix(in srgb, var(--_accent) 14%, var(--_surface)); } }
dl {
  display: grid; grid-column: 1 / -1; grid-template-columns: repeat(auto-fill, minmax(min(13rem, 100%), 1fr)); gap: 0.75rem 1.5rem;
  margin-block-start: calc(var(--_unit) * 2); padding: 0.875rem 1rem; border-radius: var(--_corner); background: var(--_raised);
}
dt { color: var(--_muted); font-size: 0.8125rem; }
dd { overflow-wrap: anywhere; }
dl div:nth-last-child(-n + 2) { grid-column: 1 / -1; }
code { font: 0.8125rem/1.4 ui-monospace, monospace; }
@container (min-width: 40rem) {
  .card { grid-template-columns: 2rem minmax(0, 1fr) auto; padding: calc(var(--_unit) * 2) calc(var(--_unit) * 5); }
  .actions button { padding-inline: calc(var(--_unit) * 3); }
  .actions { grid-area: 1 / 3; margin-inline: 0 calc(var(--_unit) * -2); }
  .facts { grid-column: 2 / -1; }
}
@media (prefers-reduced-motion: reduce) { .loading::before, .card.new { animation: none; } }
`;
