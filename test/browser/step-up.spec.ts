import type { Browser } from 'playwright-core';
import { eventually } from '../support/eventually.js';
import { launchChromium } from './chromium.js';
import { DemoServer } from './demo-server.js';
import { VirtualAuthenticator } from './virtual-authenticator.js';
import { Visitor } from './visitor.js';

let browser: Browser;
let server: DemoServer;
let visitors: Visitor[] = [];

beforeAll(async () => {
  browser = await launchChromium();
});
afterEach(async () => {
  await Promise.all(visitors.map((visitor) => visitor.leave()));
  visitors = [];
});
afterAll(() => browser?.close());

async function aVisitor(name: string): Promise<Visitor> {
  const visitor = await Visitor.arrive(browser, server.url);
  visitors.push(visitor);
  await visitor.signIn(name);
  return visitor;
}

/** What the table's dialog says. */
const dialogSays = (visitor: Visitor, text: string | RegExp) => visitor.dialog.getByText(text).waitFor();

async function revoke(visitor: Visitor, name: string): Promise<void> {
  await visitor.button(`Revoke ${name}`).click();
  await visitor.button('Revoke passkey').click();
}

/** What the table says at the passkey, or on top. */
const tableSays = (visitor: Visitor, text: string | RegExp) =>
  visitor.page.locator('passkey-table [part=message]').getByText(text).waitFor();

/** The user agrees to confirm. */
const confirm = (visitor: Visitor) => visitor.button('Continue with a passkey').click();

/** How often the browser asked for a passkey to confirm with, since the page was loaded. */
const asked = async (visitor: Visitor) =>
  (await visitor.requests()).filter((request) => request.startsWith('prompt')).length;

/** Counts what the page is asked to do by the callback `stepUp`, which answers `answer`. */
const answering = (visitor: Visitor, answer: boolean) =>
  visitor.page.evaluate(
    `globalThis.stepUps = [];
     document.querySelector('passkey-table').stepUp = async (request) => (stepUps.push(request), ${answer});`,
  );
const stepUps = (visitor: Visitor) => visitor.page.evaluate<object[]>('stepUps');

describe('where a passkey is the step-up', () => {
  beforeAll(async () => {
    server = await DemoServer.start('--step-up', 'passkey');
  }, 120_000);
  afterAll(() => server?.kill());

  /** Somebody who signed in again after they added a passkey: it is older than that, and counts. */
  async function someone(name: string) {
    const laptop = new VirtualAuthenticator('synced');
    const visitor = await aVisitor(name);
    const onLaptop = await visitor.addPasskey(laptop);
    await visitor.signOut();
    // `auth_time` has seconds.
    await new Promise((resolve) => setTimeout(resolve, 1_100));
    await visitor.signIn(name);
    return { visitor, laptop, onLaptop };
  }

  it('revokes a passkey once its user has confirmed with one', async () => {
    const { visitor, onLaptop } = await someone('ada');
    const before = await asked(visitor);
    await revoke(visitor, onLaptop);
    await confirm(visitor);
    await visitor.tableSaid.getByText(`The passkey “${onLaptop}” was revoked.`).waitFor();
    expect(await asked(visitor)).toBe(before + 1);
    await visitor.emptyState.waitFor();
  });

  it('adds a second passkey once its user has confirmed with the first, which itself needed none', async () => {
    const { visitor, laptop } = await someone('bob');
    // The synced authenticator confirms; it holds a passkey already, so it makes no other.
    await visitor.hold(laptop);
    const before = await asked(visitor);
    await visitor.button('Add a passkey').click();
    await confirm(visitor);
    await visitor.tableError.getByText('already holds a passkey').waitFor();
    expect(await asked(visitor)).toBe(before + 1);
  });

  it('says that nothing was revoked where the user does not confirm, and revokes on another try', async () => {
    const { visitor, laptop, onLaptop } = await someone('carl');
    await laptop.recogniseOwner(false);
    await revoke(visitor, onLaptop);
    await confirm(visitor);
    await dialogSays(visitor, /^Nothing was confirmed/);
    await visitor.button('Cancel').click();
    await visitor.dialog.waitFor({ state: 'hidden' });
    expect(await visitor.passkeys()).toHaveLength(1);
    await laptop.recogniseOwner(true);
    await revoke(visitor, onLaptop);
    await confirm(visitor);
    await visitor.emptyState.waitFor();
  });

  it('asks the page for a new sign-in where the passkey is younger than that of the token', async () => {
    const visitor = await aVisitor('dora');
    const name = await visitor.addPasskey(new VirtualAuthenticator('synced'));
    await revoke(visitor, name);
    await confirm(visitor);
    await tableSays(visitor, /Sign out, sign in, and try again/);
    await answering(visitor, false);
    await revoke(visitor, name);
    await confirm(visitor);
    await eventually(async () =>
      expect(await stepUps(visitor)).toEqual([
        { act: 'revoke', passkeyId: expect.any(String) as string, maxAge: null, acrValues: [] },
      ]),
    );
    expect(await visitor.passkeys()).toHaveLength(1);
  });

  it('leaves the act to a page that prevents it', async () => {
    const { visitor, onLaptop } = await someone('emil');
    await visitor.page.evaluate(
      `globalThis.prevented = [];
       for (const name of ['passkey-adding', 'passkey-revoking'])
         document.addEventListener(name, (event) => (event.preventDefault(), prevented.push([name, event.detail.passkey?.friendlyName])));`,
    );
    const before = await asked(visitor);
    await revoke(visitor, onLaptop);
    await visitor.dialog.waitFor({ state: 'hidden' });
    await visitor.button('Add a passkey').click();
    await eventually(async () =>
      expect(await visitor.page.evaluate('prevented')).toEqual([
        ['passkey-revoking', onLaptop],
        ['passkey-adding', undefined],
      ]),
    );
    expect(await asked(visitor)).toBe(before);
    expect(await visitor.passkeys()).toHaveLength(1);
  });
});

