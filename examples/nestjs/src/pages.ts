import type { Session } from './sessions.service.js';
import { settings } from './settings.js';
import type { User } from './users.service.js';

const { keyway, appId } = settings;

/** Scripts and styles of this application, and Keyway's; nothing inline. */
export const POLICY = [
  "default-src 'none'",
  `script-src 'self' ${keyway}`,
  "style-src 'self'",
  `img-src 'self' ${keyway}`,
  `connect-src 'self' ${keyway}`,
  "form-action 'self'",
  "base-uri 'none'",
].join('; ');

export const signInPage = (passkeyState: string): Promise<string> =>
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

export const accountPage = ({ id, name }: User, { passkeyId }: Session): Promise<string> =>
  page(
    'Your account',
    `<p>You are signed in as <b>${escaped(name)}</b>.</p>
    <form method="post" action="/sign-out"><button>Sign out</button></form>
    <passkey-table base-url="${keyway}" user-key="${id}" current-passkey="${escaped(passkeyId ?? '')}">
      <p slot="recovery">You can always sign in with your password.</p>
    </passkey-table>`,
  );

async function page(title: string, content: string): Promise<string> {
  const { url, integrity } = await elements();
  return `<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8" />
    <meta name="viewport" content="width=device-width, initial-scale=1" />
    <title>${title}</title>
    <link rel="icon" href="/icon.svg" />
    <link rel="stylesheet" href="/style.css" />
    <script type="module" src="${url}" integrity="${integrity}" crossorigin="anonymous"></script>
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

interface Elements {
  readonly base: string;
  readonly importmap: { readonly integrity: Readonly<Record<string, string>> };
}

/** The script of the elements that Keyway now serves, and its hash: asked once a minute. */
let known = { url: '', integrity: '', until: 0 };
async function elements(): Promise<typeof known> {
  if (Date.now() < known.until) return known;
  const { base, importmap } = (await (await fetch(`${keyway}/elements`)).json()) as Elements;
  const url = `${base}elements.js`;
  known = { url, integrity: importmap.integrity[url] ?? '', until: Date.now() + 60_000 };
  return known;
}

const escaped = (text: string): string =>
  text.replace(/[&<>"']/g, (character) => `&#${character.codePointAt(0)};`);
