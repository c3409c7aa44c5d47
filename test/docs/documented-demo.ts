import { randomUUID } from 'node:crypto';
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { build } from 'esbuild';
import Fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify';
import { aDirectory, runCommand, startKeyway } from '../e2e/keyway-process.js';
import { freePort } from '../support/free-port.js';
import { installWebAuthn } from '../support/page.js';
import { blocksOf } from './markdown.js';
import { Shell } from './shell.js';

const INTEGRATE = 'docs/integrate.md';

/** What the page of docs/integrate.md exports. */
interface PageModule {
  readonly addPasskey: (transactionId: string) => Promise<string>;
  readonly signIn: (state: string) => Promise<void>;
}

/** A session of the application: its id, and who is signed in under it. */
export interface AppSession {
  readonly id: string;
  user: string | null;
  passkeyState?: string;
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
      readonly users: {
        readonly findByIdentity: (issuer: string, subject: string) => Promise<string | null>;
      };
      readonly sessions: {
        readonly of: (request: FastifyRequest, reply: FastifyReply) => Promise<AppSession>;
        readonly renew: (session: AppSession, user: string, reply: FastifyReply) => Promise<void>;
      };
      readonly page: (state: string) => string;
    },
  ) => void;
}

/** The application of docs/integrate.md: the document's server, and the sessions that the document leaves to it. */
export class DocumentedApplication {
  readonly sessions = new Map<string, AppSession>();
  private readonly server = Fastify();

  /** @param users the application's users by issuer and subject, with a space between. */
  constructor({ addPasskeySignIn }: ServerModule, users: Readonly<Record<string, string>>) {
    addPasskeySignIn(this.server, {
      users: { findByIdentity: (issuer, subject) => Promise.resolve(users[`${issuer} ${subject}`] ?? null) },
      sessions: {
        of: (request, reply) => {
          const known = this.sessions.get(/sid=([\w-]+)/.exec(request.headers.cookie ?? '')?.[1] ?? '');
          return Promise.resolve(known ?? this.begin(null, reply));
        },
        renew: (session, user, reply) => {
          this.sessions.delete(session.id);
          this.begin(user, reply);
          return Promise.resolve();
        },
      },
      page: (state) => state,
    });
  }

  /** A request with this cookie; the answer with the session's id after it. */
  async ask(
    method: 'GET' | 'POST',
    url: string,
    { sid = '', origin, body }: { sid?: string; origin?: string; body?: object },
  ): Promise<{ status: number; text: string; sid: string }> {
    const headers = { cookie: `sid=${sid}`, ...(origin !== undefined && { origin }) };
    const answer = await this.server.inject({ method, url, headers, ...(body && { payload: body }) });
    const renewed = /sid=([\w-]+)/.exec(String(answer.headers['set-cookie'] ?? ''))?.[1];
    return { status: answer.statusCode, text: answer.body, sid: renewed ?? sid };
  }

  /** A new visitor's session, with the value that the page was served with. */
  async visit(sid = ''): Promise<{ sid: string; state: string }> {
    const served = await this.ask('GET', '/sign-in', { sid });
    return { sid: served.sid, state: served.text };
  }

  private begin(user: string | null, reply: FastifyReply): AppSession {
    const session: AppSession = { id: randomUUID(), user };
    this.sessions.set(session.id, session);
    void reply.header('set-cookie', `sid=${session.id}`);
    return session;
  }
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
    asChrome();
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
      external: ['node:*'],
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
    await this.proofFor('unsent');
    return externalId;
  }

  /** The same for a user of the server side. */
  async addPasskeyTo(externalId: string): Promise<void> {
    const body = { external_id: externalId, passkey_display_name: 'Ada' };
    const [app, bearer] = ['/v1/apps/demo', this.key];
    // A register transaction that an example has left open would keep the user's signals back.
    const known = `${app}/users?identifier=${externalId}`;
    const { users } = await this.ask<{ users: { id: string }[] }>('GET', known, { bearer });
    for (const { id } of users) await this.ask('DELETE', `${app}/users/${id}`, { bearer });
    const path = `${app}/transactions/register`;
    const { transaction_id } = await this.ask<{ transaction_id: string }>('POST', path, { body, bearer });
    await this.page.addPasskey(transaction_id);
    await this.proofFor('unsent');
  }

  /** The application of the document, which knows these users by issuer and subject. */
  async application(users: Readonly<Record<string, string>>): Promise<DocumentedApplication> {
    return new DocumentedApplication(await this.moduleIn<ServerModule>(INTEGRATE, 'node:crypto'), users);
  }

  /** A visitor signs in on the page, over the application. Gives their session's id; throws what the page throws. */
  async signIn(application: DocumentedApplication, origin = this.origin): Promise<string> {
    const visitor = await application.visit();
    const { state } = visitor;
    let { sid } = visitor;
    await this.onPage(async (body) => {
      const answer = await application.ask('POST', '/sign-in/passkey', { sid, origin, body });
      sid = answer.sid;
      return { ok: answer.status < 300 };
    }, state);
    return sid;
  }

  /** What the page sends once the authenticator has answered, without sending it. */
  async proofFor(state: string): Promise<{ nonce: string; state: string }> {
    let sent: object = {};
    await this.onPage((body) => Promise.resolve({ ok: Boolean((sent = body)) }), state);
    return sent as { nonce: string; state: string };
  }

  /** As in a browser: a path is of the page’s own server. */
  private async onPage(post: (body: object) => Promise<{ ok: boolean }>, state: string): Promise<void> {
    const outside = globalThis.fetch;
    globalThis.fetch = (async (url: string | URL, options: RequestInit) => {
      if (typeof url !== 'string' || !url.startsWith('/')) return outside(url, options);
      return post(JSON.parse(options.body as string) as object);
    }) as typeof fetch;
    try {
      await this.page.signIn(state);
    } finally {
      globalThis.fetch = outside;
    }
  }
}

/** The arguments of one of the document's commands; the shell's redirection is ours to do. */
function wordsOf(command: RegExp): string[] {
  const [, args] = blocksOf(INTEGRATE)
    .map(({ text }) => command.exec(text))
    .find((match) => match !== null)!;
  return args!.split(' ');
}

/** From here on, requests of this process say that they come from the browser of the documents, as its page's do. */
function asChrome(): void {
  const send = globalThis.fetch;
  const agent =
    'Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/537.36 Chrome/140.0.0.0 Safari/537.36';
  globalThis.fetch = (url, options) => {
    const headers = new Headers(options?.headers);
    headers.set('user-agent', agent);
    return send(url, { ...options, headers });
  };
}
