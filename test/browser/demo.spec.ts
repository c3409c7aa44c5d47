import type { Browser } from 'playwright-core';
import { launchChromium } from './chromium.js';
import { DemoServer } from './demo-server.js';
import { eventually } from '../support/eventually.js';
import { holdNext } from './held-request.js';
import { VirtualAuthenticator, type VirtualCredential } from './virtual-authenticator.js';
import { Visitor, type VisitorOptions } from './visitor.js';

const LIST = '**/user/devices';
const FINISH = '**/register/transactions/webauthn/finish';
const REFUSED = 'This passkey was not accepted. It may have been revoked.';

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

async function aVisitor(options?: VisitorOptions): Promise<Visitor> {
  const visitor = await Visitor.arrive(browser, server.url, options);
  visitors.push(visitor);
  return visitor;
}

/** Somebody signed in by name, with a passkey on each of these authenticators; they hold the last one. */
async function aUser(name: string, ...authenticators: VirtualAuthenticator[]) {
  const visitor = await aVisitor();
  await visitor.signIn(name);
  const passkeys: string[] = [];
  for (const authenticator of authenticators) passkeys.push(await visitor.addPasskey(authenticator));
  return { visitor, passkeys };
}

/** A refusal of the server is an error to the browser's console too; takes exactly one off the list. */
async function expectRefusal(visitor: Visitor, status: number): Promise<void> {
  const refusal = `Failed to load resource: the server responded with a status of ${status}`;
  await eventually(() => expect(visitor.complaints).toEqual([expect.stringContaining(refusal)]));
  visitor.complaints.length = 0;
}

/** An answer that never comes is an error to the browser's console too; takes exactly one off the list. */
async function expectLostAnswer(visitor: Visitor): Promise<void> {
  await eventually(() =>
    expect(visitor.complaints).toEqual([expect.stringContaining('ERR_CONNECTION_RESET')]),
  );
  visitor.complaints.length = 0;
}

const idOf = ({ credentialId }: VirtualCredential) =>
  Buffer.from(credentialId, 'base64').toString('base64url');

/** Somebody with a passkey on a laptop, whose stick holds none yet. */
async function anOwner(name: string) {
  const [laptop, stick] = [new VirtualAuthenticator('synced'), new VirtualAuthenticator('security key')];
  const { visitor } = await aUser(name, laptop);
  await visitor.hold(stick);
  const [onLaptop] = await laptop.credentials();
  return { visitor, stick, onLaptop: onLaptop! };
}

/** Passes once the table shows this many passkeys and no signal in between could have deleted the new one. */
async function expectKept(visitor: Visitor, stick: VirtualAuthenticator, onLaptop: VirtualCredential) {
  await eventually(async () => expect(await visitor.passkeys()).toHaveLength(2));
  const credentials = await stick.credentials();
  expect(credentials).toHaveLength(1);
  const [before, ...after] = (await sortedSignals(visitor)).map((each) => each.allAcceptedCredentialIds);
  expect(before).toEqual([idOf(onLaptop)]);
  const both = [idOf(onLaptop), idOf(credentials[0]!)].sort();
  expect(new Set(after.map(String))).toEqual(new Set([String(both)]));
}

/** The browser takes the ids in any order. */
const sortedSignals = async (visitor: Visitor) =>
  (await visitor.signals()).map((signal) => ({
    ...signal,
    allAcceptedCredentialIds: signal.allAcceptedCredentialIds.toSorted(),
  }));

