import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { build } from 'esbuild';
import Fastify, { type FastifyInstance } from 'fastify';
import { aDirectory, runCommand, startKeyway } from '../e2e/keyway-process.js';
import { freePort } from '../support/free-port.js';
import { installWebAuthn } from '../support/page.js';
import { blocksOf } from './markdown.js';
import { Shell } from './shell.js';

const INTEGRATE = 'docs/integrate.md';

/** What the page of docs/integrate.md exports. */
interface PageModule {
  readonly addPasskey: (transactionId: string) => Promise<string>;
  readonly signIn: () => Promise<void>;
}

/** What its page after a login with a password exports. */
interface UpgradeModule {
  readonly upgradeToPasskey: (token: string) => Promise<string | null>;
}

/** What the server of docs/integrate.md exports. */
interface ServerModule {
  readonly addPasskeySignIn: (
    server: FastifyInstance,
    application: {
      readonly users: { readonly findByExternalId: (externalId: string) => Promise<string | null> };
      readonly sessions: { readonly start: (user: string) => Promise<void> };
    },
  ) => void;
}

/** The demo as docs/integrate.md has it: with an API key, a page of its origin that has passkeys, a server, a shell. */
export class DocumentedDemo {
  private page: PageModule;

  private constructor(
    private readonly port: number,
    private readonly directory: string,
    readonly key: string,
    readonly shell: Shell,
  ) {}

  /** Starts it, once to have an app, and again with the key; ends with `sweep()`. Changes this process's environment. */
  static async start(): Promise<DocumentedDemo> {
    const [port, directory] = [await freePort(), aDirectory()];
    const first = await startKeyway({ PORT: `${port}` }, directory);
    first.signal('SIGTERM');
    await first.ending;
    const key = (
      await runCommand(wordsOf(/^npx keyway (key create .*) > demo\.key$/m), {}, directory)
    ).stdout.trim();
    await runCommand(wordsOf(/^npx keyway (app update .*)$/m), {}, directory);
    await startKeyway({ PORT: `${port}` }, directory);
    const bin = join(directory, 'shell');
    mkdirSync(bin);
    writeFileSync(join(bin, 'demo.key'), `${key}\n`);
    symlinkSync(join(process.cwd(), 'node_modules'), join(directory, 'node_modules'));
    const demo = new DocumentedDemo(port, directory, key, new Shell(bin));
    const settings = { PASSAGE_APP_ID: 'demo', PASSAGE_API_KEY: key, PASSAGE_BASE_URL: `${demo.origin}/v1` };
    Object.assign(process.env, settings, { ORIGIN: demo.origin });
    installWebAuthn(demo.origin);
    demo.page = await demo.moduleIn<PageModule>(INTEGRATE, '@keyway/passage-flex-js');
    return demo;
  }

  get origin(): string {
    return `http://localhost:${this.port}`;
  }

  /** The text of an example with this demo's port in it. */
  here(text: string): string {
    return text.replaceAll('localhost:3000', `localhost:${this.port}`);
  }

  /**
   * The document's block of JavaScript that imports a package, and has the text, as a module with the package's sources
   * in it.
   */
  async moduleIn<T>(file: string, name: string, having = ''): Promise<T> {
    const block = blocksOf(file).find(
      ({ info, text }) => info === 'js' && text.includes(`from '${name}'`) && text.includes(having),
    )!;
    const bundled = await build({
      stdin: { contents: this.here(block.text), resolveDir: process.cwd() },
      bundle: true,
      write: false,
      format: 'esm',
      platform: 'neutral',
      mainFields: ['module', 'main'],
      alias: {
        '@keyway/passage-flex-js': './packages/browser/src/index.ts',
        '@keyway/passage-flex-node': './packages/node/src/index.ts',
      },
    });
    const path = join(this.directory, `${file.replaceAll('/', '-')}-${block.line}.mjs`);
    writeFileSync(path, bundled.outputFiles[0]!.text);
    return import(pathToFileURL(path).href) as Promise<T>;
  }

