import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Browser } from 'playwright-core';
import { freePort } from '../support/free-port.js';
import { launchChromium } from './chromium.js';
import { RunningProgram } from './running-program.js';
import { VirtualAuthenticator } from './virtual-authenticator.js';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

let browser: Browser;
let directory: string;
let programs: RunningProgram[] = [];

beforeAll(async () => {
  browser = await launchChromium();
  directory = await mkdtemp(join(tmpdir(), 'keyway-example-'));
});
afterAll(async () => {
  await browser?.close();
  for (const program of programs) await program.stop();
  await rm(directory, { recursive: true, force: true });
});

/** Runs a script of this repository until it answers. */
async function start(script: string, env: NodeJS.ProcessEnv, probe: string): Promise<void> {
  const command = [process.execPath, join(ROOT, script)] as const;
  programs = [await RunningProgram.start(command, { env, cwd: directory, probe }), ...programs];
}

/** A Keyway and the example beside it, with one set of values; resolves to the example's address. */
async function startExample(name: string, script: string): Promise<string> {
  const [keywayPort, port] = [await freePort(), await freePort()];
  const [keyway, origin] = [`http://localhost:${keywayPort}`, `http://localhost:${port}`];
  const shared = {
    PATH: process.env['PATH'],
    APP_ID: 'shop',
    APP_API_KEY: `kw_${randomBytes(6).toString('hex')}_${randomBytes(22).toString('hex').slice(0, 43)}`,
    JWT_SECRET: randomBytes(32).toString('base64'),
    JWT_ISSUER: 'https://shop.example',
    JWT_AUDIENCE: 'keyway',
  };
  const service = {
    ...shared,
    PORT: String(keywayPort),
    PUBLIC_URL: keyway,
    DATA_DIR: join(directory, name),
    APP_NAME: 'Shop',
    APP_RP_ID: 'localhost',
    APP_ORIGINS: origin,
    KEYWAY_SECRET: randomBytes(32).toString('base64'),
  };
  await start('dist/main.js', service, `${keyway}/health/ready`);
  const application = { ...shared, PORT: String(port), KEYWAY_URL: keyway };
  await start(`examples/${name}/${script}`, application, `${origin}/token`);
  return origin;
}

describe.each([
  ['Express', 'express', 'server.js'],
  ['NestJS', 'nestjs', 'dist/main.js'],
])('the example with %s', (_, name, script) => {
  let origin: string;

  beforeAll(async () => {
    // As its own `npm start` does.
    if (name === 'nestjs') {
      execFileSync(join(ROOT, 'node_modules/.bin/tsc'), ['-p', join(ROOT, 'examples/nestjs')]);
    }
    origin = await startExample(name, script);
  }, 120_000);

  it('adds a passkey to an account of its own, and signs in with it', async () => {
    const page = await (await browser.newContext()).newPage();
    const complaints: string[] = [];
    page.on('console', (message) => message.type() === 'error' && complaints.push(message.text()));
    await page.addInitScript('PublicKeyCredential.isConditionalMediationAvailable = async () => false;');
    const devtools = await page.context().newCDPSession(page);
    await devtools.send('WebAuthn.enable');
    await new VirtualAuthenticator('synced').plugIn(devtools);

    await page.goto(origin);
    await page.getByLabel('Name').fill('ada');
    await page.getByLabel('Password').fill('correct horse');
    await page.getByRole('button', { name: 'Sign in', exact: true }).click();
    await page.getByText('You are signed in as ada.').waitFor();
    await page.locator('passkey-table [data-action=add]').click();
    await page.locator('passkey-table [data-passkey-id]').waitFor();
    await page.keyboard.press('Escape');

    await page.getByRole('button', { name: 'Sign out' }).click();
    await page.getByRole('button', { name: 'Sign in with a passkey' }).click();
    await page.getByText('You are signed in as ada.').waitFor();
    await page.locator('passkey-table').getByText('This session').waitFor();
    expect(complaints).toEqual([]);
  });

  it('refuses a nonce from another page’s form, and one that comes twice', async () => {
    const body = JSON.stringify({ nonce: 'x'.repeat(43), state: 'y' });
    const headers = { 'content-type': 'application/json' };
    const send = (from: string) =>
      fetch(`${origin}/sign-in/passkey`, { method: 'POST', headers: { ...headers, origin: from }, body });
    expect((await send('https://evil.example')).status).toBe(403);
    expect((await send(origin)).status).toBe(403);
  });
});
