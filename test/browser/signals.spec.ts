import type { Browser } from 'playwright-core';
import { eventually } from '../support/eventually.js';
import { launchChromium } from './chromium.js';
import { DemoServer } from './demo-server.js';
import { DemoUser } from './demo-user.js';
import { HostPage, signedInAs } from './host-page.js';
import { VirtualAuthenticator } from './virtual-authenticator.js';

/*
 * A zombie is a credential that an authenticator offers and the server does not take. What the browser is told must leave
 * none, and must never take one that the server does take.
 */

const LIST = '**/user/devices';
const FINISH = '**/register/transactions/webauthn/finish';

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

/** The page can erase its user, as a page of account settings does. */
const ERASING = `
  import { UserApi } from './packages/elements/src/index.ts';
  globalThis.erase = () => new UserApi('', () => token).erase();`;

/** Somebody's table, with a password manager. */
async function someone(name: string) {
  host = await HostPage.open(browser, server, { module: signedInAs(name) + ERASING });
  const { page } = host;
  const authenticator = await host.plugIn(new VirtualAuthenticator('synced'));
  const table = page.locator('passkey-table');
  await table.locator('[part=empty]').waitFor();
  const user = await DemoUser.signIn(server, name);
  return { page, table, authenticator, user };
}

type Someone = Awaited<ReturnType<typeof someone>>;

async function add({ page, table }: Someone): Promise<void> {
  const before = await host.count();
  await table.locator('[data-action=add]').click();
  await eventually(async () => expect(await host.count()).toBe(before + 1));
  await page.keyboard.press('Escape');
}

const ids = async ({ authenticator }: Someone) =>
  (await authenticator.credentials()).map(({ credentialId }) =>
    Buffer.from(credentialId, 'base64').toString('base64url'),
  );

const read = ({ page }: Someone) => page.evaluate(`document.querySelector('passkey-table').refresh()`);

describe('no zombie is left in the password manager', () => {
  const isGone = (who: Someone) => eventually(async () => expect(await ids(who)).toEqual([]));

  it('by a revocation in the table', async () => {
    const who = await someone('zombie-1');
    await add(who);
    await who.table.locator('[data-action=revoke]').click();
    await who.page.getByRole('button', { name: 'Revoke passkey' }).click();
    await isGone(who);
  });

  it('by a revocation elsewhere, once there is another passkey', async () => {
    const who = await someone('zombie-2');
    await add(who);
    const [first] = await ids(who);
    await who.user.revokeAll();
    await read(who);
    await add(who);
    await eventually(async () => expect(await ids(who)).not.toContain(first));
    expect(await ids(who)).toHaveLength(1);
  });

  it('by a registration that the server refuses for good', async () => {
    const who = await someone('zombie-3');
    await who.page.route(FINISH, (route) =>
      route.fulfill({ status: 400, json: { code: 'invalid_request', error: 'Not accepted.' } }),
    );
    await who.table.locator('[data-action=add]').click();
    await who.table.locator('[role=alert]', { hasText: 'not accepted' }).waitFor();
    await isGone(who);
  });

  it('by a revocation in another tab, while there is another passkey', async () => {
    const who = await someone('zombie-5');
    await add(who);
    const [first] = await ids(who);
    await who.authenticator.unplug();
    const stick = await host.plugIn(new VirtualAuthenticator('security key'));
    await add({ ...who, authenticator: stick });
    await stick.unplug();
    const back = await host.plugIn(new VirtualAuthenticator('synced', await who.authenticator.credentials()));
    await who.user.revoke(first!);
    await who.page.evaluate(`document.dispatchEvent(new Event('visibilitychange'))`);
    await isGone({ ...who, authenticator: back });
    await eventually(async () => expect(await host.count()).toBe(1));
  });

  it('by a sign-in with a passkey that was revoked', async () => {
    const who = await someone('zombie-4');
    await add(who);
    await who.user.revokeAll();
    await who.page.evaluate(`(async () => {
      const signIn = document.createElement('passkey-sign-in');
      signIn.appId = 'demo';
      document.querySelector('main').append(signIn);
      await signIn.signIn();
    })()`);
    await who.page.locator('passkey-sign-in [role=alert]', { hasText: 'may have been revoked' }).waitFor();
    await isGone(who);
  });

  it('by an erasure of the user', async () => {
    const who = await someone('zombie-6');
    await add(who);
    expect(await ids(who)).toHaveLength(1);
    await who.page.evaluate('erase()');
    await isGone(who);
  });
});

describe('the names beside a passkey', () => {
  it('are those of the token after each load', async () => {
    const who = await someone('renamed-person');
    await add(who);
    await who.page.evaluate(`{
      globalThis.details = [];
      PublicKeyCredential.signalCurrentUserDetails = async (given) => void details.push(given);
    }`);
    await read(who);
    await eventually(async () =>
      expect(await who.page.evaluate('details')).toEqual([
        expect.objectContaining({ name: 'renamed-person', displayName: 'renamed-person', rpId: 'localhost' }),
      ]),
    );
  });
});

describe('random sequences of additions, revocations, refreshes and lost answers', () => {
  const COUNT = process.env['FULL'] === undefined ? 10 : 300;
  const LENGTH = 6;

  it(
    `leave in the authenticator what the server takes, and nothing else, in ${COUNT} of them`,
    async () => {
      for (let sequence = 0; sequence < COUNT; sequence += 1) {
        const random = generator(sequence + 1);
        const who = await someone(`random-${sequence}`);
        const steps: string[] = [];
        for (let step = 0; step < LENGTH; step += 1) steps.push(await act(who, random));
        await who.page.unrouteAll({ behavior: 'wait' });
        await read(who);
        await eventually(async () => {
          const accepted = await who.user.credentialIds();
          const held = await ids(who);
          // A list without passkeys says nothing, as somebody may be about to be imported.
          const zombies = accepted.length === 0 ? [] : held.filter((id) => !accepted.includes(id));
          const lost = accepted.filter((id) => !held.includes(id));
          expect({ sequence, steps, zombies, lost }).toEqual({ sequence, steps, zombies: [], lost: [] });
        });
        await host.leave();
      }
      host = await HostPage.open(browser, server, { module: '', body: '' });
    },
    COUNT * 30_000,
  );
});

async function act(who: Someone, random: () => number): Promise<string> {
  const kinds = ['add', 'revoke elsewhere', 'refresh', 'lost finish', 'slow list', 'revoke'];
  const kind = kinds[Math.floor(random() * kinds.length)]!;
  const { page, table } = who;
  if (kind === 'refresh') await read(who);
  else if (kind === 'revoke elsewhere') await who.user.revokeAll();
  else if (kind === 'slow list')
    await page.route(LIST, async (route) => {
      const response = await route.fetch();
      await new Promise((resolve) => setTimeout(resolve, 150));
      await route.fulfill({ response });
    });
  else if (kind === 'lost finish') {
    await page.route(FINISH, async (route) => {
      await route.fetch();
      await route.abort('connectionreset');
    });
  } else if (kind === 'add') {
    await table.locator('[data-action=add]').click();
    void read(who);
    await page.waitForTimeout(400);
    await page.keyboard.press('Escape');
  } else if ((await host.count()) > 0) {
    await table.locator('[data-action=revoke]').first().click();
    await page.getByRole('button', { name: 'Revoke passkey' }).click();
    await page.waitForTimeout(200);
  }
  return kind;
}

/** The same numbers for the same seed, from 0 to 1 (mulberry32). */
function generator(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}
