import { PreparedQueries } from '../../src/database/query.js';
import { eventList, type EventListQuery } from '../../src/flex/events/event-list.repository.js';
import { buildApp, TEST, type TestApp } from '../support/build-app.js';
import { sql } from '../support/tables.js';

const EVENTS = 200_000;
const USERS = 2_000;

/** A node of a plan, as EXPLAIN gives it in JSON. */
interface PlanNode {
  readonly 'Node Type': string;
  readonly 'Relation Name'?: string;
  readonly 'Index Name'?: string;
  readonly 'Actual Rows': number;
  readonly 'Rows Removed by Filter'?: number;
  readonly Plans?: readonly PlanNode[];
}

describe('the list of a trail of many events', () => {
  let app: TestApp;
  beforeAll(async () => {
    app = await buildApp();
    await sql(
      app,
      `insert into flex_users (app_id, id, external_id, user_handle)
       select $1, 'user-' || n, 'ext-' || n, sha256(n::text::bytea) from generate_series(0, $2::integer - 1) n`,
      TEST.appId,
      USERS,
    );
    await sql(
      app,
      `insert into devices (app_id, id, user_id, credential_id, public_key, algorithm, counter, aaguid, transports, attestation_format, friendly_name)
       select $1, 'device-' || n, 'user-' || n, sha256(n::text::bytea), '', -7, 0, '', '{}', 'none', 'x' from generate_series(0, $2::integer - 1) n`,
      TEST.appId,
      USERS,
    );
    // Refusals are few, and long ago; every user has some hundred events.
    await sql(
      app,
      `insert into audit_events (app_id, id, type, user_id, device_id, created_at)
       select $1, 'e-' || n, case when n < 100 then 'passkey.refused' else 'passkey.used' end,
         'user-' || n % $3::integer, 'device-' || n % $3::integer, now() - make_interval(secs => $2::integer - n)
       from generate_series(1, $2::integer) n`,
      TEST.appId,
      EVENTS,
      USERS,
    );
    await sql(app, 'vacuum analyze audit_events');
    await sql(app, 'analyze flex_users');
    await sql(app, 'analyze devices');
  });
  afterAll(() => app?.close());

  const nodesOf = (plan: PlanNode): PlanNode[] => [plan, ...(plan.Plans ?? []).flatMap(nodesOf)];

  async function planOf(query: EventListQuery): Promise<PlanNode[]> {
    const { builder } = new PreparedQueries('public');
    const { sql: text, parameters } = eventList(builder, TEST.appId, query).compile();
    const explain = `explain (analyze, format json) ${text}`;
    const [row] = await sql<{ 'QUERY PLAN': [{ Plan: PlanNode }] }>(app, explain, ...parameters);
    return nodesOf(row!['QUERY PLAN'][0].Plan);
  }

  const user = { externalId: 'ext-7' };
  const since = new Date(Date.now() - 86_400_000);
  const until = new Date(Date.now() - 40_000_000);
  const after = { at: until.getTime() * 1000, id: 'e-1' };
  const limit = 51;
  const byTime = 'audit_events_app_id_created_at_id_index';
  const byUser = 'audit_events_app_id_user_id_created_at_id_index';
  const byType = 'audit_events_app_id_type_created_at_id_index';
  const byDevice = 'audit_events_devices_index';
  const refusals = 'audit_events_refused_index';

  it.each<[string, EventListQuery, readonly string[], removed?: number]>([
    ['no filter', { limit }, [byTime]],
    ['a cursor', { after, limit }, [byTime]],
    ['a stretch of time', { since, until, limit }, [byTime]],
    ['a stretch of time and a cursor', { since, until, after, limit }, [byTime]],
    ['a user', { user, limit }, [byUser]],
    ['a user by id', { user: { id: 'user-7' }, after, limit }, [byUser]],
    ['a user since a time', { user, since, after, limit }, [byUser]],
    ['a user and a type', { user, type: 'passkey.refused', since, limit }, [byUser, refusals], 100],
    ['a user and their passkey', { user, deviceId: 'device-7', since, limit }, [byUser, byDevice]],
    ['a type', { type: 'passkey.used', limit }, [byType, byTime]],
    ['a rare type', { type: 'passkey.refused', limit }, [byType, refusals]],
    ['a type that is not there', { type: 'user.deleted', limit }, [byType]],
    ['a type since a time', { type: 'passkey.refused', since, after, limit }, [byType, refusals]],
    ['a passkey', { deviceId: 'device-7', after, limit }, [byDevice]],
    [
      'a passkey and a type',
      { deviceId: 'device-7', type: 'passkey.refused', limit },
      [byDevice, refusals],
      100,
    ],
  ])(
    'by %s reads only what it lists, in the order of an index',
    async (_name, query, indexes, removed = 0) => {
      const plan = await planOf(query);
      const nodes = plan.map((node) => `${node['Node Type']} ${node['Relation Name'] ?? ''}`);
      // The few rows of erasures may be read in any way; an incremental sort orders those of one microsecond.
      const whole = /^Sort|Hash|(Seq Scan|Bitmap Heap Scan) (?!erasures)/;
      // Where two filters leave a handful that no index has in order, those may be sorted.
      const allowed = removed > 0 ? /^Sort/ : /^$/;
      expect(nodes.filter((node) => whole.test(node) && !allowed.test(node))).toEqual([]);
      const trail = plan.filter((node) => node['Relation Name'] === 'audit_events');
      expect(trail).toHaveLength(1);
      expect(indexes).toContain(trail[0]!['Index Name']);
      expect(trail[0]!['Actual Rows']).toBeLessThanOrEqual(limit + 1);
      expect(trail[0]!['Rows Removed by Filter'] ?? 0).toBeLessThanOrEqual(removed);
    },
  );
});
