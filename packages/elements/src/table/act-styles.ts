/** For what appears once the user does something: the field for a name, dialogs. */
export const ACT_STYLES = `
.problem { color: var(--_danger); }
.problem:empty { display: none; }
.rename { display: flex; flex: 1; flex-wrap: wrap; gap: calc(var(--_unit) * 2); align-items: center; min-inline-size: 0; padding-block-end: var(--_unit); }
.rename .problem { flex-basis: 100%; }
.choices { display: flex; flex-wrap: wrap; gap: calc(var(--_unit) * 2); }
input {
  flex: 1 1 9rem; min-inline-size: 0; min-block-size: max(24px, var(--_target)); padding: var(--_unit) calc(var(--_unit) * 3); border: 1px solid var(--_control);
  border-radius: var(--_corner); background: var(--_surface); color: inherit; font: inherit;
}
input[aria-invalid=true] { border-color: var(--_danger); }
@media (pointer: coarse) { input { font-size: 1rem; } }
dialog {
  inline-size: min(30rem, calc(100vw - 2rem)); max-block-size: calc(100dvh - 2rem); padding: 1.5rem; border: 1px solid var(--_border); border-radius: var(--_radius);
  background: var(--_surface); color: var(--_text); box-shadow: 0 16px 48px #0005; overflow: auto;
}
dialog::backdrop { background: #0b0e1488; }
dialog h2 { overflow-wrap: anywhere; }
dialog p { margin-block-start: 0.625rem; }
dialog h2 + div > .facts { margin-block-start: 0.125rem; }
dialog a { color: var(--_accent); }
.warning { --_tone: var(--_danger); border: 1px solid var(--_tone); border-radius: var(--_corner); background: color-mix(in srgb, var(--_tone) 9%, var(--_surface)); }
.warning { display: flex; gap: 0.75rem; margin-block-start: 0.75rem; padding: 0.625rem 0.875rem; }
.warning p { margin: 0; font-weight: 600; }
.warning .drawing { flex: none; inline-size: 1.5rem; block-size: 1.5rem; color: var(--_danger); }
dialog .choices { justify-content: flex-end; margin-block-start: 1.375rem; }
@container (min-width: 40rem) {
  .card:has(form) .actions { display: none; }
  .card:has(form) .title { grid-column: 2 / -1; }
}
`;
