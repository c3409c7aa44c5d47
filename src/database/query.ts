import {
  type Compilable,
  DummyDriver,
  type Insertable,
  Kysely,
  PostgresAdapter,
  PostgresIntrospector,
  PostgresQueryCompiler,
  type RawBuilder,
  sql,
} from 'kysely';
import type { CompiledQuery } from './connections.js';
import type { Tables } from './entities.js';

/** Builds typed SQL over the tables of {@link Tables}, named with their schema. It runs nothing. */
export type SqlBuilder = Kysely<Tables>;

/** Stands for a value that is given when the query runs. */
class Placeholder {
  constructor(readonly name: string) {}
}

// What a builder is given in place of the values: each member is a placeholder that has its name.
const PLACEHOLDERS: object = new Proxy({}, { get: (_target, name) => new Placeholder(String(name)) });

/**
 * A statement with a name, written once with typed Kysely: `build` gets placeholders (`$.appId`) in place of the values
 * that each run gives. It is compiled once for each database, and prepared once on each connection.
 */
export class Query<Values extends object, Row> {
  /** @param name unique in the service; says which repository it is from (`devices.list`). */
  constructor(
    readonly name: string,
    private readonly build: (db: SqlBuilder, $: Values) => Compilable<Row>,
  ) {}

  /** The query as text for one schema, to be filled with the values of a run. */
  prepare(db: SqlBuilder): (values: Values) => CompiledQuery {
    const { name } = this;
    const { sql, parameters } = this.build(db, PLACEHOLDERS as Values).compile();
    // The name is seen where the database tells of its statements, as in pg_stat_activity and in its log.
    const text = `/* ${name} */ ${sql}`;
    return (values) => ({
      name,
      text,
      values: parameters.map((it) => (it instanceof Placeholder ? values[it.name as keyof Values] : it)),
    });
  }
}

/** Writes a {@link Query}: `query('devices.list', (db, $: { appId: string }) => db.selectFrom('devices')…)`. */
export const query = <Values extends object, Row>(
  name: string,
  build: (db: SqlBuilder, $: Values) => Compilable<Row>,
): Query<Values, Row> => new Query(name, build);

/** Values with their type said, where PostgreSQL cannot tell it from their place: in the list of a SELECT. */
export const typed = {
  bytea: (value: Buffer) => sql<Buffer>`${value}::bytea`,
  text: <T extends string | null>(value: T) => sql<T>`${value}::text`,
  textArray: (value: string[]) => sql<string[]>`${value}::text[]`,
  integer: (value: number) => sql<number>`${value}::integer`,
  bigint: (value: number) => sql<number>`${value}::bigint`,
  boolean: (value: boolean) => sql<boolean>`${value}::boolean`,
  /** So many seconds from now, by the database's clock. */
  secondsFromNow: (value: number) => sql<Date>`now() + make_interval(secs => ${value}::float8)`,
};

/** The values of a new row, each as an expression under the name of its column. */
export type RowExpressions<Table extends keyof Tables> = {
  [Column in keyof Insertable<Tables[Table]>]: RawBuilder<Insertable<Tables[Table]>[Column]>;
};

/** `columns` and `selection` of an `insert … select`, in one order, from values that are written under their columns. */
export const insertion = <Table extends keyof Tables>(_table: Table, values: RowExpressions<Table>) => ({
  columns: Object.keys(values) as (keyof RowExpressions<Table> & keyof Tables[Table] & string)[],
  selection: Object.entries<RawBuilder<unknown>>(values).map(([column, value]) => value.as(column)),
});

/** The queries of one database, each compiled when it first runs. */
export class PreparedQueries {
  readonly builder: SqlBuilder;
  private readonly fillers = new Map<unknown, (values: never) => CompiledQuery>();

  /** @param schema names the schema in which all tables are, in every query. */
  constructor(schema: string) {
    this.builder = new Kysely<Tables>({
      dialect: {
        createAdapter: () => new PostgresAdapter(),
        createDriver: () => new DummyDriver(),
        createIntrospector: (db) => new PostgresIntrospector(db),
        createQueryCompiler: () => new PostgresQueryCompiler(),
      },
    }).withSchema(schema);
  }

  /** The query with the values of one run. */
  fill<Values extends object>(query: Query<Values, unknown>, values: Values): CompiledQuery {
    let fill = this.fillers.get(query) as ((values: Values) => CompiledQuery) | undefined;
    if (!fill) {
      fill = query.prepare(this.builder);
      this.fillers.set(query, fill);
    }
    return fill(values);
  }
}
