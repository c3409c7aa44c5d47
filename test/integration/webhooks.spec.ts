import { Webhook } from 'standardwebhooks';
import { WebhooksService } from '../../src/flex/webhooks/webhooks.service.js';
import type { WebhookEventType } from '../../src/events/webhook-event-types.js';
import { aConfiguration, buildApp, TEST, type TestApp } from '../support/build-app.js';
import { eventually } from '../support/eventually.js';
import { registerPasskey } from '../support/flows.js';
import { flexUserIdOf } from '../support/tables.js';
import { TestUser } from '../support/test-user.js';
import { WebhookReceiver } from '../support/webhook-receiver.js';

let app: TestApp;
let receiver: WebhookReceiver;
const service = () => app.application.get(WebhooksService, { strict: false });
const create = (...events: WebhookEventType[]) =>
  service().create(TEST.appId, { url: receiver.url, events }, null);

beforeAll(async () => {
  const { passage } = aConfiguration({ kind: 'embedded', directory: '' });
  app = await buildApp({ passage: { ...passage, webhookNetworks: ['127.0.0.0/8'] } as never });
});
afterAll(() => app?.close());
beforeEach(async () => {
  receiver = await new WebhookReceiver().start();
});
afterEach(() => receiver.close());

it('tells a webhook of a new passkey, signed as Standard Webhooks has it', async () => {
  const { secret } = await create('passkey.registered');
  const user = new TestUser(app);
  const { device } = await registerPasskey(user);
  const [delivery] = await eventually(() => receiver.expect(1));
  const userId = await flexUserIdOf(app, user.subject);
  expect(new Webhook(secret).verify(delivery!.body, delivery!.headers)).toEqual({
    type: 'passkey.registered',
    timestamp: expect.stringMatching(/^2\d{3}-.*Z$/),
    data: {
      id: delivery!.headers['webhook-id'],
      app_id: TEST.appId,
      user: { id: userId, external_id: expect.any(String) },
      identity: { issuer: TEST.issuer, subject: user.subject },
      passkey: { id: device.id, automatic: false },
      actor: { type: 'user' },
      reason: null,
    },
  });
});
