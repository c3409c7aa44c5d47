import { createHash, randomBytes } from 'node:crypto';
import type { InjectOptions } from 'fastify';
import { TEST, type TestApp } from './build-app.js';
import { type HttpAnswer, send } from './http-answer.js';
import { sql } from './tables.js';
import { Tenant } from './tenant.js';

/** A device as the protocol gives it. */
export interface DeviceJson {
  readonly id: string;
  readonly cred_id: string;
  readonly friendly_name: string;
  readonly created_at: string;
  readonly updated_at: string;
  readonly last_login_at: string;
  readonly usage_count: number;
}

/** A user as the protocol gives it, in a list and alone. */
export interface UserJson {
  readonly id: string;
  readonly external_id: string;
  readonly status: string;
  readonly created_at: string;
  readonly updated_at: string;
  readonly last_login_at: string;
  readonly login_count: number;
  readonly signal_user_handles: readonly string[];
}

export interface UserListJson {
  readonly _links: Readonly<Record<'first' | 'last' | 'next' | 'previous' | 'self', { href: string }>>;
  readonly created_before: number;
  readonly limit: number;
  readonly page: number;
  readonly total_users: number;
  readonly users: readonly UserJson[];
}

/** Every scope. */
const ALL_SCOPES = `'{identity,events,erase,webhooks}'`;

/** Gives the app one more API key, which may do everything; `columns` are SQL expressions such as `expires_at: 'now()'`. */
export async function anApiKey(
  app: Pick<TestApp, 'database'>,
  appId: string,
  columns: Readonly<Record<string, string>> = {},
): Promise<string> {
  const id = randomBytes(6).toString('hex');
  const secret = randomBytes(32).toString('base64url');
  const given = { scopes: ALL_SCOPES, ...columns };
  const names = ['id', 'app_id', 'secret_hash', 'source', ...Object.keys(given)].join();
  const values = ['$1', '$2', '$3', `'operator'`, ...Object.values(given)].join();
  const hash = createHash('sha256').update(secret).digest();
  await sql(app, `insert into api_keys (${names}) values (${values})`, id, appId, hash);
  return `kw_${id}_${secret}`;
}

/** The server of an application: it holds an API key and calls the protocol's management side. */
export class AppServer {
  private constructor(
    readonly app: TestApp,
    readonly tenant: Tenant,
    readonly key: string,
  ) {}

  /** The server of a new app. */
  static async create(app: TestApp, columns: Record<string, unknown> = {}): Promise<AppServer> {
    const tenant = await Tenant.create(app, columns);
    return new AppServer(app, tenant, await anApiKey(app, tenant.id));
  }

  /** The server of the service's own app. */
  static async own(app: TestApp): Promise<AppServer> {
    return new AppServer(app, Tenant.own(app), await anApiKey(app, TEST.appId));
  }

  /** The same server, as it calls another process of the service. */
  on(app: TestApp): AppServer {
    return new AppServer(app, this.tenant, this.key);
  }

  /** @param path what follows the app in the URL. */
  call(
    method: NonNullable<InjectOptions['method']>,
    path: string,
    payload?: InjectOptions['payload'],
  ): Promise<HttpAnswer> {
    return this.ask({ method, url: `/v1/apps/${this.tenant.id}${path}`, ...(payload && { payload }) });
  }

  /** A whole request of the test's own, with this server's key. */
  ask(request: InjectOptions): Promise<HttpAnswer> {
    const headers = { authorization: `Bearer ${this.key}`, ...request.headers };
    return send(this.app, { ...request, headers });
  }

  async list(query = ''): Promise<UserListJson> {
    return (await this.call('GET', `/users${query}`)).expect();
  }

  /** The user of an external ID, looked up as the SDK does. */
  async find(externalId: string): Promise<UserJson> {
    const { users } = await this.list(`?identifier=${encodeURIComponent(externalId)}`);
    return users[0]!;
  }

  async user<T = UserJson>(externalId: string): Promise<T> {
    const path = `/external-users/${encodeURIComponent(externalId)}`;
    return (await this.call('GET', path)).expect<{ user: T }>().user;
  }

  async devices(externalId: string): Promise<readonly DeviceJson[]> {
    const path = `/external-users/${encodeURIComponent(externalId)}/devices`;
    return (await this.call('GET', path)).expect<{ devices: DeviceJson[] }>().devices;
  }

  /** A register transaction, as the protocol's own call gives it. */
  async registerTransaction(externalId: string, displayName = 'Ada'): Promise<string> {
    const body = { external_id: externalId, passkey_display_name: displayName };
    const answer = await this.call('POST', '/transactions/register', body);
    return answer.expect<{ transaction_id: string }>(201).transaction_id;
  }

  /** The server asks for an automatic upgrade. */
  conditionalTransaction(externalId: string): Promise<HttpAnswer> {
    const body = { external_id: externalId, passkey_display_name: externalId, conditional: true };
    return this.call('POST', '/transactions/register', body);
  }

  async authenticateTransaction(externalId: string): Promise<string> {
    const answer = await this.call('POST', '/transactions/authenticate', { external_id: externalId });
    return answer.expect<{ transaction_id: string }>(201).transaction_id;
  }

  verify(nonce: string): Promise<HttpAnswer> {
    return this.call('POST', '/authenticate/verify', { nonce });
  }

  /** The server makes a new key its own. */
  async withKey(columns: Readonly<Record<string, string>>): Promise<AppServer> {
    return new AppServer(this.app, this.tenant, await anApiKey(this.app, this.tenant.id, columns));
  }

  /** The server of somebody who shows whatever they like as a key. */
  withText(key: string): AppServer {
    return new AppServer(this.app, this.tenant, key);
  }
}
