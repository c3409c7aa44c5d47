import { fileURLToPath } from 'node:url';
import type { Browser, Page } from 'playwright-core';
import { launchChromium } from './chromium.js';
import { DemoServer } from './demo-server.js';
import { eventually } from '../support/eventually.js';
import { VirtualAuthenticator, type AuthenticatorKind } from './virtual-authenticator.js';
import { Visitor } from './visitor.js';

/*
 * Makes the pictures of the README: SCREENSHOTS=1 npm run test:browser -- screenshots
 * The passkeys are real ones of the demo; only their past and their providers are staged.
 */

const DIRECTORY = fileURLToPath(new URL('../../docs/images/', import.meta.url));
const MARGIN = 24; // CSS pixels

interface Staged {
  readonly kind: AuthenticatorKind;
  readonly shown: {
    readonly provider: string;
    readonly createdAt: string;
    readonly lastLoginAt: string | null;
    readonly usageCount: number;
  };
}

const PASSKEYS: Readonly<Record<string, Staged>> = {
  MacBook: {
    kind: 'synced',
    shown: {
      provider: 'iCloud Keychain',
      createdAt: '2026-03-09T08:12:00Z',
      lastLoginAt: '2026-11-20T07:58:00Z',
      usageCount: 214,
    },
  },
  'Work laptop': {
    kind: 'platform',
    shown: {
      provider: 'Windows Hello',
      createdAt: '2026-06-02T15:40:00Z',
      lastLoginAt: '2026-11-18T16:21:00Z',
      usageCount: 37,
    },
  },
  'Blue security key': {
    kind: 'security key',
    shown: {
      provider: 'Security Key by Yubico',
      createdAt: '2026-09-14T11:05:00Z',
      lastLoginAt: null,
      usageCount: 0,
    },
  },
};

describe('the pictures of the README', () => {
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

  it('show the passkey table with three passkeys in the light and the dark theme', async () => {
    const visitor = await Visitor.arrive(browser, server.url, {
      context: {
        viewport: { width: 1200, height: 800 },
        deviceScaleFactor: 2,
        colorScheme: 'light',
        reducedMotion: 'reduce',
        timezoneId: 'UTC',
      },
    });
    await visitor.signIn('ada');
    for (const [name, { kind }] of Object.entries(PASSKEYS)) {
      const given = await visitor.addPasskey(new VirtualAuthenticator(kind));
      await visitor.rename(given, name);
    }
    await stage(visitor.page);
    await visitor.page.reload();
    await visitor.signInWithPasskey();
    await visitor.isSignedInAs('ada');
    await eventually(async () => expect(await visitor.passkeys()).toHaveLength(3));
    await take(visitor.page, 'passkey-table.png');
    await visitor.page.emulateMedia({ colorScheme: 'dark' });
    await take(visitor.page, 'passkey-table-dark.png');
    await visitor.leave();
  });
});

/** Gives the passkeys a past and a provider, which virtual authenticators lack. */
async function stage(page: Page): Promise<void> {
  await page.route('**/user/devices', async (route) => {
    const answer = await route.fetch();
    const list = (await answer.json()) as { passkeys: { friendlyName: string }[] };
    const passkeys = list.passkeys.map((passkey) => {
      return { ...passkey, ...PASSKEYS[passkey.friendlyName]!.shown };
    });
    await route.fulfill({ response: answer, json: { ...list, passkeys } });
  });
}

async function take(page: Page, file: string): Promise<void> {
  await page.mouse.move(0, 0);
  await page.evaluate('document.activeElement.blur()');
  await page.evaluate('new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))');
  const table = (await page.locator('passkey-table').boundingBox())!;
  const { width } = page.viewportSize()!;
  const clip = { x: 0, y: 0, width, height: Math.ceil(table.y + table.height + MARGIN) };
  await page.screenshot({ path: DIRECTORY + file, clip, animations: 'disabled' });
}
