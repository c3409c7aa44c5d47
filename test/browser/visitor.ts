import type { Browser, BrowserContextOptions, CDPSession, Locator, Page } from 'playwright-core';
import { eventually } from '../support/eventually.js';
import type { VirtualAuthenticator } from './virtual-authenticator.js';
import { WATCHED_REQUESTS } from './watched-requests.js';

/** A passkey as its card in the table says it. */
export interface ShownPasskey {
  readonly name: string;
  /** In one line: where it is kept, when it was added and used. */
  readonly facts: string;
}

/** Argument of `PublicKeyCredential.signalAllAcceptedCredentials`. */
export interface Signal {
  readonly rpId: string;
  readonly userId: string;
  readonly allAcceptedCredentialIds: string[];
}

export interface VisitorOptions {
  /** What the visitor holds when the page opens. */
  readonly authenticator?: VirtualAuthenticator;
  /** Leaves the autofill's offer on: a virtual authenticator takes it up as soon as the page is there. */
  readonly autofill?: boolean;
  /** Leaves the automatic upgrade on that follows a sign-in by name. */
  readonly upgrade?: boolean;
  readonly context?: BrowserContextOptions;
}

/** No password manager of the browser's own takes part, as in most browsers. */
const WITHOUT_UPGRADE = `{
  const ask = PublicKeyCredential.getClientCapabilities;
  PublicKeyCredential.getClientCapabilities = async () => ({
    ...(await ask.call(PublicKeyCredential)),
    conditionalCreate: false,
  });
}`;

const WITHOUT_AUTOFILL = 'PublicKeyCredential.isConditionalMediationAvailable = async () => false;';

/** Writes down what the browser is told, and tells it. */
const LISTENING_TO_SIGNALS = `{
  globalThis.signals = [];
  const tell = PublicKeyCredential.signalAllAcceptedCredentials;
  PublicKeyCredential.signalAllAcceptedCredentials = function (signal) {
    globalThis.signals.push(structuredClone(signal));
    return tell.call(this, signal);
  };
}`;

const SHOWN_PASSKEYS = `
  [...document.querySelector('passkey-table').shadowRoot.querySelectorAll('[data-passkey-id]')].map((card) => ({
    name: card.querySelector('[data-field=name]')?.textContent ?? '',
    facts: card.querySelector('[part=facts]').textContent,
  }))`;

/** Opens the details of all, and reads them. */
const USES = `(async () => {
  const cards = [...document.querySelector('passkey-table').shadowRoot.querySelectorAll('[data-passkey-id]')];
  for (const card of cards) card.querySelector('[data-action=details][aria-expanded=false]')?.click();
  await new Promise((resolve) => setTimeout(resolve, 50));
  return cards.map((card) => [
    card.querySelector('[data-field=name]').textContent,
    card.querySelector('[data-field=usage] dd')?.textContent ?? '0',
  ]);
})()`;

const FOCUSED = `(() => {
  let focused = document.activeElement;
  while (focused?.shadowRoot?.activeElement) focused = focused.shadowRoot.activeElement;
  return focused?.ariaLabel ?? focused?.textContent ?? '';
})()`;

/** Somebody with a browser profile of their own who has opened the demo, and holds one authenticator at a time. */
export class Visitor {
  /** What the browser complained of: console errors, refusals of the page's policy, uncaught exceptions. */
  readonly complaints: string[] = [];

  private constructor(
    readonly page: Page,
    private readonly devtools: CDPSession,
    private held: VirtualAuthenticator | null,
  ) {
    page.on('console', (message) => {
      if (message.type() === 'error') this.complaints.push(`${message.text()} (${message.location().url})`);
    });
    page.on('pageerror', (error) => this.complaints.push(String(error)));
  }

  static async arrive(browser: Browser, url: string, options: VisitorOptions = {}): Promise<Visitor> {
    const { authenticator = null, autofill = false, upgrade = false, context: settings } = options;
    const context = await browser.newContext({ viewport: { width: 1280, height: 800 }, ...settings });
    const page = await context.newPage();
    await page.addInitScript(LISTENING_TO_SIGNALS);
    await page.addInitScript(WATCHED_REQUESTS);
    if (!autofill) await page.addInitScript(WITHOUT_AUTOFILL);
    if (!upgrade) await page.addInitScript(WITHOUT_UPGRADE);
    const devtools = await context.newCDPSession(page);
    await devtools.send('WebAuthn.enable');
    await authenticator?.plugIn(devtools);
    const visitor = new Visitor(page, devtools, authenticator);
    await page.goto(url);
    return visitor;
  }

