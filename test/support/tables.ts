import { jest } from '@jest/globals';
import { CompiledQuery } from 'kysely';
import type { TestApp } from './build-app.js';

type WithDatabase = Pick<TestApp, 'database'>;

/** Every table that requests write to or read from. */
export const TABLES = [
  'users',
  'tie_mark_keys',
  'tie_marks',
  'apps',
  'api_keys',
  'flex_users',
  'user_handles',
  'devices',
  'legacy_devices',
  'tombstones',
  'transactions',
  'spent_handshakes',
  'nonces',
  'audit_events',
  'erasures',
  'webhooks',
  'webhook_deliveries',
] as const;

/** An id as this service makes them, which no row has. */
export const UNKNOWN_ID = '019f0000-0000-7000-8000-000000000000';

/** Runs SQL of a test's own. */
export function sql<Row extends object>(
  { database }: WithDatabase,
  text: string,
  ...values: unknown[]
): Promise<Row[]> {
  return database.ask(() => ({ compile: () => CompiledQuery.raw(text, values) }));
}

/** How many rows match: `count(app, "devices where user_id = $1", id)`. */
export async function count(app: WithDatabase, from: string, ...values: unknown[]): Promise<number> {
  const [row] = await sql<{ count: number }>(
    app,
    `select count(*)::integer as count from ${from}`,
    ...values,
  );
  return row!.count;
}

/** What every table holds, so that two calls are equal exactly when nothing was changed between them. */
export async function contents(app: WithDatabase): Promise<Record<string, string>> {
  const held: Record<string, string> = {};
  for (const table of TABLES) {
    const [row] = await sql<{ held: string }>(
      app,
      `select count(*) || ' rows ' || md5(coalesce(string_agg(t::text, '|' order by t::text), '')) as held from ${table} t`,
    );
    held[table] = row!.held;
  }
  return held;
}

/** The tables with a row that holds the text: as it is, or its bytes or those that it spells in base64url. */
export async function tablesHolding(app: WithDatabase, text: string): Promise<string[]> {
  const forms = [text, Buffer.from(text).toString('hex'), Buffer.from(text, 'base64url').toString('hex')];
  const holding: string[] = [];
  for (const table of TABLES) {
    const rows = `${table} t where exists (select from unnest($1::text[]) f where position(f in t::text) > 0)`;
    if ((await count(app, rows, forms)) > 0) holding.push(table);
  }
  return holding;
}

/** How many times the service asked its database for anything while `work` ran. */
export async function statementsOf(
  { database }: WithDatabase,
  work: () => Promise<unknown>,
): Promise<number> {
  const ways = ['run', 'count', 'ask', 'transaction'] as const;
  const spies = ways.map((way) => jest.spyOn(database, way));
  try {
    await work();
    const asked = spies.flatMap(({ mock }) => mock.calls as unknown as [{ readonly name?: string }][]);
    // What delivers webhooks looks for itself, whoever asks for what meanwhile.
    return asked.filter(([query]) => !query.name?.startsWith('webhook-deliveries.')).length;
  } finally {
    for (const spy of spies) spy.mockRestore();
  }
}

/** The same but for the audit trail, where a refusal is told. */
export async function contentsButTrail(app: WithDatabase): Promise<Record<string, string>> {
  const held = await contents(app);
  delete held.audit_events;
  return held;
}

export interface AuditRow {
  readonly type: string;
  readonly appId: string;
  readonly userId: string | null;
  readonly deviceId: string | null;
  readonly actor: string | null;
  readonly address: string | null;
  readonly userAgent: string | null;
  readonly reason: string | null;
  readonly requestId: string | null;
}

/** The audit trail, oldest first. */
export const auditTrail = (app: WithDatabase): Promise<AuditRow[]> =>
  sql<AuditRow>(
    app,
    `select type, app_id as "appId", user_id as "userId", device_id as "deviceId", actor, address,
       user_agent as "userAgent", reason, request_id as "requestId" from audit_events order by id`,
  );

/** Runs `work` and gives the audit events that it left. */
export async function eventsOf(app: WithDatabase, work: () => Promise<unknown>): Promise<AuditRow[]> {
  const before = await count(app, 'audit_events');
  await work();
  return (await auditTrail(app)).slice(before);
}

/** The backend's user behind one of ours. */
export async function flexUserIdOf(app: WithDatabase, subject: string): Promise<string> {
  const [row] = await sql<{ id: string }>(
    app,
    `select f.id from flex_users f join users u on u.passage_external_id = f.external_id where u.subject = $1`,
    subject,
  );
  return row!.id;
}

/**
 * Gives rows other creation times and resolves to their ids, oldest first. Drops the indexes on the creation time as
 * well: a list that is not sorted then comes by id, by name or as the table keeps its rows, and each of these is
 * another order.
 */
export async function shuffleCreation(
  app: WithDatabase,
  table: 'devices' | 'api_keys',
  ids: readonly string[],
): Promise<string[]> {
  const oldestFirst = ids.map((_id, i) => ids[(2 * i + 1) % ids.length]!);
  if (ids.length < 5 || new Set(oldestFirst).size < ids.length)
    throw new Error('Give an odd number of rows, five or more.');
  await sql(
    app,
    `update ${table} set created_at = timestamptz '2026-01-01' + make_interval(mins => array_position($1::text[], id))
     where id = any($1)`,
    oldestFirst,
  );
  const indexes = await sql<{ name: string }>(
    app,
    `select indexname as name from pg_indexes where tablename = $1 and indexdef like '%created_at%'`,
    table,
  );
  for (const { name } of indexes) await sql(app, `drop index ${name}`);
  return oldestFirst;
}

/** Puts another app beside the service's own. */
export async function insertApp(
  app: WithDatabase,
  { id, rpId, origin }: { id: string; rpId: string; origin: string },
): Promise<void> {
  await sql(app, 'insert into apps (id, name, origins, rp_id) values ($1, $1, $2, $3)', id, [origin], rpId);
}

/** Changes one column of an app's row. */
export async function changeApp(
  app: WithDatabase,
  id: string,
  column: string,
  value: unknown,
): Promise<void> {
  await sql(app, `update apps set ${column} = $2 where id = $1`, id, value);
}
