import type { Browser } from 'playwright-core';
import { eventually } from '../support/eventually.js';
import { launchChromium } from './chromium.js';
import { DemoServer } from './demo-server.js';
import { ELEMENTS, HostPage, signedInAs, type HostPageOptions } from './host-page.js';
import { PASSWORD_MANAGERS, standIn } from './password-managers.js';
import { VirtualAuthenticator } from './virtual-authenticator.js';

const LIST = '**/user/devices';

let server: DemoServer;
let browser: Browser;
let pages: HostPage[] = [];

beforeAll(async () => {
  server = await DemoServer.start();
  browser = await launchChromium();
});
afterEach(async () => {
  await Promise.all(pages.map((page) => page.leave()));
  pages = [];
});
afterAll(async () => {
  await browser?.close();
  await server?.kill();
});

async function aPage(options: HostPageOptions): Promise<HostPage> {
  const page = await HostPage.open(browser, server, options);
  pages.push(page);
  return page;
}

/** A page with the table of somebody who holds an authenticator. */
async function aTable(name: string, options: Partial<HostPageOptions> = {}) {
  const host = await aPage({ module: signedInAs(name), ...options });
  const authenticator = await host.plugIn(new VirtualAuthenticator('synced'));
  const table = host.page.locator('passkey-table');
  await table.locator('[part=empty]').waitFor();
  const add = async () => {
    const before = await host.count();
    await table.locator('[data-action=add]').click();
    await eventually(async () => expect(await host.count()).toBe(before + 1));
    await host.page.keyboard.press('Escape');
  };
  return { host, page: host.page, table, authenticator, add };
}

describe('adding', () => {
  it('opens the name of the new passkey with the proposed one selected, and Enter keeps it', async () => {
    const { page, table } = await aTable('adder');
    await table.locator('[data-action=add]').click();
    const field = page.getByLabel('New name for Chrome on Linux');
    await field.waitFor();
    expect(await field.inputValue()).toBe('Chrome on Linux');
    expect(await page.evaluate('getSelection().toString()')).toBe('Chrome on Linux');
    await page.keyboard.press('Enter');
    await field.waitFor({ state: 'detached' });
    await table.getByText('The passkey “Chrome on Linux” was added.').first().waitFor();
  });

  it('ends the browser’s prompt by its Cancel, and says that nothing was added', async () => {
    const { host, table, authenticator } = await aTable('canceller');
    await authenticator.touch(false);
    await table.locator('[data-action=add]').click();
    await table.locator('[data-action=cancel]').click();
    await table.locator('[role=status]', { hasText: 'No passkey was added.' }).waitFor();
    await authenticator.touch(true);
    await table.locator('[data-action=add]').click();
    await eventually(async () => expect(await host.count()).toBe(1));
  });

  it.each(PASSWORD_MANAGERS)('takes the passkey of a password manager that %s', async (_what, trait) => {
    const { host, page, add } = await aTable(`manager ${trait}`, { init: standIn(trait) });
    await add();
    expect(await host.count()).toBe(1);
    expect(await page.locator('passkey-table [role=alert]').allInnerTexts()).toEqual(['']);
  });

  it('works, with the rest of the table, in a browser without AbortSignal.any and light-dark()', async () => {
    const init = `
      delete AbortSignal.any;
      const { replaceSync } = CSSStyleSheet.prototype;
      CSSStyleSheet.prototype.replaceSync = function (text) {
        return replaceSync.call(this, text.replaceAll('light-dark(', 'unknown('));
      };`;
    const { host, page, table, add } = await aTable('old-browser', { init });
    await add();
    const panel = `document.querySelector('passkey-table').shadowRoot.querySelector('[part=panel]')`;
    expect(await page.evaluate(`getComputedStyle(${panel}).backgroundColor`)).toBe('rgb(255, 255, 255)');
    await table.locator('[data-action=revoke]').click();
    await page.getByRole('button', { name: 'Revoke passkey' }).click();
    await table.locator('[part=empty]').waitFor();
    expect(host.complaints).toEqual([]);
  });

  it('renames the passkey that was added to what is typed over the proposed name', async () => {
    const { page, table, add } = await aTable('namesake');
    await add();
    await table.locator('[data-action=rename]').click();
    await page.keyboard.type('Desk');
    await page.keyboard.press('Enter');
    await table.getByText('The passkey is now called “Desk”.').first().waitFor();
    expect(await table.locator('[data-field=name]').allInnerTexts()).toEqual(['Desk']);
  });
});

