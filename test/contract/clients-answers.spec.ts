import { once } from 'node:events';
import type { Socket } from 'node:net';
import { inspect } from 'node:util';
import { gzipSync } from 'node:zlib';
import { PassageError, PassageFlex } from '../../packages/node/src/index.js';
import { type FakeServer, fakeServer } from '../support/fake-server.js';

const MIB = 2 ** 20;
const AT = '2026-01-16T09:30:00Z';

const aDevice = (changes: object = {}) => ({
  id: 'd1',
  cred_id: 'AAAA',
  friendly_name: 'Laptop',
  type: 'passkey',
  created_at: AT,
  updated_at: AT,
  last_login_at: AT,
  usage_count: 0,
  icons: { light: null, dark: null },
  ...changes,
});

const aUser = (changes: object = {}) => ({
  id: 'u1',
  external_id: 'ada',
  status: 'active',
  created_at: AT,
  updated_at: AT,
  last_login_at: AT,
  login_count: 0,
  user_metadata: null,
  webauthn: true,
  webauthn_devices: [aDevice()],
  webauthn_types: ['passkey'],
  ...changes,
});

const anApp = (changes: object = {}) => ({
  id: 'shop',
  name: 'Shop',
  auth_origin: 'https://shop',
  ...changes,
});

/** What the call threw, and of which kind. */
async function thrownBy(call: Promise<unknown>): Promise<unknown> {
  const thrown: unknown = await call.then(
    (value) => `nothing: ${inspect(value)}`,
    (error: unknown) => error,
  );
  return thrown instanceof PassageError ? [thrown.statusCode, thrown.errorCode] : thrown;
}

const INVALID = [200, 'invalid_response'];

