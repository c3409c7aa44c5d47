import { EventEmitter } from 'node:events';
import { setTimeout as pause } from 'node:timers/promises';
import { Client, type ClientBase, type ClientConfig } from 'pg';
import { databaseOutage } from './database-outage.js';
import type { PostgresServers } from './postgres-servers.js';
import { SQL_STATE, sqlStateOf } from './sql-state.js';

/** For which one server of several is waited, unless less is left; ms. */
const PATIENCE_FOR_ONE = 2_000;
/** Between two logins that are refused; ms. */
const PAUSE = 500;

/** What a server is asked: what it reports by itself may be of another one, where PgBouncer stands in front. */
const STATE = {
  text: `select pg_is_in_recovery() as "isStandby", current_setting('default_transaction_read_only') = 'on' as "isReadOnly"`,
  query_timeout: PATIENCE_FOR_ONE,
};
/** What it reports whenever it changes, as PostgreSQL names it. */
const READS_ONLY: readonly string[] = ['in_hot_standby', 'default_transaction_read_only'];

type Callback = (error?: Error | null, client?: PostgresClient) => void;

/** What pg's types leave out. */
interface Internals {
  readonly connection: EventEmitter;
  readonly host: string;
  readonly port: number;
  readonly ssl: unknown;
  readonly processID: number | null;
  readonly secretKey: number | null;
  readonly _queryable: boolean;
  readonly _ending: boolean;
  ref(): void;
  unref(): void;
}

/**
 * A connection to whichever of several servers is the right one, with pg's interface of a client, also that of its pool.
 * While a login is refused and is from a file, it is read again, and tried for as long as a connection is waited for.
 */
export class PostgresClient extends EventEmitter {
  private client: (Client & Internals) | undefined;
  private isEnding = false;
  private hasTurnedReadOnly = false;

  /** @param config for each server, without its address; of `connectionTimeoutMillis` it takes as long for all of them. */
  constructor(
    private readonly servers: PostgresServers,
    private readonly config: ClientConfig,
  ) {
    super();
  }

  /** The class of clients of these servers, for pg's pool. */
  static of(servers: PostgresServers): new () => ClientBase {
    const bound = class extends PostgresClient {
      constructor(config: ClientConfig) {
        super(servers, config);
      }
    };
    return bound as unknown as new () => ClientBase;
  }

  connect(): Promise<void>;
  connect(callback: Callback): void;
  connect(callback?: Callback): Promise<void> | undefined {
    const connected = this.find();
    if (!callback) return connected;
    connected.then(
      () => callback(null, this),
      (error: Error) => callback(error),
    );
    return undefined;
  }

  readonly query: Client['query'] = ((...args: Parameters<Client['query']>) =>
    this.client!.query(...args)) as Client['query'];

  end(): Promise<void>;
  end(callback: () => void): void;
  end(callback?: () => void): Promise<void> | undefined {
    this.isEnding = true;
    const ended = this.client?.end() ?? Promise.resolve();
    if (!callback) return ended;
    void ended.then(callback, callback);
    return undefined;
  }

  ref(): void {
    this.client?.ref();
  }

  unref(): void {
    this.client?.unref();
  }

  get connection(): unknown {
    return this.client?.connection;
  }

  get host(): string {
    return this.client!.host;
  }

  get port(): number {
    return this.client!.port;
  }

  get ssl(): unknown {
    return this.client!.ssl;
  }

  get processID(): number | null {
    return this.client?.processID ?? null;
  }

  get secretKey(): number | null {
    return this.client?.secretKey ?? null;
  }

  /** Asked by the pool when it is given back: a server that does not write any more is left. */
  get _queryable(): boolean {
    return this.client!._queryable && !this.hasTurnedReadOnly;
  }

  get _ending(): boolean {
    return this.client!._ending;
  }

  private async find(): Promise<void> {
    const deadline = performance.now() + (this.config.connectionTimeoutMillis ?? Infinity);
    for (;;) {
      const { login } = this.servers;
      try {
        return await this.tryEach(deadline);
      } catch (error) {
        if (!isLoginRefused(error) || !this.servers.canReadLogin || this.isEnding) throw error;
        this.servers.readLogin();
        if (this.servers.login !== login) continue;
        if (performance.now() + PAUSE > deadline) throw error;
        await pause(PAUSE);
      }
    }
  }

  /** Connects to the first of the servers that answers and is the right one. */
  private async tryEach(deadline: number): Promise<void> {
    const servers = this.servers.inOrder;
    const errors: Error[] = [];
    for (const server of servers) {
      const left = deadline - performance.now();
      if (left <= 0 || this.isEnding) break;
      try {
        await this.tryOne(server, servers.length === 1 ? left : Math.min(left, PATIENCE_FOR_ONE));
        this.servers.prefer(server);
        return;
      } catch (error) {
        if (isLoginRefused(error)) throw error;
        errors.push(error as Error);
      }
    }
    throw failureOf(errors);
  }

  private async tryOne(server: URL, patience: number): Promise<void> {
    const client = new Client({
      ...this.config,
      connectionString: this.servers.addressOf(server),
      ...(patience < Infinity && { connectionTimeoutMillis: Math.ceil(patience) }),
    }) as Client & Internals;
    this.client = client;
    let isChosen = false;
    client.connection.on('parameterStatus', ({ parameterName, parameterValue }: Report) => {
      this.hasTurnedReadOnly ||= isChosen && READS_ONLY.includes(parameterName) && parameterValue === 'on';
    });
    // What goes wrong also rejects the call under way.
    client.on('error', (error) => isChosen && this.emit('error', error));
    client.on('end', () => isChosen && this.emit('end'));
    try {
      await client.connect();
      if (!(await this.isWanted(client)))
        throw Object.assign(new Error('the server only reads'), { code: SQL_STATE.readOnlyTransaction });
      isChosen = true;
    } catch (error) {
      client.end().catch(() => undefined);
      throw error;
    }
  }

  private async isWanted(client: Client): Promise<boolean> {
    const { wanted } = this.servers;
    if (wanted === 'any') return true;
    const { rows } = await client.query<{ isStandby: boolean; isReadOnly: boolean }>(STATE);
    const { isStandby, isReadOnly } = rows[0]!;
    return !isStandby && !(isReadOnly && wanted === 'read-write');
  }
}

interface Report {
  readonly parameterName: string;
  readonly parameterValue: string;
}

/** Of class 28: a wrong password, or nothing in `pg_hba.conf` that lets the user in. */
export const isLoginRefused = (error: unknown): boolean => sqlStateOf(error)?.startsWith('28') === true;

/** What to say of servers that each failed: first of all that one answered, and only reads. */
function failureOf(errors: readonly Error[]): Error {
  if (errors.length <= 1) return errors[0] ?? new Error('timeout expired');
  const cause = errors.find((it) => databaseOutage(it)?.reason === 'read_only') ?? errors.at(-1)!;
  return new Error(errors.map(({ message }) => message).join('; '), { cause });
}