describe('a page that renders again and again', () => {
  /** The browser's prompt stays open until `touch()`. */
  const PATIENT_PROMPT = `{
    const { create } = CredentialsContainer.prototype;
    CredentialsContainer.prototype.create = async function (options) {
      await new Promise((resolve, reject) => {
        globalThis.touch = resolve;
        options.signal.addEventListener('abort', () => reject(options.signal.reason));
      });
      return create.call(this, options);
    };
  }`;
  const REACT = `${ELEMENTS}
    import { createElement, useEffect, useState } from 'react';
    import { createRoot } from 'react-dom/client';
    globalThis.renders = 0;
    const token = await tokenOf('react');
    function App() {
      const [, render] = useState(0);
      useEffect(() => {
        const timer = setInterval(() => render((count) => count + 1), 50);
        return () => clearInterval(timer);
      }, []);
      renders += 1;
      return createElement('passkey-table', {
        getToken: () => token,
        texts: { heading: 'My passkeys' },
        'search-from': 12,
        'onpasskey-added': (event) => (globalThis.added = event.detail.passkey.friendlyName),
      });
    }
    createRoot(document.querySelector('main')).render(createElement(App));`;
  const VUE = `${ELEMENTS}
    import { createApp, h, ref } from 'vue';
    globalThis.renders = 0;
    const token = await tokenOf('vue');
    createApp({
      setup() {
        const count = ref(0);
        setInterval(() => (count.value += 1), 50);
        return () => {
          renders = count.value;
          return h('passkey-table', {
            getToken: () => token,
            texts: { heading: 'My passkeys' },
            'search-from': 12,
            onPasskeyAdded: (event) => (globalThis.added = event.detail.passkey.friendlyName),
          });
        };
      },
    }).mount('main');`;

  it.each([
    ['React 19', REACT],
    ['Vue 3', VUE],
  ])('loses no prompt, no dialog and no half-typed name, in %s', async (_name, module) => {
    const host = await aPage({ module, body: '', init: PATIENT_PROMPT });
    const { page } = host;
    await host.plugIn(new VirtualAuthenticator('synced'));
    const table = page.locator('passkey-table');
    let lists = 0;
    page.on('request', (request) => {
      if (request.url().endsWith('/user/devices')) lists += 1;
    });
    await table.locator('[part=empty]').waitFor();
    await page.getByRole('heading', { name: 'My passkeys' }).waitFor();
    const rendersSoFar = () => page.evaluate<number>('renders');
    /** Passes once the page has rendered ten times more. */
    const rendered = async () => {
      const before = await rendersSoFar();
      await eventually(async () => expect(await rendersSoFar()).toBeGreaterThan(before + 10));
    };

    await table.locator('[data-action=add]').click();
    await eventually(async () => expect(await page.evaluate('typeof touch')).toBe('function'));
    await rendered();
    await page.evaluate('touch()');
    await eventually(async () => expect(await host.count()).toBe(1));
    expect(await page.evaluate('added')).toBe('Chrome on Linux');

    await page.keyboard.type('Half');
    await rendered();
    await page.keyboard.type(' typed');
    await page.keyboard.press('Enter');
    await eventually(async () =>
      expect(await table.locator('[data-field=name]').allInnerTexts()).toEqual(['Half typed']),
    );

    await table.locator('[data-action=revoke]').click();
    await rendered();
    await page.getByRole('dialog').waitFor();
    expect(lists).toBeLessThanOrEqual(3);
    // Vue asks for a policy of its own, and goes on without.
    expect(host.complaints.filter((it) => !it.includes("named 'vue'"))).toEqual([]);
  });
});

describe('another person', () => {
  it('sees nothing of the one before when the tokens are theirs, even without being told', async () => {
    const { host, page, table, add } = await aTable('first-person');
    await add();
    await table.locator('[data-action=revoke]').click();
    await page.getByRole('dialog').waitFor();
    await page.evaluate(`(async () => {
      const token = await tokenOf('second-person');
      document.querySelector('passkey-table').getToken = () => token;
      await document.querySelector('passkey-table').refresh();
    })()`);
    await table.locator('[part=empty]').waitFor();
    expect(await host.count()).toBe(0);
    await page.getByRole('dialog').waitFor({ state: 'hidden' });
  });

  it('never sees a list that was asked for by the one before, and answered after them', async () => {
    const { host, page, table, add } = await aTable('slow-person');
    await add();
    await page.route(LIST, async (route) => {
      const response = await route.fetch();
      await page.evaluate(`(async () => {
        const token = await tokenOf('quick-person');
        document.querySelector('passkey-table').getToken = () => token;
      })()`);
      await page.unroute(LIST);
      await route.fulfill({ response });
    });
    await page.evaluate(`document.querySelector('passkey-table').refresh()`);
    await table.locator('[part=empty]').waitFor();
    expect(await host.count()).toBe(0);
  });

  it('is said to be there by user-key and by reset(), which start over', async () => {
    const { page, table } = await aTable('keyed');
    const listed = () => page.waitForRequest(LIST);
    for (const act of [`userKey = 'somebody'`, `reset()`]) {
      const [request] = await Promise.all([
        listed(),
        page.evaluate(`void (document.querySelector('passkey-table').${act})`),
      ]);
      expect(request.method()).toBe('GET');
      await table.locator('[part=empty]').waitFor();
    }
  });
});

