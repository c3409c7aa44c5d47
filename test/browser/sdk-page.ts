import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import type { Browser, CDPSession, Page } from 'playwright-core';
import type { DemoServer } from './demo-server.js';
import { eventually } from '../support/eventually.js';
import { VirtualAuthenticator } from './virtual-authenticator.js';
import { WATCHED_REQUESTS } from './watched-requests.js';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

/** Where the published SDK sends its requests; it cannot be told otherwise. */
export const OLD_HOST = 'https://auth.passage.id';

/** Another host than the page's, which the server answers for as well. */
export const NEW_HOST = 'https://passkeys.example.com';

/** How a call of an SDK ended: with its value, or with what it threw. */
export type Outcome =
  | { readonly value: unknown }
  | {
      readonly error: {
        name: string;
        code?: string;
        statusCode?: number;
        statusText?: string;
        reason?: string | null;
        message: string;
      };
    };

/** All clients as one script: the published ones, as npm gives them, and ours from its source. */
export const bundleClients = (): Promise<string> =>
  bundle(`
    import { PassageFlex as Published } from '@passageidentity/passage-flex-js';
    import { PassageFlex as FirstPublished } from 'passage-flex-js-0.1';
    import { PassageFlex as DropIn } from './packages/browser/src/index.ts';
    Object.assign(globalThis, { Published, FirstPublished, DropIn });`);

/** A module with all that it imports, as one script for browsers. */
export async function bundle(contents: string): Promise<string> {
  const { outputFiles } = await build({
    stdin: { contents, resolveDir: ROOT },
    absWorkingDir: ROOT,
    bundle: true,
    write: false,
    format: 'esm',
    platform: 'browser',
    logLevel: 'error',
  });
  return outputFiles[0]!.text;
}

/** A page of the application: on an origin of the demo's app, with both clients and a field for autofill. */
export class SdkPage {
  private constructor(
    readonly page: Page,
    private readonly devtools: CDPSession,
    /** Method and URL of what went to either host, preflights included. */
    readonly requested: string[],
  ) {}

  static async open(browser: Browser, server: DemoServer, script: string): Promise<SdkPage> {
    const page = await (await browser.newContext()).newPage();
    const devtools = await page.context().newCDPSession(page);
    const requested: string[] = [];
    await page.addInitScript(WATCHED_REQUESTS);
    await devtools.send('WebAuthn.enable');
    const html = `<!doctype html><title>An application</title><input autocomplete="username webauthn">
      <script type="module">${script.replaceAll('</script', '<\\/script')}</script>`;
    devtools.on('Fetch.requestPaused', ({ requestId, request }) => {
      const isPage = request.url.endsWith('/sdk-test');
      const answer = isPage
        ? Promise.resolve({ status: 200, headers: new Headers({ 'content-type': 'text/html' }), body: html })
        : relay(request, server.url);
      if (!isPage) requested.push(`${request.method} ${request.url}`);
      void answer.then(({ status, headers, body }) =>
        devtools.send('Fetch.fulfillRequest', {
          requestId,
          responseCode: status,
          responseHeaders: [...headers].map(([name, value]) => ({ name, value })),
          body: Buffer.from(body).toString('base64'),
        }),
      );
    });
    // Playwright's own routes would answer preflights themselves; so, everything of CORS is the server's.
    await devtools.send('Fetch.enable', {
      patterns: [`${server.url}/sdk-test`, `${OLD_HOST}/*`, `${NEW_HOST}/*`].map((urlPattern) => ({
        urlPattern,
      })),
    });
    await page.goto(`${server.url}/sdk-test`);
    return new SdkPage(page, devtools, requested);
  }

  async plugIn(authenticator = new VirtualAuthenticator()): Promise<VirtualAuthenticator> {
    await authenticator.plugIn(this.devtools);
    return authenticator;
  }

  /** Evaluates a call such as `client.passkey.authenticate()`, on a client that the expression makes. */
  call(client: string, call: string): Promise<Outcome> {
    return this.page.evaluate<Outcome>(`(async (client) => {
      try {
        return { value: await client.${call} };
      } catch ({ name, code, statusCode, statusText, reason, message }) {
        return { error: { name, code, statusCode, statusText, reason, message } };
      }
    })((globalThis.clients ??= {})[${JSON.stringify(client)}] ??= ${client})`);
  }

  /** The call's value, which has to be text. */
  async text(client: string, call: string): Promise<string> {
    const outcome = await this.call(client, call);
    if ('value' in outcome && typeof outcome.value === 'string') return outcome.value;
    throw new Error(`${call}: ${JSON.stringify(outcome)}`);
  }

  /** The requests for a passkey so far, such as `conditional pending`, oldest first. */
  requests(): Promise<string[]> {
    return this.page.evaluate<string[]>('requests.map((r) => r.mediation + " " + r.outcome)');
  }

  async hasRequested(...requests: string[]): Promise<void> {
    await eventually(async () => expect(await this.requests()).toEqual(requests));
  }

  leave(): Promise<void> {
    return this.page.context().close();
  }
}

/** The same request, to this server instead. */
export async function relay(
  request: { url: string; method: string; headers: Record<string, string>; postData?: string },
  origin: string,
): Promise<{ status: number; headers: Headers; body: string }> {
  const { pathname, search } = new URL(request.url);
  const response = await fetch(origin + pathname + search, {
    method: request.method,
    headers: request.headers,
    ...(request.postData !== undefined && { body: request.postData }),
  });
  const headers = new Headers(response.headers);
  for (const name of ['content-length', 'content-encoding', 'transfer-encoding', 'connection']) {
    headers.delete(name);
  }
  return { status: response.status, headers, body: await response.text() };
}
