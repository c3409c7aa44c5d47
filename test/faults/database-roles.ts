import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import type { PostgresCluster } from './postgres-cluster.js';
import type { Roles } from './site.js';

const PSQL = '/usr/bin/psql';
const PASSWORDS = { KEYWAY_OWNER_PASSWORD: 'of-the-owner', KEYWAY_SERVICE_PASSWORD: 'of-the-service' };

/** Names that are not those of `deploy/postgres/roles.sql`. */
export interface RoleNames {
  readonly owner?: string;
  readonly schema?: string;
}

/** Lines of `pg_hba.conf` by which both roles need their password. */
export const PASSWORDS_NEEDED = 'host all keyway_owner,keyway_service 127.0.0.1/32 scram-sha-256';

/** Runs `deploy/postgres/roles.sql` in a database as its superuser, who then sees the same schema. */
export async function makeRoles(
  cluster: PostgresCluster,
  database: string,
  { owner = 'keyway_owner', schema = 'keyway', ...names }: RoleNames = {},
): Promise<Roles> {
  if (!existsSync(PSQL)) throw new Error("Install Debian's package postgresql-client for this test.");
  const sets = Object.entries({ ...names, owner, schema }).flatMap(([name, value]) => [
    '--set',
    `${name}=${value}`,
  ]);
  const args = [
    ...sets,
    '--no-psqlrc',
    '--quiet',
    '--file',
    'deploy/postgres/roles.sql',
    cluster.url(database),
  ];
  execFileSync(PSQL, args, { env: { ...process.env, ...PASSWORDS }, stdio: ['ignore', 'ignore', 'pipe'] });
  await cluster.sql(`alter role postgres in database ${database} set search_path = ${schema}`);
  const address = (role: string, password: string): string =>
    cluster.url(database).replace('postgres@', `${role}:${password}@`);
  return {
    owner: address(owner, PASSWORDS.KEYWAY_OWNER_PASSWORD),
    service: address('keyway_service', PASSWORDS.KEYWAY_SERVICE_PASSWORD),
  };
}