describe('signing in', () => {
  it('redirects a visitor from another loopback address to localhost', async () => {
    const visitor = await aVisitor();
    await visitor.page.goto(server.url.replace('localhost', '127.0.0.1'));
    expect(visitor.page.url()).toBe(`${server.url}/`);
    await visitor.isSignedOut();
  });

  it('shows the empty state to a user without passkeys, and refuses to confirm', async () => {
    const { visitor } = await aUser('newcomer');
    await visitor.emptyState.waitFor();
    expect(await visitor.passkeys()).toEqual([]);
    await visitor.button('Confirm it’s you').click();
    await visitor.said.getByText('There is no passkey to confirm with yet. Add one first.').waitFor();
    await expectRefusal(visitor, 409);
  });

  it('signs in with a passkey and no name, and counts the use of that passkey alone', async () => {
    const [laptop, stick] = [new VirtualAuthenticator('synced'), new VirtualAuthenticator('security key')];
    const { visitor, passkeys } = await aUser('ada', laptop, stick);
    const [onLaptop, onStick] = passkeys as [string, string];
    await visitor.signOut();
    await visitor.hold(laptop);
    const before = Date.now();
    await visitor.signInWithPasskey();
    await visitor.isSignedInAs('ada');
    await eventually(async () => {
      expect(await visitor.passkeys()).toEqual([
        { name: onLaptop, facts: expect.stringMatching(/ · used /) },
        { name: onStick, facts: expect.stringMatching(/ · not used yet$/) },
      ]);
    });
    expect(await visitor.uses()).toEqual([
      [onLaptop, '1'],
      [onStick, '0'],
    ]);
    await visitor.card(onLaptop).getByText('This session').waitFor();
    const used = (await visitor.time(onLaptop, 'last-used')).getTime();
    expect(used).toBeGreaterThanOrEqual(before - 1_000);
    expect(used).toBeLessThanOrEqual(Date.now() + 1_000);
  });

  it('signs in from the autofill of the name field', async () => {
    const laptop = new VirtualAuthenticator();
    const { visitor } = await aUser('autofilled', laptop);
    await laptop.unplug();
    await visitor.leave();
    const returning = await aVisitor({ authenticator: laptop, autofill: true });
    await returning.isSignedInAs('autofilled');
    expect(await returning.requests()).toEqual(['conditional passkey']);
    await returning.page.getByText('with a passkey', { exact: true }).waitFor();
    await eventually(async () => expect(await returning.uses()).toEqual([[expect.any(String), '1']]));
  });

  it('aborts the offer in autofill when the sign-in button is pressed', async () => {
    const laptop = new VirtualAuthenticator();
    const { visitor } = await aUser('impatient', laptop);
    await laptop.unplug();
    await visitor.leave();
    await laptop.touch(false);
    const returning = await aVisitor({ authenticator: laptop, autofill: true });
    await eventually(async () => expect(await returning.requests()).toEqual(['conditional pending']));
    await laptop.touch(true);
    await returning.signInWithPasskey();
    await returning.isSignedInAs('impatient');
    expect(await returning.requests()).toEqual(['conditional AbortError', 'prompt passkey']);
  });

  it('reports that nothing was confirmed when user verification fails, and signs no user in', async () => {
    const laptop = new VirtualAuthenticator();
    const { visitor } = await aUser('stranger', laptop);
    await visitor.signOut();
    await laptop.recogniseOwner(false);
    await visitor.signInWithPasskey();
    await visitor.signInError.getByText('Nothing was confirmed').waitFor();
    await visitor.isSignedOut();
  });

  it('ends the session with a message when the token is no longer accepted', async () => {
    const { visitor } = await aUser('expired');
    await visitor.page.route('**/user/devices', (route) =>
      route.continue({ headers: { ...route.request().headers(), authorization: 'Bearer worn.out.token' } }),
    );
    await visitor.page.evaluate('document.querySelector("passkey-table").refresh()');
    await visitor.said.getByText('Your session has ended. Sign in again.').waitFor();
    await visitor.isSignedOut();
    await expectRefusal(visitor, 401);
  });
});

