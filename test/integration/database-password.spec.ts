import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { Client } from 'pg';
import { Database } from '../../src/database/database.js';
import { buildAppOn, type TestApp } from '../support/build-app.js';
import { registerPasskey } from '../support/flows.js';
import { type HttpAnswer, send } from '../support/http-answer.js';
import { type PostgresServer, startPostgres } from '../support/postgres-server.js';
import { TestUser } from '../support/test-user.js';

const POOL = 10;

describe('the password of the database', () => {
  let server: PostgresServer;
  let admin: Client;
  let directory: string;
  let urlFile: string;
  const passwords: string[] = [];
  let current: string;

  beforeAll(async () => {
    server = await startPostgres();
    admin = new Client({ connectionString: server.url });
    await admin.connect();
    await admin.query('create role keyway login');
    await admin.query("create database shop owner keyway encoding 'UTF8' template template0");
    directory = mkdtempSync(join(tmpdir(), 'keyway-password-'));
    urlFile = join(directory, 'database-url');
  });
  afterAll(async () => {
    await admin?.end();
    await server?.stop();
    rmSync(directory, { recursive: true, force: true });
  });
  beforeEach(async () => {
    current = await newPassword();
    writeFileSync(urlFile, urlWith(current));
  });

  const newPassword = async (): Promise<string> => {
    const password = aPassword();
    await setPassword(password);
    return password;
  };
  const aPassword = (): string => {
    const password = `${randomBytes(12).toString('hex')}@/,`;
    passwords.push(password);
    return password;
  };
  const setPassword = (password: string) => admin.query(`alter role keyway password '${password}'`);
  const urlWith = (password: string): string => {
    const { host } = new URL(server.url);
    return `postgresql://keyway:${encodeURIComponent(password)}@${host}/shop\n`;
  };
  const settings = () =>
    ({ kind: 'postgresql', url: urlWith(current).trim(), urlFile, poolMax: POOL }) as const;

  /** A replica on the migrated database, of which the pool has one connection, and users with a passkey each. */
  async function aReplica(): Promise<{ app: TestApp; users: TestUser[] }> {
    const schema = await Database.open(settings(), 'commands');
    await schema.migrate();
    await schema.close();
    const app = await buildAppOn(settings());
    const users = Array.from({ length: POOL }, () => new TestUser(app));
    for (const user of users) await registerPasskey(user);
    return { app, users };
  }

  /** As many requests at once as the pool has connections: all but one of them are new. */
  const burst = (users: readonly TestUser[]): Promise<HttpAnswer[]> =>
    Promise.all(users.map((user) => user.call('GET', '/user/devices')));
  const connections = async (): Promise<number> => {
    const text = `select from pg_stat_activity where usename = 'keyway'`;
    return (await admin.query(text)).rowCount!;
  };
  const statuses = (answers: readonly HttpAnswer[]): number[] => [
    ...new Set(answers.map(({ status }) => status)),
  ];
  const expectNoPassword = (text: string): void => {
    for (const password of passwords) {
      expect(text).not.toContain(password);
      expect(text).not.toContain(encodeURIComponent(password));
    }
  };

  it('changes without a refused request when the file is replaced first', async () => {
    const { app, users } = await aReplica();
    try {
      const before = await connections();
      const next = aPassword();
      writeFileSync(urlFile, urlWith(next));
      await setPassword(next);
      const begun = performance.now();
      expect(statuses(await burst(users))).toEqual([200]);
      expect(performance.now() - begun).toBeLessThan(1_000);
      expect(await connections()).toBeGreaterThan(before);
      expect(app.logLines.join()).toContain('Keyway uses the one in DATABASE_URL_FILE from now on');
      // The connection of readiness is made now, too.
      expect((await send(app, { url: '/health/ready' })).body).toEqual({ status: 'ok' });
      expectNoPassword(app.logLines.join());
    } finally {
      await app.close();
    }
  });

  it('changes without a refused request when the file is replaced within seconds', async () => {
    const { app, users } = await aReplica();
    try {
      const next = await newPassword();
      const answers = burst(users);
      // What has a connection goes on meanwhile.
      await pause(1_500);
      writeFileSync(urlFile, urlWith(next));
      expect(statuses(await answers)).toEqual([200]);
    } finally {
      await app.close();
    }
  });

  it('is of no matter to connections that are open, and without the new one the others fail as an outage', async () => {
    const { app, users } = await aReplica();
    try {
      await newPassword();
      const [one, ...others] = users;
      expect((await one!.call('GET', '/user/devices')).status).toBe(200);
      const begun = performance.now();
      const answers = burst(others);
      await pause(500);
      expect(statuses(await answers)).toContain(503);
      expect(performance.now() - begun).toBeLessThan(6_500);
      const refused = app.logLines.filter((line) => line.includes('login_refused'));
      expect(refused.length).toBeGreaterThan(0);
      expect((await send(app, { url: '/health/ready' })).body).toMatchObject({ reason: 'database' });
      expectNoPassword(app.logLines.join());
    } finally {
      await app.close();
    }
  });

  it('changes for commands and for the start as well', async () => {
    const opening = settings();
    const next = await newPassword();
    const opened = Database.open(opening, 'commands');
    await pause(700);
    writeFileSync(urlFile, urlWith(next));
    const database = await opened;
    expect(await database.isWritable()).toBe(true);
    await database.close();
  });

  it('is told as wrong at once where it is not from a file', async () => {
    const plain = { kind: 'postgresql', url: settings().url, poolMax: POOL } as const;
    await newPassword();
    const begun = performance.now();
    const error = await Database.open(plain, 'commands').catch((thrown: Error) => thrown);
    expect((error as Error).message).toMatch(
      /^Cannot connect to the database 127.*\/shop \(password authentication failed.*set DATABASE_URL to .* the password/,
    );
    expect(performance.now() - begun).toBeLessThan(2_000);
    expectNoPassword((error as Error).message);
  });

  it('is not taken from a file that has become something else', async () => {
    const opening = settings();
    await newPassword();
    writeFileSync(urlFile, 'mysql://keyway:x@elsewhere/shop');
    await expect(Database.open(opening, 'commands')).rejects.toThrow(/password authentication failed/);
  });
});
