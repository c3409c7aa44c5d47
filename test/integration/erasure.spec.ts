import { Client } from 'pg';
import { ErasureRepository } from '../../src/events/erasure.repository.js';
import { EventListRepository } from '../../src/flex/events/event-list.repository.js';
import { PurgeService } from '../../src/flex/purge.service.js';
import { AppServer } from '../support/app-server.js';
import { buildApp, type TestApp } from '../support/build-app.js';
import { eventually } from '../support/eventually.js';
import { count, sql } from '../support/tables.js';

const EVENTS = 50_000;

describe('the erasure of a user with a long trail', () => {
  let app: TestApp;
  let server: AppServer;
  let id: string;
  beforeEach(async () => {
    app = await buildApp();
    server = await AppServer.create(app);
    await server.tenant.register('ada');
    ({ id } = await server.find('ada'));
    await sql(
      app,
      `insert into audit_events (app_id, id, type, user_id, actor, address, user_agent, request_id)
       select $1, '019f0000-' || lpad(i::text, 8, '0'), 'passkey.used', $2, 'user:ada', '203.0.113.1', 'Mozilla', 'trace-' || i
         from generate_series(1, $3::integer) as i`,
      server.tenant.id,
      id,
      EVENTS,
    );
  });
  afterEach(() => app?.close());

  const erase = () => server.call('DELETE', '/external-users/ada');
  const PERSONAL = `audit_events where user_id = $1 and type <> 'user.deleted'
    and coalesce(actor, address, user_agent, request_id) is not null`;
  const left = () => count(app, PERSONAL, id);
  const marks = () => count(app, 'erasures');
  const purge = () => app.application.get(PurgeService, { strict: false }).purge();
  const register = () => {
    const body = { external_id: 'ada', passkey_display_name: 'Ada' };
    return server.call('POST', '/transactions/register', body);
  };

  /** What is shown of who acted, over the whole trail, apart from the erasure itself. */
  async function shown(): Promise<unknown[]> {
    const trail = app.application.get(EventListRepository, { strict: false });
    const events = await trail.list(server.tenant.id, { user: { id }, limit: 2 * EVENTS });
    expect(events.length).toBeGreaterThan(EVENTS);
    return events
      .filter(({ type }) => type !== 'user.deleted')
      .flatMap(({ actor, address, userAgent, requestId }) => [actor, address, userAgent, requestId])
      .filter((value) => value !== null);
  }

  it('hides all of it at once, makes a thousand events anonymous, and leaves the rest to the purge', async () => {
    expect((await shown()).length).toBeGreaterThan(4 * EVENTS);
    expect((await erase()).status).toBe(200);
    expect(await left()).toBeGreaterThan(EVENTS - 2_000);
    expect(await shown()).toEqual([]);
    expect(await marks()).toBe(1);
    // What a crash would leave is gone on with, from where it was.
    const erasures = app.application.get(ErasureRepository, { strict: false });
    expect(await erasures.anonymiseBatch()).toBe(1_000);
    expect((await purge()).anonymised).toBeLessThan(EVENTS);
    expect([await left(), await marks()]).toEqual([0, 0]);
    expect(await shown()).toEqual([]);
    const [erased] = await sql<{ actor: string }>(
      app,
      `select actor from audit_events where type = 'user.deleted'`,
    );
    expect(erased!.actor).toMatch(/^key:/);
    expect((await purge()).anonymised).toBe(0);
  });

  it('keeps no row from others while events are made anonymous, and is not failed by what fails then', async () => {
    const { database } = app.configuration;
    const other = new Client({ connectionString: database.kind === 'postgresql' ? database.url : '' });
    await other.connect();
    try {
      await other.query('begin');
      await other.query('select from audit_events where user_id = $1 for update', [id]);
      let answered = false;
      const erasure = erase().finally(() => (answered = true));
      const waiting = `pg_stat_activity where wait_event_type = 'Lock' and query like '%erasures.anonymise%'
        and datname = current_database()`;
      await eventually(async () => expect(await count(app, waiting)).toBe(1));
      expect(await count(app, 'flex_users where id = $1', id)).toBe(0);
      // The same external ID, and the same app.
      expect((await register()).status).toBe(201);
      await server.tenant.register('eve');
      expect(answered).toBe(false);
      expect((await erasure).status).toBe(200);
    } finally {
      await other.end();
    }
    expect(app.logLines.join('\n')).toContain('left to the purge: lock_timeout');
    expect(await shown()).toEqual([]);
    expect((await purge()).anonymised).toBeGreaterThan(EVENTS);
    expect([await left(), await marks()]).toEqual([0, 0]);
  });
});