describe('the list of passkeys', () => {
  it('marks a passkey that was added automatically below its name, and no other', async () => {
    const { visitor, passkeys } = await aUser(
      'upgraded',
      new VirtualAuthenticator('synced'),
      new VirtualAuthenticator('platform'),
    );
    // Chromium's virtual authenticators create nothing without being asked.
    await visitor.page.route(LIST, async (route) => {
      const response = await route.fetch();
      const list = (await response.json()) as { passkeys: { friendlyName: string }[] };
      const shown = list.passkeys.map((it) => ({ ...it, automatic: it.friendlyName === passkeys[0] }));
      await route.fulfill({ response, json: { ...list, passkeys: shown } });
    });
    await visitor.page.evaluate('document.querySelector("passkey-table").refresh()');
    const marks = visitor.page.locator('passkey-table [part=mark]');
    await eventually(async () => expect(await marks.allInnerTexts()).toEqual(['Added automatically']));
    await visitor.card(passkeys[0]!).getByText('Added automatically').waitFor();
  });

  it('shows each new passkey with its name, its storage, today’s date and no use, newest first', async () => {
    const before = Date.now();
    const { visitor, passkeys } = await aUser(
      'lister',
      new VirtualAuthenticator('synced'),
      new VirtualAuthenticator('platform'),
    );
    expect(passkeys).toEqual(['Chrome on Linux', 'Chrome on Linux (2)']);
    const added = await Promise.all(passkeys.map((name) => visitor.time(name, 'added')));
    for (const time of added) {
      expect(time.getTime()).toBeGreaterThanOrEqual(before - 1_000);
      expect(time.getTime()).toBeLessThanOrEqual(Date.now() + 1_000);
    }
    expect(await visitor.passkeys()).toEqual([
      { name: passkeys[1], facts: 'On one device · added today · not used yet' },
      { name: passkeys[0], facts: 'Synced · added today · not used yet' },
    ]);
  });

  it('reports that an authenticator already holds a passkey for the account', async () => {
    const laptop = new VirtualAuthenticator();
    const { visitor } = await aUser('collector', laptop);
    await visitor.button('Add a passkey').click();
    await visitor.tableError.getByText('already holds a passkey for your account').waitFor();
    expect(await visitor.passkeys()).toHaveLength(1);
    expect(await laptop.credentials()).toHaveLength(1);
  });

  it('does not show one user the passkeys of another', async () => {
    const ada = await aUser('ada-lovelace', new VirtualAuthenticator());
    const { visitor: bob } = await aUser('bob');
    await bob.emptyState.waitFor();
    expect(await bob.passkeys()).toEqual([]);
    await ada.visitor.signOut();
    expect(await ada.visitor.passkeys()).toEqual([]);
    await ada.visitor.signIn('bob');
    await ada.visitor.emptyState.waitFor();
    expect(await ada.visitor.passkeys()).toEqual([]);
  });

  it('signals all accepted passkeys to the browser after each load, addition and revocation', async () => {
    const [laptop, stick] = [new VirtualAuthenticator('synced'), new VirtualAuthenticator('security key')];
    const { visitor, passkeys } = await aUser('signaller', laptop);
    const [onLaptop] = await laptop.credentials();
    await visitor.addPasskey(stick);
    const [onStick] = await stick.credentials();
    const signal = (...accepted: (VirtualCredential | undefined)[]) => ({
      rpId: 'localhost',
      userId: Buffer.from(onLaptop!.userHandle!, 'base64').toString('base64url'),
      allAcceptedCredentialIds: accepted.map((credential) => idOf(credential!)).sort(),
    });
    expect(await sortedSignals(visitor)).toEqual([signal(onLaptop), signal(onLaptop, onStick)]);

    await visitor.page.reload();
    await visitor.signIn('signaller');
    await eventually(async () => expect(await sortedSignals(visitor)).toEqual([signal(onLaptop, onStick)]));

    await visitor.hold(laptop);
    await visitor.button(`Revoke ${passkeys[0]}`).click();
    await visitor.button('Revoke passkey').click();
    await eventually(async () => expect((await sortedSignals(visitor)).at(-1)).toEqual(signal(onStick)));
    await eventually(async () => expect(await laptop.credentials()).toEqual([]));
  });

  it('fits a narrow screen without horizontal scrolling', async () => {
    const { visitor } = await aUser('phone', new VirtualAuthenticator(), new VirtualAuthenticator());
    await visitor.page.setViewportSize({ width: 320, height: 640 });
    await visitor.button('Details of Chrome on Linux').click();
    await visitor.button('Rename Chrome on Linux').click();
    expect(await visitor.page.evaluate('document.documentElement.scrollWidth')).toBe(320);
  });
});

