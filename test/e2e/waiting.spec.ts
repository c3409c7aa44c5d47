import { eventually } from '../support/eventually.js';
import { freePort } from '../support/free-port.js';
import { TcpProxy } from '../support/tcp-proxy.js';
import { ask } from './ask.js';
import { buildKeyway } from './build-keyway.js';
import { aDirectory, launch, type Environment, startKeyway, sweep } from './keyway-process.js';
import { aDatabase, aToken, productionSettings } from './production.js';

describe('a start while the database is away', () => {
  let database: Awaited<ReturnType<typeof aDatabase>>;
  let wire: TcpProxy;
  let settings: Environment;
  let url: string;

  beforeAll(async () => {
    buildKeyway();
    database = await aDatabase({ migrated: true });
    const address = new URL(database.url);
    wire = new TcpProxy({ host: address.hostname, port: Number(address.port) });
    await wire.open();
    address.host = `${wire.address.host}:${wire.address.port}`;
    const port = await freePort();
    url = `http://127.0.0.1:${port}`;
    settings = { ...productionSettings(address.href), PORT: String(port) };
  }, 150_000);
  beforeEach(() => wire.cut());
  afterEach(sweep);
  afterAll(async () => {
    await wire?.cut();
    await database?.drop();
  });

  const untilAlive = () => eventually(async () => expect((await ask(`${url}/health/live`)).status).toBe(200));

  it('is alive and answers 503, and serves as soon as the database is there', async () => {
    const started = startKeyway(settings);
    await untilAlive();
    const ready = await ask(`${url}/health/ready`);
    expect(ready.status).toBe(503);
    expect(JSON.parse(ready.body)).toEqual({ status: 'unavailable', reason: 'database' });
    const authorization = `Bearer ${await aToken()}`;
    const own = await ask(`${url}/user/devices`, { headers: { authorization } });
    expect([own.status, own.headers['retry-after']]).toEqual([503, '2']);
    expect(own.headers['content-type']).toMatch(/^application\/problem\+json/);
    expect(own.headers['connection']).toBe('close');
    expect(JSON.parse(own.body)).toMatchObject({ code: 'database_unavailable' });
    const flex = await ask(`${url}/v1/apps/shop`);
    expect(flex.status).toBe(503);
    expect(JSON.parse(flex.body)).toEqual({
      code: 'internal_server_error',
      error: 'The database is unavailable.',
    });
    await wire.open();
    const { ending, signal } = await started;
    expect((await ask(`${url}/health/ready`)).status).toBe(200);
    expect((await ask(`${url}/user/devices`, { headers: { authorization } })).status).toBe(200);
    signal('SIGTERM');
    const { code, stdout } = await ending;
    expect(code).toBe(0);
    expect(stdout).toMatch(
      /"level":40.*Keyway waits for its database for a minute\. Cannot connect to .*ECONNREFUSED/,
    );
    expect(stdout).toMatch(/"route":"unmatched","status":503/);
  });

  it('is ended by a signal at once', async () => {
    const { child, ending } = launch(['main.js'], settings, aDirectory());
    await untilAlive();
    child.kill('SIGTERM');
    expect((await ending).code).toBe(0);
  });

  it('fails at once with a sentence when its port is in use', async () => {
    const first = launch(['main.js'], settings, aDirectory());
    await untilAlive();
    const begun = Date.now();
    const { code, stderr } = await launch(['main.js'], settings, aDirectory()).ending;
    expect(code).toBe(1);
    expect(stderr).toMatch(/^Keyway cannot start.\nKeyway cannot listen on .*EADDRINUSE/);
    expect(Date.now() - begun).toBeLessThan(10_000);
    first.child.kill();
    await first.ending;
  });
});