describe('where a fresh sign-in of a certain kind is the step-up', () => {
  beforeAll(async () => {
    // The demo's tokens have no acr.
    server = await DemoServer.start('--step-up', 'fresh-token', '--step-up-acr', 'gold');
  }, 120_000);
  afterAll(() => server?.kill());

  it('asks the page for it, without asking for a passkey, and says what to do if it is not given', async () => {
    const visitor = await aVisitor('ada');
    const name = await visitor.addPasskey(new VirtualAuthenticator('synced'));
    const before = await asked(visitor);
    await answering(visitor, true);
    await revoke(visitor, name);
    await dialogSays(visitor, /You have to prove again that it is you/);
    expect(await stepUps(visitor)).toEqual([
      { act: 'revoke', passkeyId: expect.any(String) as string, maxAge: 300, acrValues: ['gold'] },
    ]);
    expect(await asked(visitor)).toBe(before);
    await visitor.button('Keep it').click();
    await visitor.button('Add a passkey').click();
    await visitor.tableError.getByText('You have to prove again that it is you').waitFor();
    expect(await stepUps(visitor)).toHaveLength(2);
  });
});

describe('the last passkey and the limit', () => {
  afterEach(() => server?.kill());

  it('is not revoked where the app denies it: the dialog says so, and has no button for it', async () => {
    server = await DemoServer.start('--last-passkey', 'deny', '--max-passkeys-per-user', '2');
    const visitor = await aVisitor('ada');
    const name = await visitor.addPasskey(new VirtualAuthenticator('synced'));
    await visitor.button(`Revoke ${name}`).click();
    await dialogSays(visitor, /cannot be revoked\. Add another passkey first\./);
    expect(await visitor.button('Revoke passkey').count()).toBe(0);
    await visitor.button('Close').click();
    await visitor.page.getByText('1 of 2 passkeys').waitFor();
    const second = await visitor.addPasskey(new VirtualAuthenticator('security key'));
    await visitor.page.getByText('2 of 2 passkeys').waitFor();
    await visitor.page.getByText(/Revoke one before you add another\.$/).waitFor();
    expect(await visitor.button('Add a passkey').getAttribute('aria-disabled')).toBe('true');
    await revoke(visitor, second);
    await visitor.page.getByText('1 of 2 passkeys').waitFor();
    await eventually(async () =>
      expect(await visitor.button('Add a passkey').getAttribute('aria-disabled')).toBeNull(),
    );
  });

  it('is warned of by default, with what the page says of other ways to sign in', async () => {
    server = await DemoServer.start();
    const visitor = await aVisitor('bob');
    const name = await visitor.addPasskey(new VirtualAuthenticator('synced'));
    await visitor.page.evaluate(
      `document.querySelector('passkey-table [slot=recovery]').textContent = 'Call us.'`,
    );
    await visitor.button(`Revoke ${name}`).click();
    await dialogSays(visitor, 'It is the only passkey on your account.');
    await visitor.page.getByText('Call us.').waitFor();
    await visitor.button('Revoke passkey').click();
    await visitor.emptyState.waitFor();
    expect(await visitor.passkeys()).toEqual([]);
  });
});
