import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer, request as httpRequest, type Server } from 'node:http';
import { once } from 'node:events';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build, type Plugin } from 'esbuild';
import type { Browser, Page } from 'playwright-core';
import ts from 'typescript';
import { compileScript, parse } from 'vue/compiler-sfc';
import { eventually } from '../support/eventually.js';
import { freePort } from '../support/free-port.js';
import { faultsOf } from './axe.js';
import { launchChromium } from './chromium.js';
import { DemoServer } from './demo-server.js';
import { RunningProgram } from './running-program.js';
import { VirtualAuthenticator } from './virtual-authenticator.js';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const SNIPPETS = join(ROOT, 'web/start/snippets');
const ISSUER = 'https://login.example.com';

/** What a snippet calls its reader's own: somebody who has signed in with a password, and sessions in memory. */
const LOGIN_JS = `
  import { randomUUID } from 'node:crypto';
  const now = () => Math.floor(Date.now() / 1000);
  const sessions = new Map([['password', { id: 'user-ada', name: 'ada', signedInAt: now(), externalId: null }]]);
  export const currentUser = (cookie) => sessions.get(/session=([\\w-]+)/.exec(cookie ?? '')?.[1] ?? '');
  export function startSession(subject, externalId) {
    const id = randomUUID();
    sessions.set(id, { id: subject, name: 'ada', signedInAt: now(), externalId });
    return 'session=' + id + '; Path=/; HttpOnly; SameSite=Lax';
  }`;
const LOGIN_PY = `
import re, time, uuid
sessions = {"password": {"id": "user-ada", "name": "ada", "signed_in_at": int(time.time()), "external_id": None}}
def current_user(cookie):
    found = re.search(r"session=([\\w-]+)", cookie or "")
    return sessions.get(found.group(1)) if found else None
def start_session(subject, external_id):
    id = str(uuid.uuid4())
    sessions[id] = {"id": subject, "name": "ada", "signed_in_at": int(time.time()), "external_id": external_id}
    return f"session={id}; Path=/; HttpOnly; SameSite=Lax"
`;
/** What Next.js does with the handlers of the routes. */
const SERVE_NEXT = `
  import { createServer } from 'node:http';
  import { getPasskeys, getToken, postRevoke, postSignIn } from './next.js';
  const routes = {
    'GET /token': getToken, 'POST /sign-in/passkey': postSignIn,
    'GET /passkeys': getPasskeys, 'POST /passkeys/revoke': postRevoke,
  };
  createServer(async (request, response) => {
    const handler = routes[request.method + ' ' + request.url];
    if (!handler) return response.writeHead(404).end();
    const chunks = [];
    for await (const chunk of request) chunks.push(chunk);
    const body = chunks.length > 0 ? Buffer.concat(chunks) : undefined;
    const { method, headers } = request;
    const answer = await handler(new Request('http://next' + request.url, { method, headers, body }));
    response.writeHead(answer.status, Object.fromEntries(answer.headers));
    response.end(Buffer.from(await answer.arrayBuffer()));
  }).listen(process.env.PORT);`;

let browser: Browser;
let directory: string;
let keyway: RunningProgram;
let keywayUrl: string;
let front: Server;
let origin: string;
const secrets = {
  APP_API_KEY: `kw_${randomBytes(6).toString('hex')}_${randomBytes(22).toString('hex').slice(0, 43)}`,
  JWT_SECRET: randomBytes(32).toString('base64'),
};
/** What the front server answers with, and where it passes on what the page asks its server. */
const site = { page: '', body: '', backend: 0 };

