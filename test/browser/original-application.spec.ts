import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser, CDPSession, Page } from 'playwright-core';
import { anApiKey } from '../support/app-server.js';
import { buildAppOn, TEST, type TestApp } from '../support/build-app.js';
import { launchChromium } from './chromium.js';
import { OriginalApplication } from './original-application.js';
import { bundle, OLD_HOST, relay } from './sdk-page.js';
import { VirtualAuthenticator } from './virtual-authenticator.js';

interface Device {
  readonly id: string;
  readonly usageCount: number;
  readonly icons: { readonly light: string };
}

describe.each([
  ['0.1.3', 'passage-flex-js-0.1'],
  ['1.0.2', '@passageidentity/passage-flex-js'],
])('an application with the SDK %s of Passage for browsers', (_, sdk) => {
  let directory: string;
  let keyway: TestApp;
  let application: OriginalApplication;
  let browser: Browser;
  let page: Page;
  let devtools: CDPSession;
  const authenticator = new VirtualAuthenticator('synced');

  beforeAll(async () => {
    const script = await bundle(`
      import { PassageFlex } from '${sdk}';
      globalThis.PassageFlex = PassageFlex;`);
    application = await OriginalApplication.start(script);
    directory = await mkdtemp(join(tmpdir(), 'keyway-original-'));
    keyway = await buildAppOn(
      { kind: 'embedded', directory: join(directory, 'data') },
      {
        passage: {
          mode: 'embedded',
          app: { id: TEST.appId, origins: [application.origin], rpId: 'localhost' },
          secrets: [Buffer.alloc(32, 1)],
          lifetimes: { handshake: 300, registerTransaction: 300, authenticateTransaction: 900, nonce: 300 },
          eventRetentionDays: 90,
          webhookNetworks: [],
        },
      },
    );
    await keyway.application.listen(0, '127.0.0.1');
    const url = await keyway.application.getUrl();
    application.use(`${url}/v1`, await anApiKey(keyway, TEST.appId));
    browser = await launchChromium();
    page = await browser.newPage();
    devtools = await page.context().newCDPSession(page);
    await devtools.send('WebAuthn.enable');
    // As the name of Passage's host would lead there, preflights included.
    devtools.on('Fetch.requestPaused', ({ requestId, request }) => {
      void relay(request, url).then(({ status, headers, body }) =>
        devtools.send('Fetch.fulfillRequest', {
          requestId,
          responseCode: status,
          responseHeaders: [...headers].map(([name, value]) => ({ name, value })),
          body: Buffer.from(body).toString('base64'),
        }),
      );
    });
    await devtools.send('Fetch.enable', { patterns: [{ urlPattern: `${OLD_HOST}/*` }] });
    await authenticator.plugIn(devtools);
    await page.goto(application.origin);
  });
  afterAll(async () => {
    await browser?.close();
    await application?.stop();
    await keyway?.close();
    await rm(directory, { recursive: true, force: true });
  });

  /** To the page where people log in: the SDKs offer autofill once on a page, before anything else. */
  const logOut = async (): Promise<void> => {
    await act('logOut()');
    await page.goto(application.origin);
  };
  /** Does something on the page, such as `logIn('ada')`. */
  const act = <T>(call: string): Promise<T> => page.evaluate<T>(`application.${call}`);

  it('works unmodified: people sign up, add a passkey, log in with it and by autofill, list and revoke it', async () => {
    await act(`signUp('ada')`);
    expect(await act('addPasskey()')).toEqual({ added: true });
    const [added, ...others] = await act<Device[]>('passkeys()');
    expect(others).toEqual([]);
    expect(added).toMatchObject({
      usageCount: 0,
      icons: { light: expect.stringContaining('/icons/') as string },
    });
    // The authenticator holds a passkey for this account already.
    await expect(act('addPasskey()')).rejects.toThrow();
    expect(await act('passkeys()')).toHaveLength(1);

    await logOut();
    expect(await act('whoAmI()')).toEqual({ name: null });
    expect(await act(`logIn('ada')`)).toEqual({ name: 'ada' });
    await logOut();
    expect(await act('autofill()')).toEqual({ name: 'ada' });
    expect(await act('whoAmI()')).toEqual({ name: 'ada' });
    expect(await act<Device[]>('passkeys()')).toMatchObject([{ id: added!.id, usageCount: 2 }]);

    await act(`revoke('${added!.id}')`);
    expect(await act('passkeys()')).toEqual([]);
    await logOut();
    await expect(act(`logIn('ada')`)).rejects.toThrow('400');
    await expect(act('autofill()')).rejects.toThrow();
    expect(await act('whoAmI()')).toEqual({ name: null });
  });
});
