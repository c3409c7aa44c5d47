// The Get started page and docs/get-started.md, made from the snippets in web/start/snippets. A snippet's file has sections,
// each after a comment with the sign § and the section's name. `node scripts/get-started.js` writes the document.
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const snippets = `${root}web/start/snippets`;

export const CLIENTS = [
  { id: 'table', name: 'Passkey table', file: 'table.js', language: 'js' },
  { id: 'browser', name: 'Browser client', file: 'browser.js', language: 'js' },
  { id: 'webauthn', name: 'Plain WebAuthn', file: 'webauthn.js', language: 'js' },
  { id: 'react', name: 'React', file: 'react.jsx', language: 'jsx' },
  { id: 'vue', name: 'Vue', file: 'vue.vue', language: 'vue' },
  { id: 'ios', name: 'iOS', file: 'ios.swift', language: 'swift' },
  { id: 'android', name: 'Android', file: 'android.kt', language: 'kotlin' },
];

export const BACKENDS = [
  { id: 'nestjs', name: 'NestJS', file: 'nestjs.ts', language: 'ts' },
  { id: 'express', name: 'Express', file: 'express.js', language: 'js' },
  { id: 'fastify', name: 'Fastify', file: 'fastify.js', language: 'js' },
  { id: 'next', name: 'Next.js', file: 'next.js', language: 'js' },
  { id: 'python', name: 'Python', file: 'python.py', language: 'python' },
  { id: 'go', name: 'Go', file: 'go.go', language: 'go' },
  { id: 'curl', name: 'curl', file: 'curl.sh', language: 'bash' },
];

const STEPS = [
  ['setup', 'Set up', 'Your pages and your server, with the address of Keyway and the id of your app in it.'],
  [
    'token',
    'Say who is signed in',
    'Your server gives its own pages a short-lived token for the user of the session.',
  ],
  ['add', 'Add a passkey', 'The first one ties the user of the token to an id in Keyway.'],
  [
    'sign-in',
    'Sign in',
    'The browser gets a nonce; your server has it verified, once, and begins a session for the user whom Keyway names.',
  ],
  ['list', 'List passkeys', 'On the page with the user’s token, or on your server with the API key.'],
  ['revoke', 'Revoke', 'A revoked passkey signs in no longer from that moment.'],
  ['start', 'Start', 'The rest of the file.'],
  ['help', 'Helpers', 'What the steps above use.'],
];

/** The sections of a snippet by name; throws for a name that no step has. */
export function sectionsOf(text) {
  const sections = new Map();
  let lines = null;
  for (const line of text.split('\n')) {
    const [, name] = /^\s*(?:\/\/|#|<!--) § ([\w-]+)/.exec(line) ?? [];
    if (name === undefined) {
      lines?.push(line);
      continue;
    }
    if (!STEPS.some(([id]) => id === name)) throw new Error(`There is no step ${name}.`);
    sections.set(name, (lines = []));
  }
  return new Map(
    [...sections].map(([name, all]) => [name, dedented(all.join('\n').replace(/^\n+|\s+$/g, ''))]),
  );
}

function dedented(text) {
  const [indent] = text.match(/^ */);
  return text.replaceAll(new RegExp(`^${indent}`, 'gm'), '');
}

const read = (folder, choices) =>
  choices.map((choice) => ({
    ...choice,
    side: folder,
    sections: sectionsOf(readFileSync(`${snippets}/${folder}/${choice.file}`, 'utf8')),
  }));

const all = () => ({ clients: read('clients', CLIENTS), backends: read('backends', BACKENDS) });

const escaped = (text) => text.replace(/[&<>"]/g, (character) => `&#${character.codePointAt(0)};`);

/** The page, for its template. */
export function getStartedPage() {
  const { clients, backends } = all();
  const choice = (side, title, choices) => `<fieldset>
        <legend>${title}</legend>
        ${choices
          .map(
            ({ id, name }, index) =>
              `<label><input type="radio" name="${side}" value="${id}" id="${side}-${id}"${index === 0 ? ' checked' : ''} /><span>${name}</span></label>`,
          )
          .join('\n        ')}
      </fieldset>`;
  const snippet = (side, step, { id, name, file, sections }) =>
    sections.has(step)
      ? `<figure class="snippet" data-${side}="${id}">
          <figcaption><span>${name}</span> <code>${file}</code><button type="button" hidden>Copy</button></figcaption>
          <pre tabindex="0" role="region" aria-label="${step}, ${name}"><code>${escaped(sections.get(step))}</code></pre>
        </figure>`
      : '';
  const steps = STEPS.map(([id, title, text]) => {
    const figures = [
      ...clients.map((it) => snippet('client', id, it)),
      ...backends.map((it) => snippet('backend', id, it)),
    ].filter(Boolean);
    return `<section class="step" id="${id}" aria-labelledby="${id}-title">
        <h2 id="${id}-title">${title}</h2>
        <p>${text}</p>
        ${figures.join('\n        ')}
      </section>`;
  });
  const template = readFileSync(`${root}web/start/index.html`, 'utf8');
  const parts = {
    clients: choice('client', 'Your page or app', clients),
    backends: choice('backend', 'Your server', backends),
    steps: steps.join('\n      '),
  };
  return template.replace(/<!-- (\w+) -->/g, (_, name) => parts[name]);
}

/** Shows only what belongs to the choices, without a script. */
export const choiceStyles = () =>
  [
    ['client', CLIENTS],
    ['backend', BACKENDS],
  ]
    .flatMap(([side, choices]) =>
      choices.map(
        ({ id }) =>
          `body:has(#${side}-${id}:checked) [data-${side}]:not([data-${side}='${id}']) {\n  display: none;\n}`,
      ),
    )
    .join('\n');

/** docs/get-started.md. */
export function getStartedDocument() {
  const { clients, backends } = all();
  const blocks = ({ name, language, sections }) => [
    `### ${name}`,
    '',
    ...STEPS.filter(([id]) => sections.has(id)).flatMap(([id, title]) => [
      `**${title}**`,
      '',
      '```' + language,
      sections.get(id),
      '```',
      '',
    ]),
  ];
  return [
    '# Get started',
    '',
    'What your page or app does, and what your server does, for each pair the same: choose one of each. The demo shows the same',
    'under `/get-started`, with its own address and app filled in. `login.js`, `login.py` and `User` stand for your own login; each',
    'step tells the same in all languages:',
    '',
    ...STEPS.slice(0, 6).map(([, title, text]) => `- **${title}.** ${text}`),
    '',
    'Keyway has `JWT_SECRET`, `JWT_ISSUER`, `JWT_AUDIENCE` and `APP_API_KEY` with the same values; `ORIGIN` is one of `APP_ORIGINS`.',
    '',
    '## Your page or app',
    '',
    ...clients.flatMap(blocks),
    '## Your server',
    '',
    ...backends.flatMap(blocks),
  ].join('\n');
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  writeFileSync(`${root}docs/get-started.md`, getStartedDocument());
  const known = new Set([...CLIENTS, ...BACKENDS].map(({ file }) => file));
  const unknown = ['clients', 'backends']
    .flatMap((folder) => readdirSync(`${snippets}/${folder}`))
    .filter((file) => !known.has(file));
  if (unknown.length > 0) throw new Error(`No choice has ${unknown.join(', ')}.`);
}
