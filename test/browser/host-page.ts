import type { Browser, BrowserContext, CDPSession, Page } from 'playwright-core';
import type { DemoServer } from './demo-server.js';
import { bundle } from './sdk-page.js';
import { VirtualAuthenticator } from './virtual-authenticator.js';
import { WATCHED_REQUESTS } from './watched-requests.js';

/** The policy that the elements have to work under. */
const POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self'",
  "connect-src 'self'",
  "require-trusted-types-for 'script'",
  "trusted-types 'none'",
].join('; ');

export interface HostPageOptions {
  /** The module of the page; it may import the elements, React and Vue. Already bundled, or bundled here. */
  readonly module: string;
  readonly body?: string;
  readonly context?: BrowserContext;
  readonly lang?: string;
  /** A script before all others, such as one that takes a function from the browser. */
  readonly init?: string;
}

/** A page of an application of its own, on the demo's origin and under a strict policy. */
export class HostPage {
  readonly complaints: string[] = [];

  private constructor(
    readonly page: Page,
    private readonly devtools: CDPSession,
  ) {}

  static async open(browser: Browser, server: DemoServer, options: HostPageOptions): Promise<HostPage> {
    const { module, body = '<passkey-table></passkey-table>', lang = 'en', init } = options;
    const context = options.context ?? (await browser.newContext());
    const page = await context.newPage();
    const host = new HostPage(page, await context.newCDPSession(page));
    page.on('console', (message) => {
      if (message.type() === 'error') host.complaints.push(message.text());
    });
    page.on('pageerror', (error) => host.complaints.push(String(error)));
    await host.devtools.send('WebAuthn.enable');
    await page.addInitScript(WATCHED_REQUESTS);
    if (init) await page.addInitScript(init);
    const script = await bundle(module);
    const headers = { 'content-security-policy': POLICY };
    const html = `<!doctype html><html lang="${lang}"><head><meta charset="utf-8"><title>An application</title>
      <script type="module" src="/host-page.js"></script></head><body><main>${body}</main></body></html>`;
    await page.route(`${server.url}/host-page`, (route) =>
      route.fulfill({ contentType: 'text/html', headers, body: html }),
    );
    await page.route(`${server.url}/host-page.js`, (route) =>
      route.fulfill({ contentType: 'text/javascript', body: script }),
    );
    await page.goto(`${server.url}/host-page`);
    return host;
  }

  async plugIn(authenticator = new VirtualAuthenticator()): Promise<VirtualAuthenticator> {
    await authenticator.plugIn(this.devtools);
    return authenticator;
  }

  /** How many passkeys the table shows. */
  count(): Promise<number> {
    return this.page.locator('passkey-table [data-passkey-id]').count();
  }

  leave(): Promise<void> {
    return this.page.context().close();
  }
}

/** For modules of host pages: the elements from their sources, and `tokenOf(name)` of a signed-in user. */
export const ELEMENTS = `
  import './packages/elements/src/index.ts';
  globalThis.tokenOf = async (name) => {
    const response = await fetch('/demo/sign-in', {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ name }),
    });
    return (await response.json()).token;
  };`;

/** As {@link ELEMENTS}, and the page's table is signed in as this user. */
export const signedInAs = (name: string): string => `${ELEMENTS}
  const token = await tokenOf(${JSON.stringify(name)});
  document.querySelector('passkey-table').getToken = () => token;`;
