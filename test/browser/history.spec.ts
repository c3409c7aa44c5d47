import type { Browser } from 'playwright-core';
import { eventually } from '../support/eventually.js';
import { faultsOf } from './axe.js';
import { launchChromium } from './chromium.js';
import { DemoServer } from './demo-server.js';
import { DemoUser } from './demo-user.js';
import { VirtualAuthenticator } from './virtual-authenticator.js';
import { Visitor } from './visitor.js';

const EVENTS = '**/user/passkey-events*';

let server: DemoServer;
let browser: Browser;
let visitors: Visitor[] = [];

beforeAll(async () => {
  server = await DemoServer.start();
  browser = await launchChromium();
});

afterEach(async () => {
  const complaints = visitors.flatMap((visitor) => visitor.complaints);
  await Promise.all(visitors.map((visitor) => visitor.leave()));
  visitors = [];
  expect(complaints).toEqual([]);
});

afterAll(async () => {
  await browser?.close();
  await server?.kill();
});

async function aVisitor(name: string): Promise<Visitor> {
  const visitor = await Visitor.arrive(browser, server.url);
  visitors.push(visitor);
  await visitor.signIn(name);
  return visitor;
}

/** Puts a new element into the page in place of the demo's, with the token of the user who is signed in to it. */
const showHistory = ({ page }: Visitor) =>
  page.evaluate(`{
    document.querySelector('passkey-history').remove();
    const history = document.createElement('passkey-history');
    history.getToken = document.querySelector('passkey-table').getToken;
    document.body.append(history);
  }`);

const part = ({ page }: Visitor, name: string) => page.locator('passkey-history').locator(`[part=${name}]`);
const button = ({ page }: Visitor, name: string) =>
  page.locator('passkey-history').getByRole('button', { name });
const textsOf = async (visitor: Visitor) => part(visitor, 'event').allInnerTexts();

/** Renames the user's passkey so many times, as a page does that has the client of the user's API. */
const rename = ({ page }: Visitor, times: number) =>
  page.evaluate(`(async () => {
    const token = await document.querySelector('passkey-table').getToken();
    const headers = { authorization: 'Bearer ' + token, 'content-type': 'application/json' };
    const { passkeys } = await (await fetch('/user/devices', { headers })).json();
    for (let n = 1; n <= ${times}; n++) {
      const body = JSON.stringify({ friendlyName: 'Name ' + n });
      await fetch('/user/devices/' + passkeys[0].id, { method: 'PATCH', headers, body });
    }
  })()`);

