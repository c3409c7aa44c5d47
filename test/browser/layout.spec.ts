import type { Browser, BrowserContext, Page } from 'playwright-core';
import { faultsOf } from './axe.js';
import { launchChromium } from './chromium.js';
import { DemoServer } from './demo-server.js';
import { HostPage, signedInAs } from './host-page.js';
import { listOf } from './staged-list.js';

const LANGUAGES = ['en', 'de', 'fr', 'es', 'pt', 'it', 'nl', 'pl', 'tr', 'ar', 'ja', 'zh'];
/** The whole matrix takes minutes. */
const IS_FULL = process.env['FULL'] !== undefined;

let server: DemoServer;
let browser: Browser;
let host: HostPage;

beforeAll(async () => {
  server = await DemoServer.start();
  browser = await launchChromium();
});
afterEach(() => host.leave());
afterAll(async () => {
  await browser?.close();
  await server?.kill();
});

/** A page with a table that shows this many made-up passkeys, of all kinds. */
async function aTable(count: number, lang = 'en', context?: BrowserContext): Promise<Page> {
  host = await HostPage.open(browser, server, {
    module: signedInAs('layout'),
    lang,
    ...(context && { context }),
  });
  const { page } = host;
  await page.route('**/user/devices', (route) => route.fulfill({ json: listOf(count) }));
  await page.reload();
  await page
    .locator(count > 0 ? 'passkey-table [part=cards]' : 'passkey-table [part=empty]')
    .first()
    .waitFor();
  return page;
}

const height = (page: Page) =>
  page.evaluate<number>(`document.querySelector('passkey-table').getBoundingClientRect().height`);

const SHADOW = `document.querySelector('passkey-table').shadowRoot`;

/** How far anything of the table stands out of the page, in CSS pixels. */
const overhang = (page: Page) =>
  page.evaluate<number>(`(() => {
    const { clientWidth, scrollWidth } = document.documentElement;
    const parts = [...${SHADOW}.querySelectorAll('button, .facts, .name, input')];
    const outside = parts.map((part) => part.getBoundingClientRect()).filter(({ width }) => width > 1)
      .map(({ left, right }) => Math.max(right - clientWidth, -left, 0));
    return Math.round(Math.max(scrollWidth - clientWidth, ...outside));
  })()`);

/** Brings a table into each of its states. */
const STATES: Readonly<Record<string, (page: Page) => Promise<void>>> = {
  list: () => Promise.resolve(),
  details: (page) => page.locator('[data-action=details]').first().click(),
  renaming: (page) => page.locator('[data-action=rename]').first().click(),
  revoking: async (page) => {
    await page.locator('[data-action=revoke]').first().click();
    await page.getByRole('dialog').waitFor();
  },
};

