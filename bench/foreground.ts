import { Client } from 'pg';
import { setTimeout as pause } from 'node:timers/promises';
import { FIXTURE } from './fixture.ts';

const CONNECTIONS = 4;
const PAUSE = 20; // ms, so that the machine is not busy with it
const USERS = 1_000;

/** Lists of passkeys and sign-ins, by statements as Keyway has them, while something else happens to the database. */
export class Foreground {
  private isRunning = true;
  private count = 0;
  private longest = 0;
  private failures = new Set<string>();
  private readonly ends: Promise<void>[];

  private readonly clients: readonly Client[];
  private readonly users: readonly { user: string; device: string }[];

  private constructor(clients: readonly Client[], users: readonly { user: string; device: string }[]) {
    this.clients = clients;
    this.users = users;
    this.ends = clients.map((client, index) => this.work(client, index));
  }

  static async start(url: string): Promise<Foreground> {
    const clients = Array.from({ length: CONNECTIONS }, () => new Client({ connectionString: url }));
    for (const client of clients) {
      await client.connect();
      // As the service has it.
      await client.query('set lock_timeout = 2000; set statement_timeout = 10000');
    }
    const { rows } = await clients[0]!.query<{ user: string; device: string }>(SOME, [USERS]);
    return new Foreground(clients, rows);
  }

  /** Until every connection has prepared its statements. */
  async settle(): Promise<void> {
    while (this.count < 50 * CONNECTIONS) await pause(PAUSE);
  }

  /** What happened since it was asked last: how many statements, the longest of them in ms, and what failed. */
  lap(): { count: number; longest: number; failures: string[] } {
    const { count, longest, failures } = this;
    this.count = 0;
    this.longest = 0;
    this.failures = new Set();
    return { count, longest, failures: [...failures] };
  }

  async stop(): Promise<void> {
    this.isRunning = false;
    await Promise.all(this.ends);
    for (const client of this.clients) await client.end();
  }

  private async work(client: Client, turn: number): Promise<void> {
    for (let round = turn; this.isRunning; round += CONNECTIONS) {
      const { user, device } = this.users[round % this.users.length]!;
      await this.measure(() => client.query({ name: 'list', text: LIST, values: [FIXTURE.appId, user] }));
      for (const [name, text] of Object.entries(SIGN_IN)) {
        await this.measure(() =>
          client.query({ name, text, values: [FIXTURE.appId, user, device].slice(0, arity(text)) }),
        );
      }
      await pause(PAUSE);
    }
  }

  private async measure(statement: () => Promise<unknown>): Promise<void> {
    const begun = performance.now();
    try {
      await statement();
    } catch (error) {
      this.failures.add((error as Error).message);
    }
    this.count++;
    this.longest = Math.max(this.longest, performance.now() - begun);
  }
}

const arity = (text: string): number => new Set(text.match(/\$\d/g)).size;

const SOME = `
  select user_id as user, min(id) as device from devices tablesample system (1) group by user_id limit $1`;

const LIST = `
  select d.id, d.credential_id, d.friendly_name, d.usage_count, d.last_login_at, d.created_at from devices d
  join flex_users u on u.app_id = d.app_id and u.id = d.user_id
  join users i on i.passage_external_id = u.external_id
  where d.app_id = $1 and d.user_id = $2 order by d.created_at`;

const SIGN_IN = {
  user: 'update flex_users set login_count = login_count + 1, last_login_at = now() where app_id = $1 and id = $2',
  device: `update devices set usage_count = usage_count + 1, last_login_at = now()
    where app_id = $1 and user_id = $2 and id = $3`,
  nonce: `insert into nonces (hash, app_id, user_id, device_id, kind, expires_at)
    values (sha256(gen_random_uuid()::text::bytea), $1, $2, $3, 'authenticate', now() + interval '5 minutes')`,
  trail: `insert into audit_events (id, type, app_id, user_id, device_id)
    values (gen_random_uuid(), 'authenticated', $1, $2, $3)`,
} as const;
