import { fileURLToPath } from 'node:url';
import type { Browser, BrowserContextOptions } from 'playwright-core';
import { launchChromium } from './chromium.js';
import { DemoServer } from './demo-server.js';
import { listOf } from './staged-list.js';
import { VirtualAuthenticator } from './virtual-authenticator.js';
import { Visitor } from './visitor.js';

/*
 * Makes the pictures of the docs: SCREENSHOTS=1 npm run test:browser -- screenshots
 * The page is the demo's; only the passkeys' past and their providers are staged. Look at each before it is kept.
 */

const DIRECTORY = fileURLToPath(new URL('../../docs/images/', import.meta.url));
const LIST = '**/user/devices';

let server: DemoServer;
let browser: Browser;

beforeAll(async () => {
  server = await DemoServer.start();
  browser = await launchChromium();
});
afterAll(async () => {
  await browser?.close();
  await server?.kill();
});

/** The marks of providers, which the server draws. */
const MARKS: Readonly<Record<string, string>> = {
  'Apple Passwords': 'fbfc3007-154e-4ecc-8c0b-6e020557d7bd',
  'Windows Hello': '08987058-cadc-4b81-b6e1-30de50dcbe96',
  'Samsung Pass': '53414d53-554e-4700-0000-000000000000',
  '1Password': 'bada5566-a7aa-401f-bd96-45619a55120d',
};

interface Picture {
  readonly name: string;
  readonly width: number;
  readonly count?: number;
  readonly lang?: string;
  readonly scheme?: 'light' | 'dark';
  /** What is done before the picture is taken, with somebody signed in unless `isSignedOut`. */
  readonly act?: (visitor: Visitor) => Promise<void>;
  readonly isSignedOut?: boolean;
}

const click =
  (action: string, which = 0) =>
  (visitor: Visitor) =>
    visitor.page.locator(`passkey-table [data-action=${action}]`).nth(which).click();

const PICTURES: readonly Picture[] = [
  { name: 'passkey-table', width: 1024 },
  { name: 'passkey-table-dark', width: 1024, scheme: 'dark' },
  { name: 'passkey-table-phone', width: 375 },
  { name: 'passkey-table-german', width: 375, lang: 'de' },
  { name: 'passkey-table-arabic', width: 768, lang: 'ar' },
  { name: 'passkey-table-limit', width: 768, count: 50 },
  { name: 'passkey-table-empty', width: 768, count: 0 },
  { name: 'passkey-table-details', width: 768, act: click('details') },
  { name: 'passkey-table-renaming', width: 768, act: click('rename', 1) },
  { name: 'passkey-table-revoking', width: 768, act: click('revoke') },
  {
    name: 'passkey-table-adding',
    width: 375,
    act: async (visitor) => {
      const laptop = new VirtualAuthenticator('synced');
      await laptop.touch(false);
      await visitor.hold(laptop);
      await click('add')(visitor);
      await visitor.page.locator('passkey-table [data-action=cancel]').waitFor();
    },
  },
  { name: 'passkey-sign-in', width: 1024, isSignedOut: true },
  { name: 'passkey-sign-in-phone', width: 375, isSignedOut: true },
];

describe('the pictures of the docs', () => {
  it.each(PICTURES)('$name', async ({ name, width, count = 5, lang, scheme = 'light', act, isSignedOut }) => {
    const context: BrowserContextOptions = {
      viewport: { width, height: 640 },
      // Those of the README are looked at on dense screens.
      deviceScaleFactor: name.startsWith('passkey-table') && width === 1024 ? 2 : 1,
      colorScheme: scheme,
      reducedMotion: 'reduce',
      timezoneId: 'UTC',
      locale: 'en-GB',
    };
    const visitor = await Visitor.arrive(browser, server.url, { context });
    const { page } = visitor;
    const list = listOf(count);
    const passkeys = list.passkeys.map((passkey) => {
      const mark = MARKS[passkey.provider ?? ''];
      const icons = mark && { light: `/icons/${mark}/light.svg`, dark: `/icons/${mark}/dark.svg` };
      return { ...passkey, ...(icons && { icons }) };
    });
    await page.route(LIST, (route) => route.fulfill({ json: { ...list, passkeys } }));
    if (!isSignedOut) await visitor.signIn('ada');
    if (lang) await page.locator('#language').selectOption(lang);
    await page.waitForTimeout(400);
    await act?.(visitor);
    await page.mouse.move(0, 0);
    await page.waitForTimeout(200);
    const isDialog = name.endsWith('revoking');
    const picture = await page.screenshot({
      path: `${DIRECTORY}${name}.png`,
      fullPage: count <= 14 && !isDialog,
      animations: 'disabled',
    });
    expect(picture.length).toBeGreaterThan(0);
    await visitor.leave();
  });
});
