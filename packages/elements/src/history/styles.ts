export const HISTORY_STYLES = `
:host { display: block; }
.panel { background: var(--_surface); border: 1px solid var(--_border); border-radius: var(--_radius); }
.header { padding: calc(var(--_unit) * 3) calc(var(--_unit) * 5); }
h2 { font-size: 1.125rem; font-weight: 650; line-height: 1.3; }
.loading, .empty { padding: calc(var(--_unit) * 3) calc(var(--_unit) * 5) calc(var(--_unit) * 5); color: var(--_muted); }
.loading:empty, .empty:empty, .banner:empty { padding: 0; border: 0; margin: 0; }
.banner {
  display: flex; flex-wrap: wrap; gap: calc(var(--_unit) * 2) calc(var(--_unit) * 4); align-items: center; justify-content: space-between;
  margin: 0 calc(var(--_unit) * 5) calc(var(--_unit) * 3); padding: calc(var(--_unit) * 2) calc(var(--_unit) * 4); border: 1px solid var(--_danger);
  border-radius: var(--_corner); background: color-mix(in srgb, var(--_danger) 9%, var(--_surface));
}
.banner button { border-color: var(--_control); color: inherit; }
.events { margin: 0; padding: 0; list-style: none; }
.events li { padding: calc(var(--_unit) * 2) calc(var(--_unit) * 5); border-block-start: 1px solid var(--_border); }
.passkey { margin-inline-start: 0.5em; font-weight: 600; overflow-wrap: anywhere; }
.facts { display: flex; flex-wrap: wrap; gap: 0.125rem 1rem; color: var(--_muted); font-size: 0.875rem; overflow-wrap: anywhere; }
[data-action=more] { margin: calc(var(--_unit) * 2) calc(var(--_unit) * 3) calc(var(--_unit) * 3); }
`;