describe('two tabs', () => {
  it('show the same list: what is added and revoked in one goes to the other', async () => {
    const one = await aTable('two-tabs');
    await one.add();
    const other = await aPage({ module: signedInAs('two-tabs'), context: one.page.context() });
    await eventually(async () => expect(await other.count()).toBe(1));
    await one.table.locator('[data-action=revoke]').click();
    await one.page.getByRole('button', { name: 'Revoke passkey' }).click();
    await one.table.locator('[part=empty]').waitFor();
    await other.page.locator('passkey-table [part=empty]').waitFor();
  });

  it('are read again when they come back into view', async () => {
    const { page, host, add } = await aTable('returning');
    await add();
    const [request] = await Promise.all([
      page.waitForRequest(LIST),
      page.evaluate(`document.dispatchEvent(new Event('visibilitychange'))`),
    ]);
    expect(request.method()).toBe('GET');
    expect(await host.count()).toBe(1);
  });
});

describe('a page that is not set up right', () => {
  const misconfigured = 'this page is not set up right';

  it('is told of a missing getToken, in the console and in the table', async () => {
    const host = await aPage({ module: ELEMENTS });
    await host.page.locator('passkey-table').getByText(misconfigured).waitFor();
    expect(host.complaints).toEqual([expect.stringContaining('has no getToken')]);
  });

  it('is told of a token that the server does not accept, with the claims to compare', async () => {
    const claims = Buffer.from(JSON.stringify({ iss: 'https://wrong.example', sub: 'a', exp: 4e9 }));
    const token = `e30.${claims.toString('base64url')}.e30`;
    const host = await aPage({
      module: `${ELEMENTS} document.querySelector('passkey-table').getToken = () => '${token}';`,
    });
    await host.page.locator('passkey-table').getByText(misconfigured).waitFor();
    await eventually(() =>
      expect(host.complaints.join()).toMatch(/iss \("https:\/\/wrong\.example"\).*JWT_ISSUER/),
    );
    expect(await host.page.locator('passkey-table [data-action=retry]').count()).toBe(0);
  });

  it('is told of an origin that is not one of the app’s', async () => {
    const host = await aPage({
      module: `${ELEMENTS} document.querySelector('passkey-table').getToken = () => tokenOf('anybody');`,
    });
    // Another origin of the page's own server: it answers, but not to this page.
    await host.page.route('**/user/devices', (route) => route.abort('failed'));
    await host.page.evaluate(`document.querySelector('passkey-table').reset()`);
    await host.page.locator('passkey-table').getByText(misconfigured).waitFor();
    await eventually(() => expect(host.complaints.join()).toMatch(/APP_ORIGINS/));
  });
});

describe('languages', () => {
  it('are loaded when needed, follow lang through shadow trees, and word default names', async () => {
    const { page, table, add } = await aTable('polyglot', {
      body: '<section lang="en"></section>',
      module: `${ELEMENTS}
        const host = document.querySelector('section').attachShadow({ mode: 'open' });
        const table = host.appendChild(document.createElement('passkey-table'));
        const token = await tokenOf('polyglot');
        table.getToken = () => token;`,
    });
    await add();
    await page.evaluate(`document.querySelector('section').lang = 'de-AT'`);
    await page.getByRole('button', { name: 'Passkey hinzufügen' }).waitFor();
    expect(await table.locator('[data-field=name]').innerText()).toBe('Chrome unter Linux');
    await table.getByText('hinzugefügt heute').waitFor();
    await page.evaluate(`document.querySelector('section').lang = 'ar'`);
    await page.getByRole('button', { name: 'إضافة مفتاح مرور' }).waitFor();
    expect(await table.locator('[part=panel]').getAttribute('dir')).toBe('rtl');
    await page.evaluate(`document.querySelector('section').lang = 'sv'`);
    await page.getByRole('button', { name: 'Add a passkey' }).waitFor();
    expect(await table.locator('[part=panel]').getAttribute('lang')).toBe('en');
    await table.getByText('added today').waitFor();
  });
});