describe('adding a passkey', () => {
  const refresh = 'document.querySelector("passkey-table").refresh()';

  it('keeps the new passkey when the list is refreshed before the finish is answered', async () => {
    const { visitor, stick, onLaptop } = await anOwner('refresher');
    const finish = await holdNext(visitor.page, FINISH, 'request');
    await visitor.button('Add a passkey').click();
    await finish.held;
    await visitor.page.evaluate(refresh);
    finish.release();
    await visitor.tableSaid.getByText('was added.').waitFor();
    await expectKept(visitor, stick, onLaptop);
  });

  it('keeps the new passkey when getToken is replaced before the finish is answered', async () => {
    const { visitor, stick, onLaptop } = await anOwner('token-renewer');
    const finish = await holdNext(visitor.page, FINISH, 'request');
    await visitor.button('Add a passkey').click();
    await finish.held;
    await visitor.page.evaluate(`{
      const table = document.querySelector('passkey-table');
      const before = table.getToken;
      table.getToken = () => before();
    }`);
    expect(await visitor.passkeys()).toHaveLength(1);
    finish.release();
    await visitor.tableSaid.getByText('was added.').waitFor();
    await expectKept(visitor, stick, onLaptop);
  });

  it('keeps the new passkey when a list requested before the registration is answered after it', async () => {
    const { visitor, stick, onLaptop } = await anOwner('slow-reader');
    const list = await holdNext(visitor.page, LIST, 'answer');
    const refreshed = visitor.page.evaluate(refresh);
    await list.held;
    const verify = await holdNext(visitor.page, '**/passkey/verify', 'request');
    await visitor.button('Add a passkey').click();
    await verify.held;
    list.release();
    await refreshed;
    await expectKept(visitor, stick, onLaptop);
    verify.release();
    await visitor.tableSaid.getByText('was added.').waitFor();
    await expectKept(visitor, stick, onLaptop);
  });

  it('keeps the new passkey when a list requested before the registration is answered during it', async () => {
    const { visitor, stick, onLaptop } = await anOwner('early-reader');
    const list = await holdNext(visitor.page, LIST, 'answer');
    const refreshed = visitor.page.evaluate(refresh);
    await list.held;
    const finish = await holdNext(visitor.page, FINISH, 'request');
    await visitor.button('Add a passkey').click();
    await finish.held;
    list.release();
    await refreshed;
    finish.release();
    await visitor.tableSaid.getByText('was added.').waitFor();
    await expectKept(visitor, stick, onLaptop);
  });

  it('completes the registration of a user who signs out before the finish is answered', async () => {
    const { visitor, stick, onLaptop } = await anOwner('leaver');
    const finish = await holdNext(visitor.page, FINISH, 'request');
    await visitor.button('Add a passkey').click();
    await finish.held;
    await visitor.signOut();
    await visitor.signIn('next-user');
    await visitor.emptyState.waitFor();
    finish.release();
    await visitor.page.waitForResponse(FINISH);
    expect(await visitor.passkeys()).toEqual([]);
    await visitor.signOut();
    await visitor.signIn('leaver');
    await expectKept(visitor, stick, onLaptop);
  });

  it('takes the passkey back from the authenticator when the server has refused its registration', async () => {
    const { visitor, stick } = await anOwner('refused-adder');
    const before = await sortedSignals(visitor);
    await visitor.page.route(FINISH, (route) =>
      route.fulfill({ status: 400, json: { code: 'invalid_request', error: 'Not accepted.' } }),
    );
    await visitor.button('Add a passkey').click();
    await visitor.tableError.getByText('The passkey was not accepted. Try again.').waitFor();
    expect(await visitor.passkeys()).toHaveLength(1);
    await eventually(async () => expect(await stick.credentials()).toEqual([]));
    expect((await sortedSignals(visitor)).slice(before.length)).toEqual([]);
    await expectRefusal(visitor, 400);
  });

  it('shows a passkey as added when only the response to its finish was lost', async () => {
    const { visitor, stick, onLaptop } = await anOwner('lost-answer');
    await visitor.page.route(FINISH, async (route) => {
      await route.fetch();
      await route.abort('connectionreset');
    });
    await visitor.button('Add a passkey').click();
    await visitor.tableSaid.getByText('was added.').waitFor();
    await expectKept(visitor, stick, onLaptop);
    await expectLostAnswer(visitor);
  });

  it('keeps a passkey when its finish got no response, because the server may have stored it', async () => {
    const { visitor, stick } = await anOwner('unheard');
    const before = await sortedSignals(visitor);
    await visitor.page.route(FINISH, (route) => route.abort('connectionreset'));
    await visitor.button('Add a passkey').click();
    await visitor.tableError.getByText('The server cannot be reached.').waitFor();
    expect(await sortedSignals(visitor)).toEqual(before);
    expect(await stick.credentials()).toHaveLength(1);
    await expectLostAnswer(visitor);
  });

  it('shows the newer of two lists when the older one is answered last', async () => {
    const { visitor } = await anOwner('impatient-reader');
    const older = await holdNext(visitor.page, LIST, 'answer');
    const first = visitor.page.evaluate(refresh);
    await older.held;
    await visitor.addPasskey(new VirtualAuthenticator());
    older.release();
    await first;
    expect(await visitor.passkeys()).toHaveLength(2);
  });
});