beforeAll(async () => {
  browser = await launchChromium();
  const cache = join(ROOT, 'node_modules/.cache');
  await mkdir(cache, { recursive: true });
  // Below the packages, so that what the snippets import is found.
  directory = await mkdtemp(join(cache, 'get-started-'));
  front = createServer((incoming, outgoing) => {
    if (incoming.url === '/') return outgoing.setHeader('content-type', 'text/html').end(site.body);
    if (incoming.url === '/page.js')
      return outgoing.setHeader('content-type', 'text/javascript').end(site.page);
    const { method, url, headers } = incoming;
    const passed = httpRequest(
      { host: '127.0.0.1', port: site.backend, method, path: url, headers },
      (answer) => {
        outgoing.writeHead(answer.statusCode!, answer.headers);
        answer.pipe(outgoing);
      },
    );
    passed.on('error', () => outgoing.writeHead(502).end());
    incoming.pipe(passed);
  });
  front.listen(0);
  await once(front, 'listening');
  origin = `http://localhost:${(front.address() as { port: number }).port}`;
  const port = await freePort();
  keywayUrl = `http://localhost:${port}`;
  const env = {
    PATH: process.env['PATH'],
    PORT: String(port),
    PUBLIC_URL: keywayUrl,
    DATA_DIR: join(directory, 'data'),
    APP_ID: 'my-app',
    APP_NAME: 'My app',
    APP_RP_ID: 'localhost',
    APP_ORIGINS: origin,
    KEYWAY_SECRET: randomBytes(32).toString('base64'),
    JWT_ISSUER: ISSUER,
    JWT_AUDIENCE: 'keyway',
    ...secrets,
  };
  const command = [process.execPath, join(ROOT, 'dist/main.js')] as const;
  keyway = await RunningProgram.start(command, { env, cwd: directory, probe: `${keywayUrl}/health/ready` });
}, 120_000);

afterAll(async () => {
  await browser?.close();
  await keyway?.stop();
  front?.closeAllConnections();
  front?.close();
  if (directory) await rm(directory, { recursive: true, force: true });
});

/** A snippet as the page shows it, with this Keyway's address in it. */
async function snippet(path: string): Promise<string> {
  return (await readFile(join(SNIPPETS, path), 'utf8')).replaceAll('https://passkeys.example.com', keywayUrl);
}

/** Runs a backend's snippet as it stands. */
async function startBackend(id: string): Promise<RunningProgram> {
  const folder = join(directory, id);
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, 'package.json'), '{"type":"module"}');
  await writeFile(join(folder, 'login.js'), LOGIN_JS);
  await writeFile(join(folder, 'login.py'), LOGIN_PY);
  const port = await freePort();
  const env = { PATH: process.env['PATH'], PORT: String(port), ORIGIN: origin, ...secrets };
  const node = (file: string) => [process.execPath, join(folder, file)] as const;
  const commands: Readonly<Record<string, () => Promise<readonly [string, ...string[]]>>> = {
    express: async () => {
      await writeFile(join(folder, 'express.js'), await snippet('backends/express.js'));
      return node('express.js');
    },
    fastify: async () => {
      await writeFile(join(folder, 'fastify.js'), await snippet('backends/fastify.js'));
      return node('fastify.js');
    },
    nestjs: async () => {
      const { ES2023, ESNext } = { ES2023: ts.ScriptTarget.ES2023, ESNext: ts.ModuleKind.ESNext };
      const compilerOptions = {
        target: ES2023,
        module: ESNext,
        experimentalDecorators: true,
        emitDecoratorMetadata: true,
      };
      const { outputText } = ts.transpileModule(await snippet('backends/nestjs.ts'), { compilerOptions });
      await writeFile(join(folder, 'nestjs.js'), outputText);
      return node('nestjs.js');
    },
    next: async () => {
      await writeFile(join(folder, 'next.js'), await snippet('backends/next.js'));
      await writeFile(join(folder, 'serve.js'), SERVE_NEXT);
      return node('serve.js');
    },
    python: async () => {
      await writeFile(join(folder, 'python.py'), await snippet('backends/python.py'));
      return ['python3', join(folder, 'python.py')];
    },
  };
  const command = await commands[id]!();
  const program = await RunningProgram.start(command, {
    env,
    cwd: folder,
    probe: `http://127.0.0.1:${port}/token`,
  });
  site.backend = port;
  return program;
}

/** Compiles Vue's files as its build tools do. */
const VUE: Plugin = {
  name: 'vue',
  setup: (builder) =>
    builder.onLoad({ filter: /\.vue$/ }, async ({ path }) => {
      const { descriptor } = parse(await readFile(path, 'utf8'));
      const compilerOptions = { isCustomElement: (tag: string) => tag.startsWith('passkey-') };
      const { content } = compileScript(descriptor, {
        id: 'snippet',
        inlineTemplate: true,
        templateOptions: { compilerOptions },
      });
      return { contents: content, loader: 'js', resolveDir: ROOT };
    }),
};

