import { Browser, type FinishBody } from '../support/browser.js';
import { buildApp, type TestApp } from '../support/build-app.js';
import { flexError } from '../support/flex-error.js';
import { beginRegistration, registerPasskey } from '../support/flows.js';
import type { HttpAnswer } from '../support/http-answer.js';
import { SoftwareAuthenticator } from '../support/software-authenticator.js';
import { auditTrail, contentsButTrail, count } from '../support/tables.js';
import { TestUser } from '../support/test-user.js';

const CLIENT_DATA = /^handshake_response\.response\.clientDataJSON must be client data/;

type Members = Record<string, unknown> & { response: Record<string, unknown> };

const pad = (text: string): string => text.padEnd(Math.ceil(text.length / 4) * 4, '=');
const padAll = (members: object): Record<string, unknown> =>
  Object.fromEntries(
    Object.entries(members).map(([name, value]: [string, unknown]) => [
      name,
      typeof value === 'string' && name !== 'type' ? pad(value) : value,
    ]),
  );

/** The body with its response changed. */
const edited = (body: FinishBody, edit: (response: Members) => object): FinishBody => ({
  ...body,
  handshake_response: edit(body.handshake_response as Members),
});
const padded = (body: FinishBody): FinishBody =>
  edited(body, ({ response, ...rest }) => ({ ...padAll(rest), response: padAll(response) }));
const sentenceOf = (answer: HttpAnswer): string => answer.as<{ error: string }>().error;

