import type { PostgresSettings } from '../config/configuration.js';
import { type DatabaseReport, reportOn } from '../database/database-report.js';
import { SCHEMA_BEHIND, schemaIsNewer } from '../database/migrate.js';
import { type Finding, findingsOf } from './finding.js';

const OLDEST = 150_000;
/** Major versions that Keyway is tested with. */
const TESTED = { oldest: 15, newest: 18 };
/** Milliseconds. */
const UNEVEN = 5_000;
const TOO_UNEVEN = 30_000;
const SLOW = 50;
/** Connections that a replica needs beside its pool, and that commands need beside the replicas. */
const PROBE = 1;
const COMMANDS = 2;

const database = findingsOf('database');

/** What the database is like, and what of it has to be changed; the report is null if it cannot be used. */
export async function checkDatabase(
  settings: PostgresSettings,
): Promise<{ findings: Finding[]; report: DatabaseReport | null }> {
  try {
    const report = await reportOn(settings);
    return { findings: judge(report, settings), report };
  } catch (error) {
    return { findings: [database.fail((error as Error).message)], report: null };
  }
}

/** Judges a report by itself. */
export function judge(report: DatabaseReport, { poolMax }: Pick<PostgresSettings, 'poolMax'>): Finding[] {
  return [
    reached(report),
    versionOf(report),
    rights(report),
    limits(report),
    connections(report, poolMax),
    pooler(report),
    schema(report),
    clock(report),
  ];
}

function reached({ place, roundTrip, isReadOnly, timeZone, schema }: DatabaseReport): Finding {
  if (isReadOnly) {
    return database.fail(
      `The database ${place} only reads, as after a failover, and the service waits for one that writes: set DATABASE_URL ` +
        'to an address that has the primary among its hosts, or end default_transaction_read_only.',
    );
  }
  const time = `${roundTrip.toFixed(1)} ms`;
  if (roundTrip > SLOW) {
    return database.warn(`The database ${place} answers in ${time}: put the replicas near it.`);
  }
  return database.ok(
    `The database ${place} answers in ${time}, in UTF-8, schema ${schema}, time zone ${timeZone} (any will do).`,
  );
}

function versionOf({ version, versionNumber }: DatabaseReport): Finding {
  const { ok, warn, fail } = findingsOf('database-version');
  const { oldest, newest } = TESTED;
  if (versionNumber < OLDEST)
    return fail(`PostgreSQL ${version} is too old: upgrade it to ${oldest} or later.`);
  if (versionNumber >= (newest + 1) * 10_000) {
    return warn(
      `PostgreSQL ${version} is newer than ${newest}, the newest that this version is tested with.`,
    );
  }
  return ok(`PostgreSQL ${version}.`);
}

function rights({ user, schema, isSuperuser, mayMigrate, forbidden }: DatabaseReport): Finding {
  const { ok, warn, fail } = findingsOf('database-rights');
  if (forbidden.length > 0) {
    return fail(
      `The role ${user} may not read and write ${forbidden.join(', ')}: run "grant select, insert, update, delete on all ` +
        `tables in schema ${schema} to ${user}" as their owner.`,
    );
  }
  if (isSuperuser) {
    return warn(
      `The role ${user} is a superuser: give Keyway a role of its own, as docs/database.md has it.`,
    );
  }
  return ok(
    mayMigrate
      ? `The role ${user} may serve and migrate.`
      : `The role ${user} may serve, and not migrate: run keyway migrate as the owner of the tables.`,
  );
}

function limits({ boundsWarning }: DatabaseReport): Finding {
  const { ok, warn } = findingsOf('database-limits');
  if (boundsWarning !== undefined) return warn(`${boundsWarning}.`);
  return ok('Sessions keep the limits of time that Keyway sets.');
}

function connections({ connections: { most, open } }: DatabaseReport, poolMax: number): Finding {
  const { ok, warn, fail } = findingsOf('database-connections');
  const needed = poolMax + PROBE;
  const found = `The server allows ${most} connections, of which ${open} are open, and a replica needs ${needed}`;
  if (most < needed + COMMANDS) return fail(`${found}: raise max_connections, or lower DATABASE_POOL_MAX.`);
  if (most - open < needed + COMMANDS) {
    return warn(
      `${found}: another replica, as a rolling restart starts one, may get none. Raise max_connections, or lower ` +
        'DATABASE_POOL_MAX (docs/sizing.md).',
    );
  }
  return ok(`${found}.`);
}

function pooler({ pooler: kind }: DatabaseReport): Finding {
  const { ok } = findingsOf('database-pooler');
  if (kind === 'none') return ok('No pooler stands in front of the server.');
  return ok(`A pooler stands in front of the server, in ${kind} mode, and tells prepared statements apart.`);
}

function schema({ migrations, schema: name, user }: DatabaseReport): Finding {
  const { ok, warn, fail } = findingsOf('schema');
  if (migrations === null) {
    return fail(
      `The role ${user} may not read which migrations were applied: run "grant select on ${name}.mikro_orm_migrations to ${user}".`,
    );
  }
  const { applied, missing, newer } = migrations;
  if (missing.length > 0) return fail(`${SCHEMA_BEHIND} It lacks ${missing.join(', ')}.`);
  if (newer.length > 0) return warn(schemaIsNewer(newer));
  return ok(`The schema is that of this version, up to ${applied.at(-1)}.`);
}

function clock({ clockOffset }: DatabaseReport): Finding {
  const { ok, warn, fail } = findingsOf('clock');
  const off = Math.abs(clockOffset);
  const seconds = (off / 1000).toFixed(1);
  const says = `This machine's clock is ${seconds} s ${clockOffset > 0 ? 'ahead of' : 'behind'} the database's`;
  if (off > TOO_UNEVEN) return fail(`${says}: set both by NTP, or users' tokens are refused.`);
  if (off > UNEVEN) return warn(`${says}: set both by NTP.`);
  return ok(`This machine's clock and the database's agree to within ${seconds} s.`);
}
