import { randomBytes } from 'node:crypto';
import { type Environment, type KeywayProcess, runCommand, startKeyway } from '../e2e/keyway-process.js';
import { connectTo } from '../e2e/sql-on.js';
import { Balancer, type LoadBalancer } from './balancer.js';
import { anApiKey, aTokenSecret, AUDIENCE, Credentials, ISSUER } from './credentials.js';
import type { PostgresCluster } from './postgres-cluster.js';

let sites = 0;

/** What a test wants to be otherwise. */
export interface SiteOptions {
  readonly replicas: number;
  /** Settings beside those that every replica has. */
  readonly settings?: Environment;
  /** A port to reach the database by, in place of its own. */
  readonly databasePort?: number;
  /** In place of the balancer of the tests; closed with the site. */
  readonly balancer?: LoadBalancer;
  /** Makes roles in the database, in place of the superuser: the addresses by which it is migrated and served. */
  readonly roles?: (database: string) => Promise<Roles>;
}

/** The addresses of one database, by role. */
export interface Roles {
  readonly owner: string;
  readonly service: string;
}

/** The shop's Keyway: replicas behind a balancer, on a database of its own. */
export class Site {
  readonly credentials: Credentials;
  /** Of the replicas that are started from now on. */
  settings: Environment;
  readonly replicas: KeywayProcess[] = [];
  private isOpen = true;

  private constructor(
    readonly cluster: PostgresCluster,
    readonly database: string,
    readonly balancer: LoadBalancer,
    private readonly roles: Roles,
    { settings = {}, databasePort = cluster.port }: SiteOptions,
  ) {
    const secret = aTokenSecret();
    this.credentials = new Credentials(secret, anApiKey());
    this.settings = {
      NODE_ENV: 'production',
      HOST: '127.0.0.1',
      PORT: '0',
      PUBLIC_URL: 'https://passkeys.shop.example',
      TRUST_PROXY: '1',
      // One server asks for all people of the shop, as fast as it can.
      RATE_LIMIT_USER: '1000000',
      RATE_LIMIT_KEY: '1000000',
      DATABASE_URL: roles.service.replace(`:${cluster.port}/`, `:${databasePort}/`),
      KEYWAY_SECRET: aKeywaySecret(),
      APP_ID: 'shop',
      APP_NAME: 'The Shop',
      APP_ORIGINS: 'https://shop.example',
      APP_RP_ID: 'shop.example',
      APP_API_KEY: this.credentials.apiKey,
      JWT_SECRET: secret.text,
      JWT_ISSUER: ISSUER,
      JWT_AUDIENCE: AUDIENCE,
      ...settings,
    };
  }

  static async open(cluster: PostgresCluster, options: SiteOptions): Promise<Site> {
    const database = `site_${++sites}`;
    await cluster.sql(`create database ${database}`);
    const url = cluster.url(database);
    const roles = (await options.roles?.(database)) ?? { owner: url, service: url };
    const site = new Site(cluster, database, options.balancer ?? (await Balancer.start()), roles, options);
    try {
      await site.migrate();
      await Promise.all(Array.from({ length: options.replicas }, () => site.add()));
    } catch (error) {
      await site.close();
      throw error;
    }
    return site;
  }

  /** Runs a command of Keyway's on the site's database, by the role that serves; gives what it printed. */
  command(...args: string[]): Promise<string> {
    return commandOn(this.roles.service, args);
  }

  async migrate(): Promise<void> {
    await commandOn(this.roles.owner, ['migrate']);
  }

  /** Starts one more replica; answers once it is ready. */
  async add(): Promise<KeywayProcess> {
    const replica = await startKeyway(this.settings);
    this.replicas.push(replica);
    await this.balancer.add(replica.url);
    return replica;
  }

  /** Tells a replica to stop, and waits for its end. Throws if that was not a good one. */
  async stop(replica: KeywayProcess): Promise<void> {
    replica.signal('SIGTERM');
    const { code, stderr } = await replica.ending;
    this.forget(replica);
    if (code !== 0) throw new Error(`A replica ended with ${code}: ${stderr}`);
  }

  async kill(replica: KeywayProcess): Promise<void> {
    replica.signal('SIGKILL');
    await replica.ending;
    this.forget(replica);
  }

  /** Replaces each replica by one of the present settings, one after another: first the new one, as deployments do. */
  async roll(): Promise<void> {
    const leaving: Promise<void>[] = [];
    for (const replica of [...this.replicas]) {
      await this.add();
      leaving.push(this.stop(replica));
    }
    await Promise.all(leaving);
  }

  /** The same settings for all from now on, but for these. */
  async rollTo(changes: Environment): Promise<void> {
    this.settings = { ...this.settings, ...changes };
    await this.roll();
  }

  /** Locks what the statement says, on a connection of its own, until the function is called. */
  async hold(statement: string): Promise<() => Promise<void>> {
    const client = await connectTo(this.cluster.url(this.database));
    await client.query('begin');
    await client.query(statement);
    return () => client.end();
  }

  /** Waits until no statement of a replica is under way. */
  async settle(): Promise<void> {
    const busy = `select from pg_stat_activity where datname = '${this.database}' and application_name = 'keyway'
      and state <> 'idle'`;
    for (const until = Date.now() + 30_000; (await this.cluster.sql(busy)).length > 0;) {
      if (Date.now() > until) throw new Error('A statement of a replica does not end.');
    }
  }

  async close(): Promise<void> {
    if (!this.isOpen) return;
    this.isOpen = false;
    await this.balancer.close();
    await Promise.all(this.replicas.map((replica) => this.kill(replica)));
    await this.cluster.sql(`drop database ${this.database} with (force)`);
  }

  private forget(replica: KeywayProcess): void {
    this.replicas.splice(this.replicas.indexOf(replica), 1);
    this.balancer.remove(replica.url);
  }
}

async function commandOn(database: string, args: string[]): Promise<string> {
  const { code, output } = await runCommand(args, { DATABASE_URL: database });
  if (code !== 0) throw new Error(`keyway ${args.join(' ')}:\n${output}`);
  return output;
}

export const aKeywaySecret = (): string => randomBytes(32).toString('base64');