describe('the response of an authenticator', () => {
  let app: TestApp;
  beforeAll(async () => {
    app = await buildApp();
  });
  afterAll(() => app?.close());

  it('may have padded base64url members in both ceremonies, a padded user handle too', async () => {
    const authenticator = new SoftwareAuthenticator();
    const browser = new Browser(app);
    const registration = await beginRegistration(new TestUser(app), browser);
    const body = padded(registration.answer(authenticator));
    expect(body.handshake_response).toMatchObject({ rawId: expect.stringMatching(/=$/) as string });
    expect((await browser.finish('register', body)).status).toBe(200);
    const signIn = await browser.beginSignIn();
    expect((await browser.finish('authenticate', padded(signIn.answer(authenticator)))).status).toBe(200);
  });

  it('names one credential in both spellings: it is registered once', async () => {
    const credentialId = Buffer.alloc(16, 5);
    const browser = new Browser(app);
    for (const spell of [padded, (body: FinishBody) => body]) {
      const { answer } = await beginRegistration(new TestUser(app), browser);
      await browser.finish('register', spell(answer(new SoftwareAuthenticator(), { credentialId })));
    }
    expect(await count(app, 'devices where credential_id = $1', credentialId)).toBe(1);
    expect((await auditTrail(app)).at(-1)).toMatchObject({ reason: 'credential_id_in_use' });
  });

  it.each<[string, (response: Members) => object, RegExp]>([
    ['no id', ({ id: _, ...rest }) => rest, /^handshake_response\.id is missing\.$/],
    ['no rawId', ({ rawId: _, ...rest }) => rest, /^handshake_response\.rawId is missing\.$/],
    ['no type', ({ type: _, ...rest }) => rest, /^handshake_response\.type must be "public-key"\.$/],
    [
      'no inner response',
      ({ response: _, ...rest }) => rest,
      /^handshake_response\.response must be an object\.$/,
    ],
    [
      'another rawId',
      (it) => ({ ...it, rawId: 'AQID' }),
      /\.id and handshake_response\.rawId must be the same\.$/,
    ],
    ['plain base64', (it) => ({ ...it, id: '+/+/', rawId: '+/+/' }), /\.id must be base64url\.$/],
    [
      'bits that no encoder writes',
      (it) => ({ ...it, id: 'AR==', rawId: 'AR==' }),
      /\.id must be base64url\.$/,
    ],
    [
      'no client data',
      (it) => ({ ...it, response: { ...it.response, clientDataJSON: undefined } }),
      /^handshake_response\.response\.clientDataJSON is missing\.$/,
    ],
    [
      'client data that is too long',
      (it) => ({ ...it, response: { ...it.response, clientDataJSON: 'A'.repeat(6_000) } }),
      /\.clientDataJSON must have 4096 bytes at most\.$/,
    ],
  ])('is told apart by what is wrong in its form: %s', async (_, edit, sentence) => {
    const { authenticator } = await registerPasskey(new TestUser(app));
    const browser = new Browser(app);
    const registration = await beginRegistration(new TestUser(app), browser);
    const signIn = await browser.beginSignIn();
    // What is said of the form does not tell whether the credential is known.
    const stranger = new SoftwareAuthenticator();
    stranger.credentials.push({ ...authenticator.credentials[0]!, id: Buffer.alloc(16, 1) });
    const bodies = [
      ['register', registration.answer(new SoftwareAuthenticator())],
      ['authenticate', signIn.answer(authenticator)],
      ['authenticate', signIn.answer(stranger)],
    ] as const;
    const before = await contentsButTrail(app);
    for (const [kind, body] of bodies) {
      const answer = await browser.finish(kind, edited(body, edit));
      expect(flexError(answer)).toBe('400 invalid_request');
      expect(sentenceOf(answer)).toMatch(sentence);
    }
    expect(await contentsButTrail(app)).toEqual(before);
    // The handshakes are not spent.
    for (const [kind, body] of bodies.slice(0, 2))
      expect((await browser.finish(kind, body)).status).toBe(200);
  });

  const inner = (member: string, bytes: Buffer) => (it: Members) => ({
    ...it,
    response: { ...it.response, [member]: bytes.toString('base64url') },
  });

  it.each<[string, (response: Members) => object, RegExp]>([
    ['client data in Latin-1', inner('clientDataJSON', Buffer.from([0x7b, 0xe4, 0x7d])), CLIENT_DATA],
    ['client data that is a list', inner('clientDataJSON', Buffer.from('[]')), CLIENT_DATA],
    ['client data without a challenge', inner('clientDataJSON', Buffer.from('{"type":"x"}')), CLIENT_DATA],
    [
      'client data with null for a boolean',
      inner('clientDataJSON', Buffer.from('{"type":"x","challenge":"x","origin":"x","crossOrigin":null}')),
      CLIENT_DATA,
    ],
    [
      'authenticator data that is cut short',
      inner('authenticatorData', Buffer.alloc(36)),
      /authenticatorData cannot be read/,
    ],
    [
      'authenticator data with something after it',
      inner('authenticatorData', Buffer.alloc(38)),
      /authenticatorData cannot be read/,
    ],
  ])('of a sign-in is told apart by its content, known credential or not: %s', async (_, edit, sentence) => {
    const { authenticator } = await registerPasskey(new TestUser(app));
    const browser = new Browser(app);
    const signIn = await browser.beginSignIn();
    const stranger = new SoftwareAuthenticator();
    stranger.credentials.push({ ...authenticator.credentials[0]!, id: Buffer.alloc(16, 1) });
    const answers = [];
    for (const who of [authenticator, stranger]) {
      const answer = await browser.finish('authenticate', edited(signIn.answer(who), edit));
      expect(flexError(answer)).toBe('400 invalid_request');
      expect(sentenceOf(answer)).toMatch(sentence);
      answers.push(answer.text);
    }
    expect(answers[0]).toBe(answers[1]);
    expect((await auditTrail(app)).at(-1)!.reason).toMatch(/^malformed_/);
  });

  it.each<[string, (response: Members) => object, RegExp]>([
    ['client data that is no JSON', inner('clientDataJSON', Buffer.from('{')), CLIENT_DATA],
    [
      'an attestation object that is no CBOR',
      inner('attestationObject', Buffer.from('nonsense')),
      /attestationObject cannot be read/,
    ],
  ])('of a registration is told apart by its content: %s', async (_, edit, sentence) => {
    const browser = new Browser(app);
    const { answer } = await beginRegistration(new TestUser(app), browser);
    const refused = await browser.finish('register', edited(answer(new SoftwareAuthenticator()), edit));
    expect(flexError(refused)).toBe('400 invalid_request');
    expect(sentenceOf(refused)).toMatch(sentence);
  });

  it('that proves nothing is not called malformed, and nothing is said about why', async () => {
    const { authenticator } = await registerPasskey(new TestUser(app));
    const browser = new Browser(app);
    const backwards = (bytes: Buffer) => Buffer.from(bytes).reverse();
    const signIn = (await browser.beginSignIn()).answer(authenticator, { mutateSignature: backwards });
    const answer = await browser.finish('authenticate', signIn);
    expect(flexError(answer)).toBe('401 discoverable_login_failed');
    expect(sentenceOf(answer)).toBe('The sign-in could not be verified.');
    const { answer: register } = await beginRegistration(new TestUser(app), browser);
    const body = register(new SoftwareAuthenticator(), { origin: 'https://evil.example' });
    expect(sentenceOf(await browser.finish('register', body))).toBe(
      'The registration could not be verified.',
    );
  });
});
