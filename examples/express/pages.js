import { settings } from './settings.js';

const { keyway, appId } = settings;

/** Scripts and styles of this application, and Keyway's; nothing inline. */
export const policyOf = (server) =>
  [
    "default-src 'none'",
    `script-src 'self' ${server}`,
    "style-src 'self'",
    `img-src 'self' ${server}`,
    `connect-src 'self' ${server}`,
    "form-action 'self'",
    "base-uri 'none'",
  ].join('; ');

export const signInPage = ({ passkeyState }) =>
  page(
    'Sign in',
    `<form method="post" action="/sign-in">
      <label>Name <input name="name" required autocomplete="username webauthn" /></label>
      <label>Password <input name="password" type="password" required autocomplete="current-password" /></label>
      <button>Sign in</button>
      <p>A name that is new becomes a new account.</p>
    </form>
    <passkey-sign-in base-url="${keyway}" app-id="${escaped(appId)}" autofill data-state="${passkeyState}"></passkey-sign-in>`,
  );

export const accountPage = ({ id, name }, { passkeyId = '' }) =>
  page(
    'Your account',
    `<p>You are signed in as <b>${escaped(name)}</b>.</p>
    <form method="post" action="/sign-out"><button>Sign out</button></form>
    <passkey-table base-url="${keyway}" user-key="${id}" current-passkey="${escaped(passkeyId ?? '')}">
      <p slot="recovery">You can always sign in with your password.</p>
    </passkey-table>`,
  );

async function page(title, content) {
  const script = await elements();
  return `<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8" />
    <meta name="viewport" content="width=device-width, initial-scale=1" />
    <title>${title}</title>
    <link rel="icon" href="/icon.svg" />
    <link rel="stylesheet" href="/style.css" />
    <script type="module" src="${script.url}" integrity="${script.integrity}" crossorigin="anonymous"></script>
    <script type="module" src="/page.js"></script>
  </head>
  <body>
    <main>
      <h1>${title}</h1>
      ${content}
    </main>
  </body>
</html>`;
}

/** The script of the elements that Keyway now serves, and its hash: asked once a minute. */
let known = { until: 0 };
async function elements() {
  if (Date.now() < known.until) return known;
  const { base, importmap } = await (await fetch(`${keyway}/elements`)).json();
  const url = `${base}elements.js`;
  known = { url, integrity: importmap.integrity[url], until: Date.now() + 60_000 };
  return known;
}

const escaped = (text) => text.replace(/[&<>"']/g, (character) => `&#${character.codePointAt(0)};`);
