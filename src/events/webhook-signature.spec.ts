import { Webhook } from 'standardwebhooks';
import { makeWebhookSecret, signatureHeaders, spellSecret } from './webhook-signature.js';

const body = JSON.stringify({ type: 'passkey.registered', note: 'ä – 😀' });
const [one, two] = [makeWebhookSecret(), makeWebhookSecret()];
const verify = (secret: Buffer, headers: Record<string, string>, text = body) =>
  new Webhook(spellSecret(secret)).verify(text, headers);

it('signs as the library of Standard Webhooks verifies it', () => {
  const headers = signatureHeaders('event-1', body, [one]);
  expect(verify(one, headers)).toEqual(JSON.parse(body));
  expect(headers['webhook-signature']).toBe(new Webhook(spellSecret(one)).sign('event-1', new Date(), body));
  expect(() => verify(two, headers)).toThrow('No matching signature');
});

it('signs by every secret that is given, each of which verifies', () => {
  const headers = signatureHeaders('event-1', body, [one, two]);
  expect(verify(one, headers)).toEqual(verify(two, headers));
});

it.each([
  ['the body', (headers: Record<string, string>) => verify(one, headers, `${body} `)],
  ['the id', (headers: Record<string, string>) => verify(one, { ...headers, 'webhook-id': 'event-2' })],
  [
    'the time',
    (headers: Record<string, string>) =>
      verify(one, { ...headers, 'webhook-timestamp': String(Number(headers['webhook-timestamp']) + 1) }),
  ],
])('covers %s', (_what, check) => {
  expect(() => check(signatureHeaders('event-1', body, [one]))).toThrow('No matching signature');
});

it('dates each attempt, which receivers refuse after five minutes', () => {
  const headers = signatureHeaders('event-1', body, [one], Date.now() - 301_000);
  expect(() => verify(one, headers)).toThrow('Message timestamp too old');
});
