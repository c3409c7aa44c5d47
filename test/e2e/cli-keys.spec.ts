import { setTimeout as pause } from 'node:timers/promises';
import { ask } from './ask.js';
import { buildKeyway } from './build-keyway.js';
import { runCommand, startKeyway, sweep } from './keyway-process.js';
import { aDatabase, productionSettings } from './production.js';

const KEY = /^kw_([A-Za-z0-9]{12})_[A-Za-z0-9_-]{43}\n$/;
const TIME = '\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\dZ';

describe('keyway key', () => {
  let database: Awaited<ReturnType<typeof aDatabase>>;
  beforeAll(buildKeyway, 150_000);
  beforeEach(async () => {
    database = await aDatabase({ migrated: true });
    const app = ['app', 'create', 'blog', '--rp-id', 'blog.example', '--origins', 'https://blog.example'];
    expect(await keyway(...app)).toMatchObject({ code: 0 });
  });
  afterEach(async () => {
    await sweep();
    await database?.drop();
  });

  const keyway = (...args: string[]) => runCommand(args, { DATABASE_URL: database.url });

  it('replaces the key of an app while one of the two keys is always valid', async () => {
    const { url } = await startKeyway(productionSettings(database.url));
    const asks = async (key: string): Promise<number> =>
      (await ask(`${url}/v1/apps/blog/users`, { headers: { authorization: `Bearer ${key.trim()}` } })).status;

    const one = await keyway('key', 'create', 'blog');
    expect(one).toMatchObject({ code: 0, stdout: expect.stringMatching(KEY) });
    const [, id] = KEY.exec(one.stdout)!;
    expect(one.stderr).toBe(`The key ${id} of blog is valid without an end. It is not shown again.\n`);
    expect(await asks(one.stdout)).toBe(200);

    const answer = await keyway('key', 'create', 'blog', '--expires-in', '90d', '--json');
    expect(answer).toMatchObject({ code: 0, stderr: '' });
    const two = JSON.parse(answer.stdout) as { id: string; key: string; expiresAt: string };
    expect(Math.round((Date.parse(two.expiresAt) - Date.now()) / 86_400_000)).toBe(90);
    const both = JSON.parse((await keyway('key', 'list', 'blog', '--json')).stdout) as object[];
    expect(two).toEqual({ ...both[1], id: two.key.slice(3, 15), key: two.key });
    expect([await asks(one.stdout), await asks(two.key)]).toEqual([200, 200]);

    const revoked = await keyway('key', 'revoke', id!);
    expect(revoked).toMatchObject({ code: 0, stdout: `The key ${id} of blog is revoked.\n`, stderr: '' });
    expect([await asks(one.stdout), await asks(two.key)]).toEqual([401, 200]);

    const { stdout } = await keyway('key', 'list', 'blog');
    const [head, ...rows] = stdout.trimEnd().split('\n');
    expect(head).toMatch(/^ID +STATE +CREATED +EXPIRES +LAST USED +SOURCE +SCOPES$/);
    expect(rows).toEqual([
      expect.stringMatching(new RegExp(`^${id} +revoked +${TIME} +never +${TIME} +operator +-$`)),
      expect.stringMatching(new RegExp(`^${two.id} +active +${TIME} +${TIME} +${TIME} +operator +-$`)),
    ]);
    expect(stdout).not.toContain(two.key.slice(16));
    const listed = JSON.parse((await keyway('key', 'list', 'blog', '--json')).stdout) as object[];
    expect(Object.keys(listed[0]!).sort()).toEqual(
      [
        'appId',
        'createdAt',
        'expiresAt',
        'id',
        'lastUsedAt',
        'revokedAt',
        'scopes',
        'source',
        'state',
      ].sort(),
    );
  });

  it('creates a key that expires', async () => {
    const { url } = await startKeyway(productionSettings(database.url));
    const { stdout } = await keyway('key', 'create', 'blog', '--expires-in', '2s');
    const headers = { authorization: `Bearer ${stdout.trim()}` };
    await pause(2_500);
    expect((await ask(`${url}/v1/apps/blog/users`, { headers })).status).toBe(401);
    expect((await keyway('key', 'list', 'blog')).stdout).toMatch(/ expired /);
  });

  it('warns when the key of the settings is revoked, and reports unknown keys and apps', async () => {
    const APP_API_KEY = `kw_fromSettin12_${'x'.repeat(43)}`;
    const settings = { ...productionSettings(database.url), APP_API_KEY };
    await startKeyway(settings);
    const revoked = await keyway('key', 'revoke', 'fromSettin12');
    expect(revoked).toMatchObject({ code: 0, stdout: 'The key fromSettin12 of shop is revoked.\n' });
    expect(revoked.stderr).toMatch(/APP_API_KEY: change or unset/);
    for (const [args, code] of [
      [['revoke', 'nobodysKey12'], 'key_not_found'],
      [['create', 'nobody'], 'app_not_found'],
      [['list', 'nobody'], 'app_not_found'],
    ] as const) {
      const failed = await keyway('key', ...args, '--json');
      expect(failed).toMatchObject({ code: 1, stdout: '' });
      expect(JSON.parse(failed.stderr)).toMatchObject({ code });
    }
  });
});