describe('the table', () => {
  it('is 560 px high at most with five passkeys at 768 px, and 900 px at 375 px', async () => {
    const page = await aTable(5);
    await page.setViewportSize({ width: 768, height: 900 });
    expect(await height(page)).toBeLessThanOrEqual(560);
    await page.setViewportSize({ width: 375, height: 900 });
    expect(await height(page)).toBeLessThanOrEqual(900);
  });

  it.each(LANGUAGES)('fits 320 px, and 200 % text at 1280 px, in %s', async (lang) => {
    const page = await aTable(14, lang);
    await page.locator('[data-action=details]').first().click();
    await page.locator('[data-action=rename]').nth(1).click();
    await page.setViewportSize({ width: 320, height: 900 });
    expect(await overhang(page)).toBe(0);
    await page.evaluate(`document.documentElement.style.fontSize = '200%'`);
    for (const width of [1280, 640]) {
      await page.setViewportSize({ width, height: 900 });
      expect([width, await overhang(page)]).toEqual([width, 0]);
    }
  });

  it('has buttons of 44 px on touch, apart from each other', async () => {
    const context = await browser.newContext({ hasTouch: true, isMobile: true });
    const page = await aTable(2, 'en', context);
    await page.setViewportSize({ width: 375, height: 800 });
    const boxes = await page.evaluate<{ left: number; right: number; height: number }[]>(
      `[...${SHADOW}.querySelectorAll('[data-passkey-id=passkey-0] .actions button')]
        .map((button) => button.getBoundingClientRect().toJSON())`,
    );
    expect(boxes).toHaveLength(3);
    for (const { height: tall } of boxes) expect(tall).toBeGreaterThanOrEqual(44);
    expect(boxes[1]!.left - boxes[0]!.right).toBeGreaterThan(0);
  });

  it('takes its radius, its density and its accent from the page, and keeps the accent readable', async () => {
    const page = await aTable(2);
    await page.evaluate(`{
      const { style } = document.querySelector('passkey-table');
      style.setProperty('--keyway-radius', '0px');
      style.setProperty('--keyway-density', '1.5');
      style.setProperty('--keyway-accent', '#ffd000');
    }`);
    const look = await page.evaluate<{ borderRadius: string; tall: number }>(`(() => {
      const button = ${SHADOW}.querySelector('[data-action=add]');
      const { borderRadius } = getComputedStyle(button);
      return { borderRadius, tall: button.getBoundingClientRect().height };
    })()`);
    expect(look).toMatchObject({ borderRadius: '0px' });
    expect(look.tall).toBeGreaterThanOrEqual(54);
    expect(await faultsOf(page, 'passkey-table')).toEqual([]);
    await page.emulateMedia({ colorScheme: 'dark' });
    expect(await faultsOf(page, 'passkey-table')).toEqual([]);
  });

  it('shows a search field from search-from on, which finds by name and provider', async () => {
    const page = await aTable(14);
    await page.getByRole('searchbox', { name: 'Search your passkeys' }).fill('1pass');
    await page.getByText('2 passkeys found').waitFor();
    expect(await page.locator('[data-passkey-id]:visible').count()).toBe(2);
    await page.evaluate(`document.querySelector('passkey-table').searchFrom = 20`);
    expect(await page.locator('[data-passkey-id]:visible').count()).toBe(14);
  });

  const widths = IS_FULL ? [320, 768, 1280] : [320, 1280];
  const languages = IS_FULL ? ['en', 'de', 'ar'] : ['en', 'ar'];
  it.each(Object.keys(STATES))(
    'has no violation of WCAG 2.2 A and AA, nor of best practice, in the state “%s”',
    async (state) => {
      for (const lang of languages) {
        const page = await aTable(5, lang);
        await STATES[state]!(page);
        for (const colorScheme of ['light', 'dark'] as const) {
          for (const width of widths) {
            await page.emulateMedia({ colorScheme });
            await page.setViewportSize({ width, height: 900 });
            expect([lang, colorScheme, width, await faultsOf(page, 'passkey-table')]).toEqual([
              lang,
              colorScheme,
              width,
              [],
            ]);
          }
        }
        await host.leave();
      }
      host = await HostPage.open(browser, server, { module: '', body: '' });
    },
  );

  it('has no violation while it is empty', async () => {
    const page = await aTable(0);
    await page.getByText('What is a passkey?').click();
    for (const colorScheme of ['light', 'dark'] as const) {
      await page.emulateMedia({ colorScheme });
      expect(await faultsOf(page, 'passkey-table')).toEqual([]);
    }
  });

  it('has its live regions in the accessibility tree before they say anything', async () => {
    const page = await aTable(0);
    expect(await page.getByRole('status').count()).toBeGreaterThan(0);
    expect(await page.getByRole('alert').count()).toBe(1);
  });

  it('is a list to a screen reader, in which each card is named by its passkey', async () => {
    const page = await aTable(2);
    const names = listOf(2).passkeys.map(({ friendlyName }) => friendlyName);
    for (const name of names) await page.getByRole('listitem', { name, exact: true }).waitFor();
    expect(await page.getByRole('list').count()).toBeGreaterThan(0);
  });
});
