import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { PassageFlex } from '../../packages/node/src/index.js';

/** What the application's page has in place of forms and buttons: one function for each thing that people do there. */
const PAGE = `
  const call = async (method, path, body) => {
    const response = await fetch(path, { method, ...(body && { body: JSON.stringify(body) }) });
    if (!response.ok) throw new Error(response.status + ' ' + (await response.text()));
    return response.json();
  };
  const flex = new PassageFlex('shop');
  globalThis.application = {
    signUp: (name) => call('POST', '/sign-up', { name }),
    logOut: () => call('POST', '/log-out'),
    whoAmI: () => call('GET', '/me'),
    async addPasskey() {
      const { transactionId } = await call('POST', '/passkeys/begin');
      return call('POST', '/passkeys/finish', { nonce: await flex.passkey.register(transactionId) });
    },
    async logIn(name) {
      const { transactionId } = await call('POST', '/log-in/begin', { name });
      return call('POST', '/log-in/finish', { nonce: await flex.passkey.authenticate({ transactionId }) });
    },
    async autofill() {
      const nonce = await flex.passkey.authenticate({ isConditionalMediation: true });
      return call('POST', '/log-in/finish', { nonce });
    },
    passkeys: () => call('GET', '/passkeys'),
    revoke: (id) => call('POST', '/passkeys/revoke', { id }),
  };`;

type Answer = Promise<object> | object;

/** What the application answers with in place of what was asked for. */
class Refused extends Error {
  constructor(readonly status: number) {
    super(`refused with ${status}`);
  }
}

/**
 * An application as Passage's own example was: users and sessions of its own, the SDK for servers behind its routes, and a
 * page with the original SDK for browsers, which knows no other server than Passage's.
 */
export class OriginalApplication {
  /** External ID by name. */
  private readonly users = new Map<string, string>();
  /** Name by session id. */
  private readonly sessions = new Map<string, string>();
  private readonly server: Server;
  private passage!: PassageFlex;

  /** @param script the SDK for browsers, which makes `PassageFlex` global. */
  private constructor(private readonly script: string) {
    this.server = createServer((request, response) => {
      this.answer(request).then(
        ({ type, body, cookie }) => {
          response.writeHead(200, { 'content-type': type, ...(cookie && { 'set-cookie': cookie }) });
          response.end(body);
        },
        (error: unknown) =>
          response.writeHead(error instanceof Refused ? error.status : 500).end(String(error)),
      );
    });
  }

  static async start(script: string): Promise<OriginalApplication> {
    const application = new OriginalApplication(script);
    application.server.listen(0, '127.0.0.1');
    await once(application.server, 'listening');
    return application;
  }

  get origin(): string {
    return `http://localhost:${(this.server.address() as AddressInfo).port}`;
  }

  /** Where its server finds Keyway. */
  use(baseUrl: string, apiKey: string): void {
    this.passage = new PassageFlex({ appId: 'shop', apiKey, baseUrl });
  }

  async stop(): Promise<void> {
    this.server.closeAllConnections();
    this.server.close();
    await once(this.server, 'close');
  }

  private async answer(request: IncomingMessage): Promise<{ type: string; body: string; cookie?: string }> {
    const { method, url, headers } = request;
    if (url === '/') {
      const html = `<!doctype html><title>Shop</title><input autocomplete="username webauthn">
        <script type="module">${(this.script + PAGE).replaceAll('</script', '<\\/script')}</script>`;
      return { type: 'text/html', body: html };
    }
    const session = /session=([\w-]+)/.exec(headers.cookie ?? '')?.[1] ?? randomUUID();
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const given = JSON.parse(Buffer.concat(chunks).toString() || '{}') as Record<string, string>;
    const body = JSON.stringify(await this.act(`${method} ${url}`, session, given));
    return { type: 'application/json', body, cookie: `session=${session}; HttpOnly; SameSite=Strict` };
  }

  private act(
    route: string,
    session: string,
    { name = '', nonce = '', id = '' }: Record<string, string>,
  ): Answer {
    const { auth, user } = this.passage;
    const acts: Record<string, () => Answer> = {
      'POST /sign-up': () => {
        if (this.users.has(name)) throw new Refused(409);
        this.users.set(name, randomUUID());
        this.sessions.set(session, name);
        return { name };
      },
      'POST /log-out': () => ({ done: this.sessions.delete(session) }),
      'GET /me': () => ({ name: this.sessions.get(session) ?? null }),
      'POST /passkeys/begin': async () => {
        const me = this.me(session);
        return { transactionId: await auth.createRegisterTransaction(me.externalId, me.name) };
      },
      'POST /passkeys/finish': async () => {
        const { externalId } = this.me(session);
        if ((await auth.verifyNonce(nonce)) !== externalId) throw new Refused(403);
        return { added: true };
      },
      'POST /log-in/begin': async () => {
        const externalId = this.users.get(name);
        // Whether there is such a user, and with a passkey, is not told.
        if (externalId === undefined) throw new Refused(400);
        const created = auth
          .createAuthenticateTransaction(externalId)
          .catch(() => Promise.reject(new Refused(400)));
        return { transactionId: await created };
      },
      'POST /log-in/finish': async () => {
        const externalId = await auth.verifyNonce(nonce, { kind: 'authenticate' });
        const [found] = [...this.users].find(([, each]) => each === externalId) ?? [];
        if (found === undefined) throw new Refused(401);
        this.sessions.set(session, found);
        return { name: found };
      },
      'GET /passkeys': () => user.listDevices(this.me(session).externalId),
      'POST /passkeys/revoke': async () => {
        await user.revokeDevice(this.me(session).externalId, id);
        return { revoked: id };
      },
    };
    const act = acts[route];
    if (!act) throw new Refused(404);
    return act();
  }

  private me(session: string): { name: string; externalId: string } {
    const name = this.sessions.get(session);
    const externalId = this.users.get(name ?? '');
    if (name === undefined || externalId === undefined) throw new Refused(401);
    return { name, externalId };
  }
}
