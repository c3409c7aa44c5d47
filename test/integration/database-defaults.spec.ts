import { Client } from 'pg';
import { buildApp, buildAppOn, type TestApp } from '../support/build-app.js';
import { eventually } from '../support/eventually.js';
import { SoftwareAuthenticator } from '../support/software-authenticator.js';
import { count, sql } from '../support/tables.js';
import { Tenant } from '../support/tenant.js';

const urlOf = ({ configuration: { database } }: TestApp): string =>
  database.kind === 'postgresql' ? database.url : '';

async function connect(connectionString: string): Promise<Client> {
  const client = new Client({ connectionString });
  await client.connect();
  return client;
}

describe.each(['repeatable read', 'serializable'])(
  'a database with the default isolation %s',
  (isolation) => {
    let first: TestApp;
    let app: TestApp;
    beforeAll(async () => {
      first = await buildApp();
      const name = new URL(urlOf(first)).pathname.slice(1);
      await sql(first, `alter database ${name} set default_transaction_isolation = '${isolation}'`);
      app = await buildAppOn(first.configuration.database, { passage: first.configuration.passage });
    });
    afterAll(async () => {
      await app.close();
      await first.close();
    });

    const whileUsersAreLocked = async <T>(statements: number, work: () => Promise<T>): Promise<T> => {
      const lock = await connect(urlOf(app));
      try {
        await lock.query('begin');
        await lock.query('select 1 from flex_users for no key update');
        const done = work();
        const held = `pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`;
        await eventually(async () => expect(await count(first, held)).toBe(statements));
        await lock.query('commit');
        return await done;
      } finally {
        await lock.end();
      }
    };

    it('registers no more passkeys than the app allows when registrations finish at once', async () => {
      const tenant = await Tenant.create(app, { max_passkeys_per_user: 2 });
      await tenant.register('ada');
      const bodies: object[] = [];
      const browser = tenant.browser();
      for (let i = 0; i < 3; i++) {
        const begun = await browser.beginRegistration(await tenant.registerTransaction('ada'));
        bodies.push(begun.answer(new SoftwareAuthenticator()));
      }
      const answers = await whileUsersAreLocked(3, () =>
        Promise.all(bodies.map((body) => browser.finish('register', body))),
      );
      expect(answers.map(({ status }) => status).sort()).toEqual([200, 403, 403]);
      expect(await count(app, 'devices where app_id = $1', tenant.id)).toBe(2);
    });

    it('refuses repeated finishes of one sign-in at once, and does not report itself as busy', async () => {
      const tenant = await Tenant.create(app);
      const { authenticator } = await tenant.register('ada');
      const browser = tenant.browser();
      const body = (await browser.beginSignIn()).answer(authenticator);
      // Three of them: a user has no more connections at a time.
      const answers = await whileUsersAreLocked(3, () =>
        Promise.all(Array.from({ length: 4 }, () => browser.finish('authenticate', body))),
      );
      expect(answers.map(({ status }) => status).sort()).toEqual([200, 401, 401, 401]);
    });
  },
);
