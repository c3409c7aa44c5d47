import type { MikroORM } from '@mikro-orm/core';
import type { Migration } from '@mikro-orm/migrations';
import type { AbstractSqlDriver, SqlEntityManager } from '@mikro-orm/sql';
import { whileAlone } from './migration-lock.js';
import { MigrationSession, type Patience, type Say } from './migration-session.js';
import { migrations as ours } from './migrations.js';
import { OnlineMigration } from './online-migration.js';
import { SQL_STATE, sqlStateOf } from './sql-state.js';

/** What to do about a schema that lacks migrations; said by the service and by the command line. */
export const SCHEMA_BEHIND =
  'The database schema is not up to date: run `npm run migrate` (in the image: `keyway migrate`) first.';

/** What a start warns of where a newer version has applied these migrations. */
export const schemaIsNewer = (names: readonly string[]): string =>
  `The database schema is newer than this version: ${names.join(', ')}. Run the newer version, unless this one is being ` +
  'replaced, or CHANGELOG.md says that both run side by side.';

/** A migration and the name under which the database knows it. */
export interface NamedMigration {
  readonly name: string;
  readonly class: new (driver: AbstractSqlDriver, config: MikroORM['config']) => Migration;
}

/** How migrations are applied. */
export interface MigrateOptions {
  /** Is told what is waited for, and how far long ones have come. */
  readonly say?: Say | undefined;
  /** For tests, which have less of it. */
  readonly patience?: Patience | undefined;
  /** Those to apply, oldest first. */
  readonly migrations?: readonly NamedMigration[];
}

/**
 * Applies the missing migrations and answers with their names; any number of replicas may do so at once. Those which were
 * applied stay if a later one fails. Needs two connections. Throws an Error that says what to grant if the database user may
 * make no tables, or what is in the way of a lock.
 */
export async function migrate(
  orm: MikroORM,
  { say, patience, migrations = ours }: MigrateOptions = {},
): Promise<string[]> {
  const driver = orm.driver as AbstractSqlDriver;
  try {
    return await MigrationSession.with(driver, { say, patience }, (session) =>
      whileAlone(session, async () => {
        const pending = await pendingOf(orm, migrations);
        for (const { name, class: Class } of pending) {
          await apply(session, name, new Class(driver, orm.config));
        }
        return pending.map(({ name }) => name);
      }),
    );
  } catch (error) {
    throw sqlStateOf(error) === SQL_STATE.insufficientPrivilege ? await grantSentence(orm, error) : error;
  }
}

const LOG = 'insert into mikro_orm_migrations (name) values ($1)';

async function apply(session: MigrationSession, name: string, migration: Migration): Promise<void> {
  if (migration instanceof OnlineMigration) {
    await migration.run(session);
    await session.query(LOG, [name]);
    return;
  }
  await migration.up();
  const statements = migration.getQueries() as string[];
  await session.transaction(name, async (query) => {
    for (const statement of statements) await query(statement);
    await query(LOG, [name]);
  });
}

/** The names of the migrations that the schema lacks; changes nothing but to make the migrator's own table. */
export async function pendingMigrations(orm: MikroORM): Promise<string[]> {
  return (await pendingOf(orm, ours)).map(({ name }) => name);
}

async function pendingOf(orm: MikroORM, of: readonly NamedMigration[]): Promise<NamedMigration[]> {
  const executed = new Set((await orm.migrator.getExecuted()).map(({ name }) => name));
  return of.filter(({ name }) => !executed.has(name));
}

/** The names of migrations that the schema has and this version does not know: a newer version has applied them. */
export async function newerMigrations(orm: MikroORM): Promise<string[]> {
  const known = new Set(ours.map(({ name }) => name));
  return (await orm.migrator.getExecuted()).map(({ name }) => name).filter((name) => !known.has(name));
}

/** A migration that the schema lacks, and what it will run. */
export interface PlannedMigration {
  readonly name: string;
  /** In one transaction; outside one, beside what requests write; or a few thousand rows at a time. */
  readonly kind: 'transactional' | OnlineMigration['kind'];
  readonly statements: readonly string[];
}

/** What applying the missing migrations will run; nothing of it is run. */
export async function plannedMigrations(orm: MikroORM): Promise<PlannedMigration[]> {
  return (await pendingOf(orm, ours)).map(({ name, class: Class }) => {
    const migration = new Class(orm.driver as AbstractSqlDriver, orm.config);
    return { name, kind: kindOf(migration), statements: statementsOf(migration).map(dedent) };
  });
}

const kindOf = (migration: Migration): PlannedMigration['kind'] =>
  migration instanceof OnlineMigration ? migration.kind : 'transactional';

function statementsOf(migration: Migration): readonly string[] {
  if (migration instanceof OnlineMigration) return migration.statements();
  void migration.up();
  return migration.getQueries() as string[];
}

/** A statement without the indentation of the file that it stands in. */
function dedent(statement: string): string {
  const lines = statement.trim().split('\n');
  const indents = lines.slice(1).flatMap((line) => (line.trim() === '' ? [] : line.search(/\S/)));
  const indent = Math.min(...indents, Infinity);
  return lines.map((line, index) => (index === 0 ? line : line.slice(indent))).join('\n');
}

async function grantSentence(orm: MikroORM, cause: unknown): Promise<Error> {
  const em = orm.em.fork() as unknown as SqlEntityManager;
  const facts = 'select current_user as "user", current_schema() as schema';
  const [row] = await em.execute<{ user: string; schema: string }[]>(facts);
  const { user, schema } = row!;
  return new Error(
    `The database user ${user} may not make tables in the schema ${schema}: ` +
      `run "grant create on schema ${schema} to ${user}" as its owner, or give the user a schema of its own ` +
      `("create schema keyway authorization ${user}") and a search_path that names it ` +
      `("alter role ${user} set search_path = keyway").`,
    { cause },
  );
}
