import { PassageFlex } from '../../packages/node/src/index.js';
import { RemotePassage } from '../../src/passage/remote/remote-passage.js';
import { AppServer } from '../support/app-server.js';
import { buildApp, TEST, type TestApp } from '../support/build-app.js';
import { type FakeServer, fakeServer } from '../support/fake-server.js';
import { failureOf, remotePassage, remoteSettings } from '../support/providers.js';

describe('the client for Node servers, asked what happened', () => {
  let app: TestApp;
  let server: AppServer;
  let origin: string;
  let passage: PassageFlex;
  beforeAll(async () => {
    app = await buildApp();
    await app.application.listen(0, '127.0.0.1');
    origin = await app.application.getUrl();
    server = await AppServer.own(app);
    passage = new PassageFlex({ appId: TEST.appId, apiKey: server.key, baseUrl: `${origin}/v1` });
    const { authenticator } = await server.tenant.register('ada');
    await server.tenant.register('bob');
    await server.tenant.signIn(authenticator);
    await server.tenant.signIn(authenticator);
  });
  afterAll(() => app?.close());

  const typesOf = (events: readonly { type: string }[]) => events.map(({ type }) => type);

  it('lists events, a page at a time, by every filter', async () => {
    const first = await passage.events.list({ externalId: 'ada', limit: 2 });
    expect(typesOf(first.events)).toEqual(['passkey.used', 'passkey.used']);
    const { events, next } = await passage.events.list({ externalId: 'ada', cursor: first.next! });
    expect(next).toBeNull();
    expect(events).toStrictEqual([
      {
        id: expect.any(String) as string,
        type: 'passkey.registered',
        createdAt: expect.any(Date) as Date,
        userId: expect.any(String) as string,
        externalId: 'ada',
        deviceId: expect.any(String) as string,
        deviceName: expect.any(String) as string,
        actor: 'person',
        actorId: null,
        address: expect.any(String) as string,
        userAgent: 'Keyway tests',
        browser: null,
        reason: null,
        requestId: expect.any(String) as string,
      },
    ]);
    const [{ userId, deviceId, createdAt }] = events as [(typeof events)[0]];
    expect((await passage.events.list()).events).toHaveLength(4);
    expect((await passage.events.list({ userId: userId! })).events).toHaveLength(3);
    expect((await passage.events.list({ deviceId: deviceId! })).events).toHaveLength(3);
    expect((await passage.events.list({ type: 'passkey.registered' })).events).toHaveLength(2);
    expect((await passage.events.list({ until: createdAt })).events).toEqual([]);
    expect((await passage.events.list({ since: createdAt })).events).toHaveLength(4);
  });

  it('sends no request with a filter that is empty, which would list everything', async () => {
    await expect(passage.events.list({ externalId: '' })).rejects.toMatchObject({
      errorCode: 'invalid_argument',
    });
    await expect(passage.events.list({ type: 'lost' })).rejects.toMatchObject({
      errorCode: 'invalid_request',
    });
  });

  it('counts how far passkeys have got', async () => {
    const stats = await passage.getStats({ days: 1 });
    expect(stats).toStrictEqual({
      users: { total: 2, withNone: 0, withOne: 2, withSeveral: 0 },
      passkeys: { total: 2, synced: 2, notSynced: 0, unknown: 0 },
      providers: [{ provider: null, passkeys: 2 }],
      signIns: [{ day: expect.stringMatching(/^\d{4}-\d\d-\d\d$/) as string, signIns: 2 }],
    });
    expect((await passage.getStats()).signIns).toHaveLength(30);
  });

  describe('a Keyway in remote mode', () => {
    let other: FakeServer;
    let status = 404;
    beforeAll(async () => {
      const refusal = () =>
        JSON.stringify({ code: status === 403 ? 'operation_not_allowed' : 'invalid_request', error: 'No.' });
      other = await fakeServer((_request, response) =>
        response.writeHead(status, { 'content-type': 'application/json' }).end(refusal()),
      );
    });
    afterAll(() => other?.close());

    it('has the history of the other one', async () => {
      const port = Number(new URL(origin).port);
      const remote = remotePassage(remoteSettings(port, server.key));
      expect(remote).toBeInstanceOf(RemotePassage);
      const { events, next } = await remote.getHistory('ada', { limit: 2, type: 'passkey.used' });
      expect(events).toMatchObject([{ type: 'passkey.used', actor: 'person', browser: null }, {}]);
      expect(next).toBeNull();
      expect(await remote.getHistory('nobody', { limit: 2 })).toEqual({ events: [], next: null });
      const failure = await failureOf(remote.getHistory('ada', { limit: 2, cursor: 'x' }));
      expect(failure.code).toBe('invalid_request');
    });

    it('says access_denied where the other has no history, or the key may not read it', async () => {
      const remote = remotePassage(remoteSettings(other.port));
      for (status of [404, 405, 403]) {
        expect((await failureOf(remote.getHistory('ada', { limit: 2 }))).code).toBe('access_denied');
      }
    });
  });
});