describe('the client for Node servers, given responses that are not of the protocol', () => {
  let server: FakeServer;
  let passage: PassageFlex;
  let answer: Parameters<typeof fakeServer>[0];

  const says = (body: unknown) => (answer = (_, response) => response.end(JSON.stringify(body)));

  beforeAll(async () => {
    server = await fakeServer((request, response) => answer(request, response));
    passage = new PassageFlex({ appId: 'shop', apiKey: 'key', baseUrl: `${server.url}/v1`, timeout: 5_000 });
  });
  afterAll(() => server?.close());

  it('accepts the members that the protocol guarantees, and no more are needed', async () => {
    says({ users: [{ id: 'u1', external_id: 'ada' }], user: aUser(), devices: [aDevice()], app: anApp() });
    const devices = await passage.user.listDevices('ada');
    expect(devices[0]).toMatchObject({
      createdAt: new Date(AT),
      provider: null,
      synced: null,
      transports: [],
    });
    expect(await passage.user.get('ada')).toMatchObject({ webauthnDevices: devices, userHandle: null });
    expect((await passage.getApp()).rpId).toBeNull();
  });

  it.each<[string, object]>([
    ['null', { users: [null] }],
    ['no id', { users: [{ external_id: 'ada' }] }],
    ['a number for an id', { users: [{ id: 1, external_id: 'ada' }] }],
    ['a dot segment as id', { users: [{ id: '..', external_id: 'ada' }] }],
    ['an id that is not well-formed text', { users: [{ id: '\ud800', external_id: 'ada' }] }],
    ['a path as id', { users: [{ id: 'u1/devices', external_id: 'ada' }] }],
    [
      'another user whose external ID is a number',
      {
        users: [
          { id: 'u2', external_id: 7 },
          { id: 'u1', external_id: 'ada' },
        ],
      },
    ],
  ])('refuses a list of users with %s', async (_, found) => {
    says({ user: aUser(), devices: [], ...found });
    expect(await thrownBy(passage.user.get('ada'))).toEqual(INVALID);
    expect(await thrownBy(passage.user.listDevices('ada'))).toEqual(INVALID);
    expect(await thrownBy(passage.user.revokeDevice('ada', 'd1'))).toEqual(INVALID);
  });

  it('refuses another user than the requested one, and a user that lacks a member', async () => {
    const half = Object.keys(aUser()).filter((member) => member !== 'user_metadata');
    for (const changes of [
      { id: 'u2' },
      { external_id: 'ada-lovelace' },
      ...half.map((member) => ({ [member]: undefined })),
      { created_at: 'yesterday' },
      { updated_at: 1 },
      { login_count: '1' },
      { webauthn: 'true' },
      { webauthn_types: [null] },
      { webauthn_devices: {} },
      { webauthn_devices: [null] },
    ]) {
      says({ users: [{ id: 'u1', external_id: 'ada' }], user: aUser(changes) });
      expect([changes, await thrownBy(passage.user.get('ada'))]).toEqual([changes, INVALID]);
    }
  });

  it('refuses a passkey that lacks a member, on its own or with its user', async () => {
    for (const device of [
      null,
      'd1',
      ...Object.keys(aDevice()).map((member) => aDevice({ [member]: undefined })),
      aDevice({ icons: null }),
      aDevice({ icons: { light: 1 } }),
      aDevice({ last_login_at: '' }),
      aDevice({ created_at: '2026-13-01T00:00:00Z' }),
      aDevice({ updated_at: '2026-01-16T09:30' }),
      aDevice({ id: 'a/b' }),
      aDevice({ cred_id: 'A' }),
      aDevice({ cred_id: 'AAA!' }),
    ]) {
      says({
        users: [{ id: 'u1', external_id: 'ada' }],
        user: aUser({ webauthn_devices: [device] }),
        devices: [aDevice(), device],
      });
      expect([device, await thrownBy(passage.user.get('ada'))]).toEqual([device, INVALID]);
      expect([device, await thrownBy(passage.user.listDevices('ada'))]).toEqual([device, INVALID]);
    }
  });

  it('refuses an app other than its own, and one that lacks a member', async () => {
    const half = Object.keys(anApp()).map((member) => anApp({ [member]: undefined }));
    for (const app of [{}, 1, 'shop', [], anApp({ id: 'bank' }), ...half]) {
      says({ app });
      expect([app, await thrownBy(passage.getApp())]).toEqual([app, INVALID]);
    }
  });

  it('reads members that only Keyway has as null or empty where they have another form', async () => {
    const device = aDevice({ provider: 7, synced: 'yes', transports: 'usb' });
    for (const user_handle of ['ä', 'A', 'AAAAA', 'A'.repeat(87), 7]) {
      const user = aUser({ user_handle, signal_user_handles: [user_handle], webauthn_devices: [device] });
      says({ users: [{ id: 'u1', external_id: 'ada' }], user });
      expect(await passage.user.get('ada')).toMatchObject({
        userHandle: null,
        signalUserHandles: [],
        webauthnDevices: [{ provider: null, synced: null, transports: [] }],
      });
    }
    for (const rp_id of [1, '', 'Shop.Example', 'a b']) {
      says({ app: anApp({ rp_id, max_passkeys_per_user: -1 }) });
      expect(await passage.getApp()).toMatchObject({ rpId: null, maxPasskeysPerUser: null, stepUp: null });
    }
    says({ app: anApp({ step_up: 7, last_passkey: 'ask' }) });
    expect(await passage.getApp()).toMatchObject({ stepUp: null, lastPasskey: null });
    // What a later server asks for is more than nothing.
    says({ app: anApp({ step_up: 'otp', step_up_max_age: -1, step_up_acr: 'gold', step_up_amr: [7] }) });
    expect(await passage.getApp()).toMatchObject({
      stepUp: { by: 'passkey', maxAge: 0, acrValues: [], amrValues: [] },
    });
    says({ external_id: 'ada', kind: 'recovery', device_id: '../d1', user_verified: 'yes' });
    expect(await passage.auth.verify('nonce')).toStrictEqual({
      externalId: 'ada',
      kind: null,
      deviceId: null,
      issuer: null,
      subject: null,
      userVerified: null,
    });
  });

  it('returns credential IDs in base64url without padding, also where the server writes base64', async () => {
    for (const [told, credId] of [
      ['S8Qk_xwnw1FE9QKFOnj9vA==', 'S8Qk_xwnw1FE9QKFOnj9vA'],
      ['+/+/', '-_-_'],
    ]) {
      says({ users: [{ id: 'u1', external_id: 'ada' }], devices: [aDevice({ cred_id: told })] });
      expect(await passage.user.listDevices('ada')).toMatchObject([{ credId }]);
    }
  });

  it('returns those additional origins of the app that are text', async () => {
    says({ app: anApp({ additional_auth_origins: ['https://m.shop', 7, null] }) });
    expect((await passage.getApp()).additionalAuthOrigins).toEqual(['https://m.shop']);
    says({ app: anApp({ additional_auth_origins: 'https://m.shop' }) });
    expect((await passage.getApp()).additionalAuthOrigins).toEqual([]);
  });

  it('refuses another passkey than the one that it renamed', async () => {
    says({ users: [{ id: 'u1', external_id: 'ada' }], device: aDevice() });
    const rename = (deviceId: string) =>
      passage.user.renameDevice({ externalId: 'ada', deviceId, friendlyName: 'Laptop' });
    expect(await rename('d1')).toMatchObject({ id: 'd1', friendlyName: 'Laptop' });
    expect(await thrownBy(rename('d2'))).toEqual(INVALID);
  });

  it('accepts only an empty 200 or 204 as proof of a deletion', async () => {
    const answersDeletion = (status: number, body: string) =>
      (answer = ({ method }, response) =>
        method === 'DELETE'
          ? response.writeHead(status).end(body)
          : response.end(JSON.stringify({ users: [{ id: 'u1', external_id: 'ada' }] })));
    for (const act of [() => passage.user.revokeDevice('ada', 'd1'), () => passage.user.erase('ada')]) {
      for (const status of [200, 204]) {
        answersDeletion(status, '');
        await expect(act()).resolves.toBeUndefined();
      }
      for (const [status, body] of [
        [200, '{"code":"device_not_found"}'],
        [200, '<p>'],
        [202, ''],
      ] as const) {
        answersDeletion(status, body);
        expect(await thrownBy(act())).toEqual([status, 'invalid_response']);
      }
    }
  });

  it.each([
    ['17', 17],
    ['0', 1],
    ['86400', 86_400],
    ['Sun, 22 Nov 2026 17:00:00 GMT', 1],
    ['', undefined],
    ['soon', undefined],
    ['-', undefined],
    [null, undefined],
  ])('reads Retry-After of %j as %p seconds', async (header, seconds) => {
    answer = (_, response) => {
      response.statusCode = 503;
      if (header !== null) response.setHeader('retry-after', header);
      response.end('{"code":"internal_server_error"}');
    };
    const error = await passage.getApp().catch((reason: unknown) => reason);
    expect(error).toMatchObject({ statusCode: 503, errorCode: 'internal_server_error' });
    expect(error).toHaveProperty('retryAfter', seconds);
  });

  it('reads a date in Retry-After as seconds from now', async () => {
    const date = new Date(Date.now() + 30_000).toUTCString();
    answer = (_, response) => response.writeHead(429, { 'retry-after': date }).end('{"code":"x"}');
    const { retryAfter } = (await passage.getApp().catch((reason: unknown) => reason)) as PassageError;
    expect([28, 29, 30]).toContain(retryAfter);
  });

  it('refuses an error code that is not lower-case letters, digits and underscores', async () => {
    for (const code of ['<b>secret</b>', 'a b', 'x'.repeat(65), '', 7]) {
      answer = (_, response) => response.writeHead(403).end(JSON.stringify({ code, error: 'No.' }));
      expect(await thrownBy(passage.getApp())).toEqual([403, 'invalid_response']);
    }
  });

  it('reads a response of 1 MiB after decompression, and refuses a longer one', async () => {
    const sized = (size: number) => {
      const [head, tail] = ['{"transaction_id":"leave","more":"', '"}'];
      return Buffer.from(head + 'x'.repeat(size - head.length - tail.length) + tail);
    };
    const leave = () => passage.auth.createAuthenticateTransaction('ada');
    for (const [size, encoding] of [MIB, MIB + 1].flatMap((each) => [
      [each, 'identity'] as const,
      [each, 'gzip'] as const,
    ])) {
      const body = encoding === 'gzip' ? gzipSync(sized(size)) : sized(size);
      answer = (_, response) => response.writeHead(200, { 'content-encoding': encoding }).end(body);
      if (size <= MIB) expect(await leave()).toBe('leave');
      else expect([encoding, await thrownBy(leave())]).toEqual([encoding, INVALID]);
    }
  });

  it('closes the connection when a response does not end', async () => {
    let closed: Promise<unknown> | undefined;
    answer = (_, response) => {
      closed = once(response, 'close');
      const more = () => {
        while (!response.destroyed && response.write(Buffer.alloc(65_536, ' ')));
      };
      response.on('drain', more);
      more();
    };
    expect(await thrownBy(passage.getApp())).toEqual(INVALID);
    await closed;
  });

  it('keeps the content of a malformed response out of its errors', async () => {
    const broken = [
      'HTTP/1.1 200 OK\r\nno header\r\n\r\n{"transaction_id":"secret"}',
      'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n4\r\n{"tr\r\nsecret"}\r\n',
    ];
    for (const text of broken) {
      answer = ({ socket }: { socket: Socket }) => socket.end(text);
      const error: unknown = await passage.auth
        .createAuthenticateTransaction('ada')
        .catch((reason: unknown) => reason);
      expect(error).toMatchObject({ name: 'PassageError', errorCode: 'network_unreachable' });
      expect(inspect(error, { depth: null, showHidden: true })).not.toContain('secret');
      expect((error as Error).cause).toMatchObject({ name: 'HTTPParserError' });
    }
  });
});