/** Opens a page of the application on which this module runs, beside the client's snippet `./client`. */
async function open(client: string, module: string, body = ''): Promise<Page> {
  const folder = join(directory, `page-${client}`);
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, client), await snippet(`clients/${client}`));
  const { outputFiles } = await build({
    stdin: { contents: module, resolveDir: folder, loader: 'jsx' },
    bundle: true,
    write: false,
    format: 'esm',
    jsx: 'automatic',
    plugins: [VUE],
    define: { 'process.env.NODE_ENV': '"production"', __VUE_OPTIONS_API__: 'false' },
    logLevel: 'silent',
  });
  site.page = outputFiles[0]!.text;
  site.body = `<!doctype html><html lang="en"><title>My app</title><body>${body}<div id="app"></div><script type="module" src="/page.js"></script>`;
  const page = await (await browser.newContext()).newPage();
  await page.addInitScript('PublicKeyCredential.isConditionalMediationAvailable = async () => false;');
  const devtools = await page.context().newCDPSession(page);
  await devtools.send('WebAuthn.enable');
  await new VirtualAuthenticator('synced').plugIn(devtools);
  await withPassword(page);
  await page.goto(origin);
  return page;
}

/** The user's session after a login with their password. */
const withPassword = (page: Page): Promise<void> =>
  page.context().addCookies([{ name: 'session', value: 'password', url: origin }]);

const FUNCTIONS = (client: string) =>
  `import * as client from './${client}'; Object.assign(globalThis, { client });`;

/** The list that the application's own server gives its page. */
const listOfServer = (page: Page) =>
  page.evaluate<{ id: string }[]>(`fetch('/passkeys').then((answer) => answer.json())`);

const post = (page: Page, path: string, body: object) =>
  page.evaluate<number>(
    `fetch(${JSON.stringify(path)}, { method: 'POST', headers: { 'content-type': 'application/json' }, body: ${JSON.stringify(JSON.stringify(body))} }).then(({ status }) => status)`,
  );

describe.each(['express', 'fastify', 'nestjs', 'next', 'python'])(
  'the snippet for a server with %s',
  (id) => {
    let backend: RunningProgram;
    beforeAll(async () => (backend = await startBackend(id)), 60_000);
    afterAll(() => backend?.stop());

    it('signs a passkey’s user in, lists and revokes, and refuses what is not theirs', async () => {
      const page = await open('browser.js', FUNCTIONS('browser.js'));
      await page.evaluate('client.addPasskey()');
      await page.context().clearCookies();
      expect(await page.evaluate(`fetch('/token').then(({ status }) => status)`)).toBe(401);
      await page.evaluate('client.signIn()');
      const claims = await page.evaluate<string>(`fetch('/token').then((answer) => answer.text())`);
      expect(JSON.parse(Buffer.from(claims.split('.')[1]!, 'base64url').toString())).toMatchObject({
        sub: 'user-ada',
      });
      const passkeys = await listOfServer(page);
      expect(passkeys.length).toBeGreaterThan(0);
      expect(await post(page, '/sign-in/passkey', { nonce: 'x'.repeat(43) })).toBe(401);
      const foreign = await fetch(`${origin}/sign-in/passkey`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', origin: 'https://evil.example' },
        body: '{"nonce":"x"}',
      });
      expect(foreign.status).toBe(403);
      for (const { id: passkey } of passkeys)
        expect(await post(page, '/passkeys/revoke', { id: passkey })).toBe(204);
      expect(await listOfServer(page)).toEqual([]);
      await page.context().close();
    });
  },
);

