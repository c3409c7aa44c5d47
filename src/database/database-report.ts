import { EntitySchema } from '@mikro-orm/core';
import type { PostgresSettings } from '../config/configuration.js';
import { entities } from './entities.js';
import { migrations } from './migrations.js';
import { type Pooler, poolerOf } from './pooler.js';
import type { PostgresClient } from './postgres-client.js';
import { inspectServer, onServer } from './postgres-server.js';
import { PostgresServers } from './postgres-servers.js';
import { boundsWarning, splitSettings, statementsFor } from './session-bounds.js';

const TIMEOUT = 5_000; // ms

/** What a PostgreSQL database is like, for the operator; nothing was written to find it out. */
export interface DatabaseReport {
  /** Host, port and database. */
  readonly place: string;
  /** Milliseconds from a question to its answer. */
  readonly roundTrip: number;
  /** As `15.14`, and as a number: 150014. */
  readonly version: string;
  readonly versionNumber: number;
  readonly user: string;
  readonly schema: string;
  readonly timeZone: string;
  /** Whether it accepts no writes. */
  readonly isReadOnly: boolean;
  readonly isSuperuser: boolean;
  /** Whether the role may make tables, as migrations do. */
  readonly mayMigrate: boolean;
  /** Tables on which the role lacks one of the rights that replicas need. */
  readonly forbidden: readonly string[];
  /** How many connections the server, or the role, allows to everybody together, and how many there are. */
  readonly connections: { readonly most: number; readonly open: number };
  readonly pooler: Pooler;
  /** As a start warns of it, if sessions do not keep the limits that Keyway sets. */
  readonly boundsWarning: string | undefined;
  /** Milliseconds by which this machine's clock is ahead of the database's. */
  readonly clockOffset: number;
  /** Names, oldest first: applied, those it lacks, and those of a newer version; null if the role may not read them. */
  readonly migrations: {
    readonly applied: readonly string[];
    readonly missing: readonly string[];
    readonly newer: readonly string[];
  } | null;
}

/** Asks for all of it. Throws the sentence of a start if the database cannot be reached, or cannot serve Keyway. */
export async function reportOn(settings: PostgresSettings): Promise<DatabaseReport> {
  const servers = new PostgresServers(settings);
  const { schema } = await inspectServer(servers, TIMEOUT);
  const pooler = await poolerOf(servers, TIMEOUT);
  return onServer(servers, TIMEOUT, async (client) => {
    const [facts] = await ask<Facts>(client, FACTS, [schema]);
    const { connectionsAllowed, connectionsOpen, ...rest } = facts!;
    const { bounds } = splitSettings(servers, 'requests');
    const { roundTrip, clockOffset } = await readClock(client);
    const report = {
      place: servers.place,
      schema,
      pooler,
      roundTrip,
      clockOffset,
      ...rest,
      connections: { most: connectionsAllowed, open: connectionsOpen },
      forbidden: await forbiddenTables(client, schema),
      migrations: await migrationsOf(client, schema),
    };
    // The last of all: from now on the session is bounded.
    if (pooler !== 'transaction') await client.query(statementsFor(bounds).join('; '));
    return { ...report, boundsWarning: await boundsWarning(client, bounds) };
  });
}

type Facts = Pick<
  DatabaseReport,
  'version' | 'versionNumber' | 'user' | 'timeZone' | 'isReadOnly' | 'isSuperuser' | 'mayMigrate'
> & { readonly connectionsAllowed: number; readonly connectionsOpen: number };

const FACTS = `select current_setting('server_version') as version,
  current_setting('server_version_num')::integer as "versionNumber", current_user as "user",
  current_setting('TimeZone') as "timeZone", current_setting('transaction_read_only') = 'on' as "isReadOnly",
  r.rolsuper as "isSuperuser", has_schema_privilege($1, 'create') as "mayMigrate",
  least(
    case when r.rolconnlimit < 0 then null else r.rolconnlimit end,
    current_setting('max_connections')::integer - current_setting('superuser_reserved_connections')::integer
      - coalesce(current_setting('reserved_connections', true)::integer, 0)
  ) as "connectionsAllowed",
  (select count(*)::integer from pg_stat_activity
    where datid is not null and pid <> pg_backend_pid() and (r.rolconnlimit < 0 or usename = current_user)
  ) as "connectionsOpen"
  from pg_roles r where r.rolname = current_user`;

const FORBIDDEN = `select c.relname as name from pg_class c join pg_namespace n on n.oid = c.relnamespace
  where n.nspname = $2 and c.relname = any($1) and not (
    select bool_and(has_table_privilege(c.oid, p."right"))
      from unnest(array['select', 'insert', 'update', 'delete']) as p ("right"))
  order by 1`;

async function forbiddenTables(client: PostgresClient, schema: string): Promise<string[]> {
  const tables = entities.map((entity) => EntitySchema.REGISTRY.get(entity)!.meta.tableName);
  return (await ask<{ name: string }>(client, FORBIDDEN, [tables, schema])).map(({ name }) => name);
}

const LOG = 'mikro_orm_migrations';
const MAY_READ_LOG = `select has_table_privilege(c.oid, 'select') as "mayRead"
  from pg_class c join pg_namespace n on n.oid = c.relnamespace where n.nspname = $1 and c.relname = '${LOG}'`;

async function migrationsOf(client: PostgresClient, schema: string): Promise<DatabaseReport['migrations']> {
  const [log] = await ask<{ mayRead: boolean }>(client, MAY_READ_LOG, [schema]);
  if (log?.mayRead === false) return null;
  const text = `select name from "${schema.replaceAll('"', '""')}".${LOG} order by id`;
  const applied = log ? (await ask<{ name: string }>(client, text, [])).map(({ name }) => name) : [];
  const known = migrations.map(({ name }) => name);
  return {
    applied,
    missing: known.filter((name) => !applied.includes(name)),
    newer: applied.filter((name) => !known.includes(name)),
  };
}

/** The quickest of a few answers says most. */
async function readClock(client: PostgresClient): Promise<Pick<DatabaseReport, 'roundTrip' | 'clockOffset'>> {
  const readings = [];
  for (let i = 0; i < 3; i++) {
    const [wall, steady] = [Date.now(), performance.now()];
    const [row] = await ask<{ ms: string }>(client, CLOCK, []);
    const roundTrip = performance.now() - steady;
    readings.push({ roundTrip, clockOffset: Math.round(wall + roundTrip / 2 - Number(row!.ms)) });
  }
  return readings.reduce((best, each) => (each.roundTrip < best.roundTrip ? each : best));
}

const CLOCK = 'select extract(epoch from clock_timestamp()) * 1000 as ms';

async function ask<Row extends object>(
  client: PostgresClient,
  text: string,
  values: unknown[],
): Promise<Row[]> {
  return (await client.query<Row>(text, values)).rows;
}