  /** Puts away the authenticator held so far and takes this one. */
  async hold(authenticator: VirtualAuthenticator): Promise<void> {
    await this.held?.unplug();
    this.held = authenticator;
    await authenticator.plugIn(this.devtools);
  }

  button(name: string): Locator {
    return this.page.getByRole('button', { name, exact: true });
  }

  /** The page's sentence about the last thing that was done. */
  get said(): Locator {
    return this.page.locator('#status');
  }

  /** The table's sentence about the last thing that was done. */
  get tableSaid(): Locator {
    return this.page.locator('passkey-table').locator('[part=status][role=status]');
  }

  /** The table's sentence about what went wrong. */
  get tableError(): Locator {
    return this.page.locator('passkey-table').locator('[part=error][role=alert]');
  }

  /** What the sign-in says went wrong. */
  get signInError(): Locator {
    return this.page.locator('passkey-sign-in').locator('[role=alert]');
  }

  get dialog(): Locator {
    return this.page.getByRole('dialog');
  }

  get emptyState(): Locator {
    return this.page.getByText('Sign in without a password');
  }

  async signIn(name: string): Promise<void> {
    await this.page.getByLabel('User name').fill(name);
    await this.button('Sign in').click();
    await this.isSignedInAs(name);
  }

  async signInWithPasskey(): Promise<void> {
    await this.button('Sign in with a passkey').click();
  }

  async isSignedInAs(name: string): Promise<void> {
    await this.page.getByRole('heading', { name: `Signed in as ${name}`, exact: true }).waitFor();
  }

  async isSignedOut(): Promise<void> {
    await this.page.getByRole('heading', { name: 'Sign in', exact: true }).waitFor();
  }

  async signOut(): Promise<void> {
    await this.button('Sign out').click();
    await this.isSignedOut();
  }

  /** Adds a passkey on this authenticator and resolves to the name that the server gave it. */
  async addPasskey(authenticator: VirtualAuthenticator): Promise<string> {
    await this.hold(authenticator);
    await this.button('Add a passkey').click();
    const added = await eventually(async () => {
      const [, name] = /^The passkey “(.+)” was added\.$/.exec(await this.tableSaid.innerText()) ?? [];
      if (name === undefined) throw new Error(`No passkey was added: ${await this.tableError.innerText()}`);
      return name;
    });
    // Its name may be changed now, and stays.
    await this.page.keyboard.press('Escape');
    return added;
  }

  /** Gives a passkey another name, with the mouse. */
  async rename(from: string, to: string): Promise<void> {
    await this.button(`Rename ${from}`).click();
    await this.page.getByLabel(`New name for ${from}`).fill(to);
    await this.button('Save').click();
    await this.tableSaid.getByText(`The passkey is now called “${to}”.`).waitFor();
  }

  /** The table's cards, from top to bottom. */
  async passkeys(): Promise<ShownPasskey[]> {
    return this.page.evaluate<ShownPasskey[]>(SHOWN_PASSKEYS);
  }

  /** How often each passkey has signed in, as its details say it. */
  uses(): Promise<[string, string][]> {
    return this.page.evaluate<[string, string][]>(USES);
  }

  /** The card of a passkey. */
  card(passkey: string): Locator {
    return this.page
      .locator('passkey-table [data-passkey-id]')
      .filter({ has: this.page.getByText(passkey, { exact: true }) });
  }

  /** When a passkey was added or last used, by the machine-readable side of its date. */
  async time(passkey: string, field: 'added' | 'last-used'): Promise<Date> {
    const time = this.card(passkey).locator(`[data-field=${field}] time`);
    return new Date((await time.getAttribute('datetime')) ?? NaN);
  }

  /** What the page has told the browser about accepted credentials since it was loaded, oldest first. */
  signals(): Promise<Signal[]> {
    return this.page.evaluate<Signal[]>('signals');
  }

  /** The requests for a passkey since the page was loaded, such as `conditional pending`, oldest first. */
  requests(): Promise<string[]> {
    return this.page.evaluate<string[]>('requests.map((r) => r.mediation + " " + r.outcome)');
  }

  /** The label of what has the focus, as assistive technology reads it; within the table too. */
  focused(): Promise<string> {
    return this.page.evaluate<string>(FOCUSED);
  }

  /** Presses Tab until the control with this label has the focus. */
  async tabTo(label: string): Promise<void> {
    for (let presses = 0; presses < 30; presses += 1) {
      await this.page.keyboard.press('Tab');
      if ((await this.focused()) === label) return;
    }
    throw new Error(`Tab does not lead to “${label}”`);
  }

  async leave(): Promise<void> {
    await this.page.context().close();
  }
}