describe('the snippet for', () => {
  let backend: RunningProgram;
  beforeAll(async () => (backend = await startBackend('express')), 60_000);
  afterAll(() => backend?.stop());

  it.each(['browser.js', 'webauthn.js'])('a page with %s adds, signs in, lists and revokes', async (file) => {
    const page = await open(file, FUNCTIONS(file));
    await page.evaluate('client.addPasskey()');
    await page.context().clearCookies();
    await page.evaluate('client.signIn()');
    const [passkey, ...others] = await page.evaluate<{ id: string }[]>('client.listPasskeys()');
    expect(others).toEqual([]);
    await page.evaluate(`client.revokePasskey(${JSON.stringify(passkey!.id)})`);
    expect(await page.evaluate('client.listPasskeys()')).toEqual([]);
    await page.context().close();
  });

  it('a page with the elements adds and signs in, and tells what they did', async () => {
    const body = `<input name="username" autocomplete="username webauthn" aria-label="User name">
      <passkey-table base-url="${keywayUrl}"></passkey-table>
      <passkey-sign-in base-url="${keywayUrl}" app-id="my-app" autofill></passkey-sign-in>`;
    const page = await open('table.js', `import './table.js';`, body);
    const said: string[] = [];
    page.on('console', (message) => said.push(message.text()));
    await page.locator('passkey-table [data-action=add]').click();
    await page.locator('passkey-table [data-passkey-id]').waitFor();
    await page.keyboard.press('Escape');
    await page.context().clearCookies();
    await page.locator('passkey-sign-in button').first().click();
    await eventually(async () => expect(await listOfServer(page)).toHaveLength(1));
    await page.locator('passkey-table [data-action=revoke]').click();
    await page.getByRole('button', { name: 'Revoke passkey' }).click();
    await eventually(() => expect(said.join()).toContain('Revoked: Chrome on Linux'));
    await page.context().close();
  });

  it.each([
    [
      'React',
      'react.jsx',
      `import { createRoot } from 'react-dom/client';
       import { Account, Login, PasskeyCount } from './react.jsx';
       const root = createRoot(document.getElementById('app'));
       const account = () => root.render(<Account user={{ id: 'user-ada' }} />);
       Object.assign(globalThis, {
         account,
         login: () => root.render(<Login onSignedIn={() => root.render(<p>Welcome</p>)} />),
         count: () => root.render(<PasskeyCount onCount={(count) => (globalThis.counted = count)} />),
       });
       account();`,
    ],
    [
      'Vue',
      'vue.vue',
      `import { createApp, h, ref } from 'vue';
       import Passkeys from './vue.vue';
       const user = ref({ id: 'user-ada' });
       const welcome = ref(false);
       createApp({
         setup: () => () => welcome.value ? h('p', 'Welcome') : h(Passkeys, {
           user: user.value,
           onSignedIn: () => (welcome.value = true),
           onCount: (count) => (globalThis.counted = count),
         }),
       }).mount('#app');
       Object.assign(globalThis, {
         account: () => { welcome.value = false; user.value = { id: 'user-ada' }; },
         login: () => (user.value = null),
         count: () => { welcome.value = false; user.value = { id: 'user-ada' }; },
       });`,
    ],
  ])('%s adds and signs in, and counts the passkeys', async (_, file, module) => {
    const page = await open(file, module);
    await page.locator('passkey-table [data-action=add]').click();
    await page.locator('passkey-table [data-passkey-id]').waitFor();
    await page.keyboard.press('Escape');
    await page.context().clearCookies();
    await page.evaluate('login()');
    await page.locator('passkey-sign-in button').first().click();
    await page.getByText('Welcome').waitFor();
    await page.evaluate('count()');
    await eventually(async () => expect(await page.evaluate('globalThis.counted')).toBeGreaterThan(0));
    for (const { id } of await listOfServer(page)) await post(page, '/passkeys/revoke', { id });
    await page.context().close();
  });

  it('curl makes a token that Keyway takes, and verifies, lists and revokes', async () => {
    const page = await open('browser.js', `${FUNCTIONS('browser.js')} globalThis.nonce = null;`);
    await page.evaluate('client.addPasskey()');
    // What the page sends to its server is what the server would verify by curl.
    let nonce = '';
    await page.route('**/sign-in/passkey', (route) => {
      nonce = (route.request().postDataJSON() as { nonce: string }).nonce;
      return route.fulfill({ status: 204 });
    });
    await page.evaluate('client.signIn()');
    const [setup, token, verify, list, revoke] = (await snippet('backends/curl.sh'))
      .split(/^# § .*$/m)
      .slice(1);
    const run = (script: string, env: Readonly<Record<string, string>> = {}) =>
      execFileSync('bash', ['-euc', `${setup}\n${script}`], {
        env: { PATH: process.env['PATH'], ...secrets, ...env },
      }).toString();
    const jwt = run(`${token}\nprintf %s "$TOKEN"`, { USER_ID: 'user-ada', USER_NAME: 'ada' });
    const own = await fetch(`${keywayUrl}/user/devices`, { headers: { authorization: `Bearer ${jwt}` } });
    const { externalId, passkeys } = (await own.json()) as { externalId: string; passkeys: { id: string }[] };
    expect(JSON.parse(run(verify!, { NONCE: nonce }))).toMatchObject({
      kind: 'authenticate',
      issuer: ISSUER,
      subject: 'user-ada',
      external_id: externalId,
    });
    const { devices } = JSON.parse(run(list!, { EXTERNAL_ID: externalId })) as { devices: { id: string }[] };
    expect(devices.map(({ id }) => id)).toEqual(passkeys.map(({ id }) => id).reverse());
    for (const { id } of devices) run(revoke!, { EXTERNAL_ID: externalId, PASSKEY_ID: id });
    expect(JSON.parse(run(list!, { EXTERNAL_ID: externalId }))).toEqual({ devices: [] });
    await page.context().close();
  });

  it.each([
    ['iOS', 'clients/ios.swift', 'clients/webauthn.js'],
    ['Android', 'clients/android.kt', 'clients/webauthn.js'],
    ['Go', 'backends/go.go', 'backends/python.py'],
  ])(
    '%s asks the same routes, with the same members, as one that these tests run',
    async (_, path, sibling) => {
      const wordsOf = async (file: string) => {
        const text = (await snippet(file)).replaceAll(/\\\(\w+\)|\$\{?\w+\}?/g, '');
        const routes =
          text.match(/\b(?:passkey|user|register|authenticate|external-users)\/[a-z/]*[a-z]/g) ?? [];
        const members =
          text.match(/\b(?:transaction|handshake|external)_[a-z]+\b|\btransactionId\b|\bpublicKey\b/g) ?? [];
        return new Set([...routes, ...members].filter((word) => word !== 'external-users'));
      };
      const known = await wordsOf(sibling);
      const said = await wordsOf(path);
      expect([...said].filter((word) => !known.has(word))).toEqual([]);
      expect([...known].filter((word) => !said.has(word))).toEqual([]);
    },
  );
});

describe('the page', () => {
  let demo: DemoServer;
  beforeAll(async () => (demo = await DemoServer.start()), 60_000);
  afterAll(() => demo?.kill());

  const openPage = async (path: string, options: Parameters<Browser['newContext']>[0] = {}) => {
    const page = await (await browser.newContext(options)).newPage();
    await page.goto(demo.url + path);
    return page;
  };

  it('is linked from the demo, and shows the snippets of a pair with this server’s address and app', async () => {
    const page = await openPage('/');
    await page.getByRole('link', { name: 'Get started' }).click();
    await page.getByRole('status').getByText(demo.url).waitFor();
    await page.getByRole('radio', { name: 'React' }).check();
    await page.getByRole('radio', { name: 'Fastify' }).check();
    expect(page.url()).toBe(`${demo.url}/get-started/?client=react&backend=fastify`);
    const shown = (await page.locator('pre:visible').allInnerTexts()).join('\n');
    expect(shown).toContain(`base-url="${demo.url}"`);
    expect(shown).toContain(`appId: 'demo'`);
    expect(shown).toContain('reply.code(401)');
    expect(shown).not.toMatch(/passkeys\.example\.com|my-app|express\(\)|HTTPServer/);
    await page.reload();
    expect(await page.locator('#client-react').isChecked()).toBe(true);
    await page.context().close();
  });

  it('is reached without the slash at its end, too', async () => {
    const page = await openPage('/get-started');
    expect(await page.getByRole('heading', { level: 1 }).innerText()).toBe('Get started');
    await page.context().close();
  });

  it('shows the pair that is chosen without JavaScript', async () => {
    const page = await openPage('/get-started/', { javaScriptEnabled: false });
    const shown = await page.locator('figcaption:visible').allInnerTexts();
    expect(new Set(shown.map((text) => text.split(/\s/)[0]))).toEqual(new Set(['Passkey', 'NestJS']));
    await page.context().close();
  });

  it('says the same as docs/get-started.md, which is made of the same files', async () => {
    const document = await readFile(join(ROOT, 'docs/get-started.md'), 'utf8');
    execFileSync(process.execPath, [join(ROOT, 'scripts/get-started.js')]);
    expect(await readFile(join(ROOT, 'docs/get-started.md'), 'utf8')).toBe(document);
  });

  it.each([
    [320, 'light'],
    [1280, 'dark'],
  ] as const)(
    'has no fault that axe finds and nothing that stands out at %i px, %s',
    async (width, colorScheme) => {
      const page = await openPage('/get-started/', { viewport: { width, height: 800 }, colorScheme });
      await page.getByRole('status').getByText(demo.url).waitFor();
      expect(await faultsOf(page)).toEqual([]);
      const wide = await page.evaluate('document.documentElement.scrollWidth');
      expect(wide).toBeLessThanOrEqual(width);
      await page.context().close();
    },
  );
});