  /** Asks the demo; throws unless the request succeeds. The answer is null where there is no body. */
  async ask<T>(
    method: string,
    path: string,
    { body, bearer }: { body?: object; bearer?: string },
  ): Promise<T> {
    const answer = await fetch(this.origin + path, {
      method,
      headers: {
        ...(body && { 'content-type': 'application/json' }),
        ...(bearer !== undefined && { authorization: `Bearer ${bearer}` }),
      },
      ...(body && { body: JSON.stringify(body) }),
    });
    const text = await answer.text();
    if (!answer.ok) throw new Error(`${path} answered ${answer.status}: ${text}`);
    return (text === '' ? null : JSON.parse(text)) as T;
  }

  /** A token of the demo's user. */
  async tokenOf(name: string): Promise<string> {
    return (await this.ask<{ token: string }>('POST', '/demo/sign-in', { body: { name } })).token;
  }

  /** A nonce of the user, who has just added a passkey on the page; it is not verified yet. */
  async nonceOf(name: string): Promise<string> {
    const bearer = await this.tokenOf(name);
    const begun = await this.ask<{ transactionId: string }>('POST', '/passkey/register', { bearer });
    return this.page.addPasskey(begun.transactionId);
  }

  /** The user's page after a login with a password: a nonce, or null. */
  async upgrade(token: string): Promise<string | null> {
    const page = await this.moduleIn<UpgradeModule>(INTEGRATE, '@keyway/passage-flex-js', 'upgradeToPasskey');
    return page.upgradeToPasskey(token);
  }

  /** The user has one passkey, with which they have signed in once. Gives their external ID. */
  async renewPasskeyOf(name: string): Promise<string> {
    const bearer = await this.tokenOf(name);
    const { passkeys } = await this.ask<{ passkeys: { id: string }[] }>('GET', '/user/devices', { bearer });
    for (const { id } of passkeys) await this.ask('DELETE', `/user/devices/${id}`, { bearer });
    const body = { nonce: await this.nonceOf(name) };
    const { externalId } = await this.ask<{ externalId: string }>('POST', '/passkey/verify', {
      body,
      bearer,
    });
    await this.signIn({ [externalId]: name });
    return externalId;
  }

  /** The same for a user of the server side. */
  async addPasskeyTo(externalId: string): Promise<void> {
    const body = { external_id: externalId, passkey_display_name: 'Ada' };
    const path = '/v1/apps/demo/transactions/register';
    const { transaction_id } = await this.ask<{ transaction_id: string }>('POST', path, {
      body,
      bearer: this.key,
    });
    await this.page.addPasskey(transaction_id);
    await this.signIn({ [externalId]: 'Ada' });
  }

  /**
   * Signs in on the page, over the document's server, which knows these users by external ID. Gives the users for whom a
   * session was started; throws what the page throws.
   */
  async signIn(users: Readonly<Record<string, string>>, origin = this.origin): Promise<string[]> {
    const signedIn: string[] = [];
    const server = Fastify();
    const { addPasskeySignIn } = await this.moduleIn<ServerModule>(INTEGRATE, '@keyway/passage-flex-node');
    addPasskeySignIn(server, {
      users: { findByExternalId: (externalId) => Promise.resolve(users[externalId] ?? null) },
      sessions: { start: (user) => Promise.resolve(void signedIn.push(user)) },
    });
    const outside = globalThis.fetch;
    // As in a browser: a path is of the page’s own server, and the page’s origin goes with the request.
    globalThis.fetch = (async (url: string | URL, options: RequestInit) => {
      if (typeof url !== 'string' || !url.startsWith('/')) return outside(url, options);
      const headers = { ...(options.headers as Record<string, string>), origin };
      const { statusCode } = await server.inject({
        method: 'POST',
        url,
        headers,
        payload: options.body as string,
      });
      return { ok: statusCode < 300 };
    }) as typeof fetch;
    try {
      await this.page.signIn();
    } finally {
      globalThis.fetch = outside;
      await server.close();
    }
    return signedIn;
  }
}

/** The arguments of one of the document's commands; the shell's redirection is ours to do. */
function wordsOf(command: RegExp): string[] {
  const [, args] = blocksOf(INTEGRATE)
    .map(({ text }) => command.exec(text))
    .find((match) => match !== null)!;
  return args!.split(' ');
}
