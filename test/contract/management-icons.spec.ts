import { AppServer } from '../support/app-server.js';
import { buildApp, TEST, type TestApp } from '../support/build-app.js';
import { registerPasskey } from '../support/flows.js';
import { newAddress, send } from '../support/http-answer.js';
import { changeApp } from '../support/tables.js';
import { TestUser } from '../support/test-user.js';

type Icons = Record<'light' | 'dark', string>;
type Device = { readonly id: string; readonly icons: Icons };

describe('the icons of the protocol’s devices', () => {
  let app: TestApp;
  beforeAll(async () => {
    app = await buildApp();
  });
  afterAll(() => app?.close());

  /** What each route that answers with devices says of the user's one passkey. */
  const iconsOf = async (server: AppServer): Promise<Icons[]> => {
    await server.tenant.register('ada');
    const { id } = await server.find('ada');
    const listed = (await server.call('GET', `/users/${id}/devices`)).expect<{ devices: Device[] }>();
    const { user } = (await server.call('GET', `/users/${id}`)).expect<{
      user: { webauthn_devices: Device[] };
    }>();
    const path = `/users/${id}/devices/${listed.devices[0]!.id}`;
    const renamed = await server.call('PATCH', path, { friendly_name: 'Mine' });
    const { device } = renamed.expect<{ device: Device }>();
    return [listed.devices[0]!, user.webauthn_devices[0]!, device].map(({ icons }) => icons);
  };

  it('are URLs on this server, and for an app that wants them so the same pictures as data', async () => {
    const [urls] = await iconsOf(await AppServer.create(app));
    const given = await iconsOf(await AppServer.create(app, { icons: 'data' }));
    expect(given).toHaveLength(3);
    for (const variant of ['light', 'dark'] as const) {
      const { pathname, search } = new URL(urls![variant]);
      const picture = await send(app, { url: pathname + search, remoteAddress: newAddress() });
      const data = `data:image/svg+xml;base64,${Buffer.from(picture.text).toString('base64')}`;
      expect(given.map((icons) => icons[variant])).toEqual([data, data, data]);
    }
  });

  it('are URLs on our own API, also where the app wants data in the protocol', async () => {
    await changeApp(app, TEST.appId, 'icons', 'data');
    try {
      const user = new TestUser(app);
      await registerPasskey(user);
      const [passkey] = await user.passkeys();
      const url = expect.stringMatching(/^https:\/\/passkeys\.shop\.example\/icons\//) as string;
      expect(passkey).toMatchObject({ icons: { light: url, dark: url } });
    } finally {
      await changeApp(app, TEST.appId, 'icons', 'url');
    }
  });

  it('have no other form', async () => {
    await expect(changeApp(app, TEST.appId, 'icons', 'png')).rejects.toThrow(/check constraint/);
  });
});
