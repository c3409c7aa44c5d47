import { buildKeyway } from './build-keyway.js';
import { runCommand, sweep } from './keyway-process.js';
import { aDatabase } from './production.js';

describe('keyway migrate', () => {
  let database: Awaited<ReturnType<typeof aDatabase>>;

  beforeAll(buildKeyway, 150_000);
  beforeEach(async () => {
    database = await aDatabase({ migrated: false });
  });
  afterEach(async () => {
    await sweep();
    await database.drop();
  });

  const migrate = () => runCommand(['migrate'], { NODE_ENV: 'production', DATABASE_URL: database.url });

  it('needs nothing but the database, brings its schema up to date, and does nothing the second time', async () => {
    const first = await migrate();
    expect(first).toMatchObject({ code: 0, stderr: '' });
    expect(first.stdout).toMatch(/^Applied Migration\d+_initial.*\.\n$/);
    expect(await migrate()).toMatchObject({ code: 0, stdout: 'The schema is up to date.\n', stderr: '' });
  });

  it('applies each migration once when five replicas run it at the same time', async () => {
    const endings = await Promise.all(Array.from({ length: 5 }, migrate));
    expect(endings.map(({ code, stderr }) => ({ code, stderr }))).toEqual(
      Array.from({ length: 5 }, () => ({ code: 0, stderr: '' })),
    );
    const said = endings.map(({ stdout }) => stdout).sort();
    expect(said[0]).toMatch(/^Applied /);
    expect(said.slice(1)).toEqual(Array.from({ length: 4 }, () => 'The schema is up to date.\n'));
  });
});

describe('keyway', () => {
  beforeAll(buildKeyway, 150_000);
  afterEach(sweep);

  it('says in one sentence that migrate has no database to work on', async () => {
    const { code, stdout, stderr } = await runCommand(['migrate'], { NODE_ENV: 'production' });
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
    expect(stderr).toMatch(/^Set DATABASE_URL to the address of the PostgreSQL database, [^\n]+\.\n$/);
  });

  it('says in one sentence, without the password, that the database does not answer', async () => {
    const ending = await runCommand(['migrate'], {
      DATABASE_URL: 'postgresql://keyway:hunter2@127.0.0.1:1/shop',
    });
    expect(ending).toMatchObject({ code: 1, stdout: '' });
    expect(ending.stderr).toMatch(
      /^The database 127\.0\.0\.1:1\/shop .*ECONNREFUSED.*set DATABASE_URL [^\n]+\.\n$/,
    );
    expect(ending.stderr).not.toContain('hunter2');
  });
});