describe('<passkey-history>', () => {
  it('says that nothing has happened yet to somebody without passkeys', async () => {
    const visitor = await aVisitor('nobody-yet');
    await showHistory(visitor);
    await eventually(async () =>
      expect(await part(visitor, 'empty').innerText()).toBe('Nothing has happened to your passkeys yet.'),
    );
    expect(await textsOf(visitor)).toEqual([]);
  });

  it('shows what happened, newest first, with who did it and from where', async () => {
    const visitor = await aVisitor('ada-history');
    await visitor.addPasskey(new VirtualAuthenticator('synced'));
    await rename(visitor, 1);
    await showHistory(visitor);
    await eventually(async () => expect(await part(visitor, 'event').count()).toBe(2));
    const [renamed, added] = await textsOf(visitor);
    expect(renamed).toMatch(/^Passkey renamed\s*Name 1\n/);
    expect(added).toMatch(/^Passkey added\s*Name 1\n/);
    for (const text of [renamed, added]) {
      expect(text).toMatch(/You/);
      expect(text).toMatch(/Chrome on Linux/);
      expect(text).toMatch(/127\.0\.0\.1|::1/);
    }
    expect(await part(visitor, 'event').locator('time').first().getAttribute('datetime')).toMatch(/Z$/);
    // Texts are never HTML, and the words can be replaced.
    const texts = `{ types: { 'passkey.renamed': 'Umbenannt <b>' } }`;
    await visitor.page.evaluate(`document.querySelector('passkey-history').texts = ${texts}`);
    expect((await textsOf(visitor))[0]).toMatch(/^Umbenannt <b>/);
  });

  it('shows more when asked, and moves the focus to the first of it', async () => {
    const visitor = await aVisitor('bob-history');
    await visitor.addPasskey(new VirtualAuthenticator('synced'));
    await rename(visitor, 24);
    await showHistory(visitor);
    await eventually(async () => expect(await part(visitor, 'event').count()).toBe(20));
    await button(visitor, 'Show more').click();
    await eventually(async () => expect(await part(visitor, 'event').count()).toBe(25));
    expect(await button(visitor, 'Show more').count()).toBe(0);
    const focused = await visitor.page.evaluate(`{
      const { shadowRoot } = document.querySelector('passkey-history');
      [...shadowRoot.querySelectorAll('li')].indexOf(shadowRoot.activeElement);
    }`);
    expect(focused).toBe(20);
  });

  it('says that it loads, what failed, and tries again', async () => {
    const visitor = await aVisitor('cyd-history');
    await visitor.addPasskey(new VirtualAuthenticator('synced'));
    const failing = Promise.withResolvers<void>();
    await visitor.page.route(EVENTS, async (route) => {
      await failing.promise;
      await route.abort();
    });
    await showHistory(visitor);
    await eventually(async () =>
      expect(await part(visitor, 'loading').innerText()).toBe('Loading what happened…'),
    );
    failing.resolve();
    await eventually(async () =>
      expect(await part(visitor, 'error').innerText()).toMatch(/^The server cannot be reached\./),
    );
    visitor.complaints.length = 0;
    await visitor.page.unroute(EVENTS);
    await button(visitor, 'Try again').click();
    await eventually(async () => expect(await part(visitor, 'event').count()).toBe(1));
    expect(await part(visitor, 'error').innerText()).toBe('');
  });

  it('speaks the language of the page, and of each that it changes to', async () => {
    const visitor = await aVisitor('eve-history');
    await visitor.addPasskey(new VirtualAuthenticator('synced'));
    await showHistory(visitor);
    await eventually(async () => expect(await part(visitor, 'event').count()).toBe(1));
    for (const [lang, heading, event, place] of [
      ['de', 'Was mit Ihren Passkeys geschah', 'Passkey hinzugefügt', 'Chrome unter Linux'],
      ['ja', 'パスキーの履歴', 'パスキーを追加', 'Linux'],
      ['ar', 'سجلّ مفاتيح المرور', 'تمت إضافة مفتاح مرور', 'Linux'],
    ] as const) {
      await visitor.page.evaluate(`document.documentElement.lang = ${JSON.stringify(lang)}`);
      await eventually(async () => expect(await part(visitor, 'heading').innerText()).toBe(heading));
      const [text] = await textsOf(visitor);
      expect(text).toContain(event);
      expect(text).toContain(place);
      expect(await part(visitor, 'panel').getAttribute('dir')).toBe(lang === 'ar' ? 'rtl' : 'ltr');
    }
  });

  it('is not loaded again by another function for the same user, and is by the token of another', async () => {
    const visitor = await aVisitor('fay-history');
    await visitor.addPasskey(new VirtualAuthenticator('synced'));
    await showHistory(visitor);
    await eventually(async () => expect(await part(visitor, 'event').count()).toBe(1));
    let requests = 0;
    visitor.page.on('request', (request) => {
      if (request.url().includes('/user/passkey-events')) requests += 1;
    });
    await visitor.page.evaluate(`{
      const history = document.querySelector('passkey-history');
      const { getToken } = history;
      for (let i = 0; i < 20; i++) history.getToken = () => getToken();
      history.refresh();
    }`);
    await eventually(() => expect(requests).toBe(1));
    const other = await DemoUser.signIn(server, 'nobody-of-history');
    await visitor.page.evaluate(`{
      const history = document.querySelector('passkey-history');
      history.getToken = () => ${JSON.stringify(other.token)};
      history.refresh();
    }`);
    await eventually(async () => expect(await part(visitor, 'event').count()).toBe(0));
    await eventually(async () => expect(await part(visitor, 'empty').innerText()).not.toBe(''));
  });

  it.each([
    [320, 'light', 'en'],
    [768, 'dark', 'de'],
    [1280, 'light', 'ar'],
  ] as const)('has no fault that axe finds at %i px, %s, in %s', async (width, colorScheme, lang) => {
    const visitor = await aVisitor(`axe-${lang}-history`);
    await visitor.addPasskey(new VirtualAuthenticator('synced'));
    await visitor.page.setViewportSize({ width, height: 800 });
    await visitor.page.emulateMedia({ colorScheme });
    await visitor.page.evaluate(`document.documentElement.lang = ${JSON.stringify(lang)}`);
    await eventually(async () => expect(await part(visitor, 'event').count()).toBe(1));
    expect(await faultsOf(visitor.page, 'passkey-history')).toEqual([]);
    expect(await visitor.page.evaluate('document.documentElement.scrollWidth')).toBeLessThanOrEqual(width);
  });

  it('shows nothing of one user to the next', async () => {
    const visitor = await aVisitor('dan-history');
    await visitor.addPasskey(new VirtualAuthenticator('synced'));
    await showHistory(visitor);
    await eventually(async () => expect(await part(visitor, 'event').count()).toBe(1));
    await visitor.page.evaluate(`document.querySelector('passkey-history').getToken = null`);
    expect(await textsOf(visitor)).toEqual([]);
  });
});
