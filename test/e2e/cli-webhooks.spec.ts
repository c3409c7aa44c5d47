import { randomBytes } from 'node:crypto';
import { Webhook } from 'standardwebhooks';
import type { TestDatabase } from '../support/test-database.js';
import { WebhookReceiver } from '../support/webhook-receiver.js';
import { buildKeyway } from './build-keyway.js';
import { type Environment, runCommand, sweep } from './keyway-process.js';
import { aDatabase } from './production.js';

let database: TestDatabase;
let receiver: WebhookReceiver;
let env: Environment;

beforeAll(async () => {
  buildKeyway();
  database = await aDatabase({ migrated: true });
  receiver = await new WebhookReceiver().start();
  env = {
    NODE_ENV: 'test',
    DATABASE_URL: database.url,
    KEYWAY_SECRET: randomBytes(32).toString('base64'),
    WEBHOOK_ALLOWED_NETWORKS: '127.0.0.0/8',
  };
  await keyway('app', 'create', 'shop', '--rp-id', 'shop.example', '--origins', 'https://shop.example');
});
afterEach(sweep);
afterAll(async () => {
  await receiver?.close();
  await database?.drop();
});

const keyway = (...args: string[]) => runCommand(args, env);
const create = (...args: string[]) =>
  keyway('webhook', 'create', 'shop', '--url', receiver.url, '--events', 'user.deleted', ...args);

it('keyway webhook makes, lists, tests, rotates, disables, enables and replays', async () => {
  const made = await create();
  expect(made).toMatchObject({
    code: 0,
    stdout: expect.stringMatching(/^whsec_[A-Za-z0-9+/]{43}=\n$/) as string,
  });
  expect(made.stderr).toContain('is not shown again');
  const [webhook] = JSON.parse((await keyway('webhook', 'list', 'shop', '--json')).stdout) as [
    { id: string },
  ];
  expect(JSON.stringify(webhook)).not.toContain('secret');

  const tested = await keyway('webhook', 'test', 'shop', webhook.id);
  expect(tested).toMatchObject({ code: 0, stdout: `The webhook ${webhook.id} answered: 204.\n` });
  const { body, headers } = receiver.received[0]!;
  expect(new Webhook(made.stdout.trim()).verify(body, headers)).toMatchObject({ type: 'webhook.test' });

  const rotated = await keyway('webhook', 'rotate', 'shop', webhook.id, '--compromised');
  await keyway('webhook', 'test', 'shop', webhook.id);
  const second = receiver.received[1]!;
  expect(new Webhook(rotated.stdout.trim()).verify(second.body, second.headers)).toBeDefined();
  expect(() => new Webhook(made.stdout.trim()).verify(second.body, second.headers)).toThrow();

  for (const act of ['disable', 'enable']) {
    const { stdout } = await keyway('webhook', act, 'shop', webhook.id);
    expect(stdout).toBe(`The webhook ${webhook.id} of shop is ${act}d.\n`);
  }
  expect((await keyway('webhook', 'replay', 'shop', webhook.id)).stdout).toBe(
    '0 events will be tried anew.\n',
  );
  expect((await keyway('webhook', 'list', 'shop', '--dead', webhook.id)).stdout).toBe(
    'There are no dead events.\n',
  );
  expect((await keyway('webhook', 'list', 'shop')).stdout).toContain(receiver.url);
});

it('keyway webhook test fails where the receiver does not accept it, and says with which class', async () => {
  receiver.answer = (response) => response.writeHead(500).end();
  await create();
  const [webhook] = JSON.parse((await keyway('webhook', 'list', 'shop', '--json')).stdout) as [
    { id: string },
  ];
  const { code, stdout, stderr } = await keyway('webhook', 'test', 'shop', webhook.id);
  expect([code, stdout, stderr]).toEqual([
    1,
    `The webhook ${webhook.id} answered: 500, status.\n`,
    'It was not accepted.\n',
  ]);
});

it.each([
  ['an unknown app', ['create', 'none', '--url', 'https://a.example/', '--events', 'all'], 'app_not_found'],
  ['an unknown webhook', ['disable', 'shop', 'none'], 'webhook_not_found'],
  ['http', ['create', 'shop', '--url', 'http://a.example/', '--events', 'all'], 'invalid_request'],
  [
    'a private address',
    ['create', 'shop', '--url', 'https://10.0.0.1/', '--events', 'all'],
    'invalid_request',
  ],
  ['an unknown event', ['create', 'shop', '--url', 'https://a.example/', '--events', 'a'], 'usage'],
])('keyway webhook refuses %s', async (_what, args, code) => {
  const { stderr, stdout } = await keyway('webhook', ...args, '--json');
  expect(stdout).toBe('');
  expect(JSON.parse(stderr)).toMatchObject({ code });
});

it('keyway webhook create says that it needs KEYWAY_SECRET', async () => {
  const { KEYWAY_SECRET, ...others } = env;
  expect(KEYWAY_SECRET).toBeDefined();
  const args = ['webhook', 'create', 'shop', '--url', 'https://a.example/', '--events', 'all', '--json'];
  const { stderr } = await runCommand(args, others);
  expect(JSON.parse(stderr)).toMatchObject({
    code: 'invalid_settings',
    error: expect.stringContaining('Set KEYWAY_SECRET') as string,
  });
});

it('keyway key create grants scopes by name, and refuses others', async () => {
  const made = await keyway('key', 'create', 'shop', '--scopes', 'erase,webhooks', '--json');
  expect(JSON.parse(made.stdout)).toMatchObject({ scopes: ['erase', 'webhooks'] });
  expect((await keyway('key', 'list', 'shop')).stdout).toMatch(/SCOPES\n.*erase webhooks\n$/);
  expect(await keyway('key', 'create', 'shop', '--scopes', 'all')).toMatchObject({ code: 2, stdout: '' });
});