describe('renaming', () => {
  it('keeps the new name after a reload, and shows markup in it as text', async () => {
    const { visitor, passkeys } = await aUser('renamer', new VirtualAuthenticator());
    const name = 'Ada’s <img src=x onerror=throw>';
    await visitor.rename(passkeys[0]!, name);
    await visitor.page.reload();
    await visitor.signIn('renamer');
    await eventually(async () => expect((await visitor.passkeys())[0]?.name).toBe(name));
  });

  it('works with the keyboard alone: Enter saves, Escape keeps the old name', async () => {
    const { visitor, passkeys } = await aUser('typist', new VirtualAuthenticator());
    const { keyboard } = visitor.page;
    const old = passkeys[0]!;

    await visitor.tabTo(`Rename ${old}`);
    await keyboard.press('Enter');
    expect(await visitor.focused()).toBe(`New name for ${old}`);
    await keyboard.type('Never mind');
    await keyboard.press('Escape');
    expect(await visitor.focused()).toBe(`Rename ${old}`);
    expect((await visitor.passkeys())[0]?.name).toBe(old);

    await keyboard.press('Enter');
    await keyboard.type('Desk');
    await keyboard.press('Enter');
    await eventually(async () => expect((await visitor.passkeys())[0]?.name).toBe('Desk'));
    expect(await visitor.focused()).toBe('Rename Desk');
  });

  it('asks for a name when the field is blank, and keeps the field open', async () => {
    const { visitor, passkeys } = await aUser('nameless', new VirtualAuthenticator());
    await visitor.button(`Rename ${passkeys[0]}`).click();
    const field = visitor.page.getByLabel(`New name for ${passkeys[0]}`);
    await field.fill('   ');
    await field.press('Enter');
    await visitor.page.getByText('Give the passkey a name.').waitFor();
    await field.waitFor();
    await field.press('Escape');
    expect((await visitor.passkeys())[0]?.name).toBe(passkeys[0]);
  });
});

describe('revoking', () => {
  it('asks for confirmation, and keeps the passkey unless the user confirms', async () => {
    const { visitor, passkeys } = await aUser('undecided', new VirtualAuthenticator());
    const revoke = visitor.button(`Revoke ${passkeys[0]}`);
    await revoke.click();
    await visitor.dialog.getByText('It is the only passkey on your account.').waitFor();
    await visitor.dialog.getByText('A copy may remain on your device').waitFor();
    expect(await visitor.focused()).toBe('Keep it');
    await visitor.button('Keep it').click();
    await visitor.dialog.waitFor({ state: 'hidden' });
    await revoke.click();
    await visitor.dialog.waitFor();
    await visitor.page.keyboard.press('Escape');
    await visitor.dialog.waitFor({ state: 'hidden' });
    expect(await visitor.focused()).toBe(`Revoke ${passkeys[0]}`);
    expect(await visitor.passkeys()).toHaveLength(1);
    await revoke.click();
    await visitor.button('Revoke passkey').click();
    await visitor.tableSaid.getByText(`The passkey “${passkeys[0]}” was revoked.`).waitFor();
    await visitor.emptyState.waitFor();
    expect(await visitor.focused()).toBe('Add a passkey');
  });

  it('refuses a copy of the revoked passkey, and accepts the other passkeys', async () => {
    const [laptop, stick] = [new VirtualAuthenticator('synced'), new VirtualAuthenticator('security key')];
    const { visitor, passkeys } = await aUser('revoker', laptop, stick);
    const copy = new VirtualAuthenticator('synced', await laptop.credentials());
    await visitor.button(`Revoke ${passkeys[0]}`).click();
    await visitor.button('Revoke passkey').click();
    await eventually(async () => expect(await visitor.uses()).toEqual([[passkeys[1], '0']]));
    await visitor.signOut();

    await visitor.hold(copy);
    await visitor.signInWithPasskey();
    await visitor.signInError.getByText(REFUSED).waitFor();
    await visitor.isSignedOut();
    await expectRefusal(visitor, 401);

    await visitor.hold(stick);
    await visitor.signInWithPasskey();
    await visitor.isSignedInAs('revoker');
    await eventually(async () => expect(await visitor.uses()).toEqual([[passkeys[1], '1']]));
  });
});

describe('step-up in the demo', () => {
  it('accepts one of the user’s own passkeys, and counts the use', async () => {
    const { visitor } = await aUser('confirmer', new VirtualAuthenticator());
    await visitor.button('Confirm it’s you').click();
    await visitor.said.getByText('Confirmed with a passkey: it is confirmer.').waitFor();
    await eventually(async () => expect(await visitor.uses()).toEqual([[expect.any(String), '1']]));
  });

  it('refuses the passkey of another user', async () => {
    const theirs = new VirtualAuthenticator();
    await aUser('somebody-else', theirs);
    const { visitor, passkeys } = await aUser('same-user', new VirtualAuthenticator());
    await theirs.unplug();
    await visitor.hold(theirs);
    await visitor.button('Confirm it’s you').click();
    await visitor.said.getByText('Nothing was confirmed').waitFor();
    expect(await visitor.uses()).toEqual([[passkeys[0], '0']]);
  });
});

describe('the demo server', () => {
  it('logs no error during these tests, and exits with 0 on a signal', async () => {
    await browser.close();
    expect(await server.stop()).toBe(0);
    expect(server.complaints()).toEqual([]);
  });
});
