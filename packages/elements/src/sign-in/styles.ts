export const SIGN_IN_STYLES = `
:host { display: block; }
.box { display: grid; gap: calc(var(--_unit) * 2); }
.row { display: flex; flex-wrap: wrap; gap: calc(var(--_unit) * 2); }
.row button { min-block-size: max(44px, var(--_target)); }
button.primary {
  display: flex; flex: 1; gap: calc(var(--_unit) * 2); align-items: center; justify-content: center; padding-inline: calc(var(--_unit) * 4);
}
button:not(.primary) { border-color: var(--_control); color: inherit; }
.drawing { flex: none; inline-size: 1.375em; block-size: 1.375em; stroke-width: 1.75; }
.message { color: var(--_muted); overflow-wrap: anywhere; }
.message[data-tone=bad] { color: var(--_danger); }
`;
