import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { loadConfiguration } from '../../src/config/load-configuration.js';
import { documentsOf } from './manifests.js';
import { unknownSettings, variablesIn } from './settings-of.js';

const FILE = 'deploy/compose.yaml';
const MACHINE = 'deploy/compose.env.example';
const SETTINGS_FILE = 'deploy/keyway.env.example';

interface Service {
  readonly image: string;
  readonly environment?: Readonly<Record<string, string | number>>;
  readonly env_file?: string;
  readonly command?: readonly string[];
  readonly volumes?: readonly string[];
  readonly networks: readonly string[];
  readonly read_only?: boolean;
  readonly cap_drop?: readonly string[];
  readonly cap_add?: readonly string[];
  readonly security_opt?: readonly string[];
  readonly tmpfs?: readonly string[];
  readonly stop_grace_period?: string;
  readonly healthcheck?: { readonly test: readonly string[] };
  readonly depends_on?: readonly string[] | Readonly<Record<string, { readonly condition: string }>>;
}

interface Composition {
  readonly services: Readonly<Record<string, Service>>;
  readonly networks: Readonly<Record<string, object | null>>;
  readonly volumes: Readonly<Record<string, null>>;
}

const { services, networks, volumes } = documentsOf<Composition>(FILE)[0]!;
const ours = ['keyway-1', 'keyway-2', 'migrate'].map((name) => [name, services[name]!] as const);
const replica = services['keyway-1']!;

/** As compose has it: `${NAME}`, `${NAME:-default}` and `${NAME:?what is wrong}`. */
const VARIABLE = /\$\{([A-Z_]+)(?::[-?]([^}]*))?\}/g;
const interpolated = (text: string, values: Record<string, string>): string =>
  text.replace(VARIABLE, (_, name: string, other?: string) => values[name] ?? other ?? '');

describe('the composition', () => {
  it('has two equal replicas, a migration, Caddy and PostgreSQL', () => {
    expect(Object.keys(services).sort()).toEqual(['caddy', 'keyway-1', 'keyway-2', 'migrate', 'postgres']);
    expect(services['keyway-2']).toEqual(replica);
  });

  it('asks for what its example of an environment names, and for nothing else', () => {
    const text = readFileSync(FILE, 'utf8').replace(/^\s*#.*$/gm, '');
    const asked = new Set([...text.matchAll(VARIABLE)].map(([, name]) => name!));
    const named = Object.keys(variablesIn(MACHINE, { commented: true }));
    expect([...asked].sort()).toEqual(named.sort());
    // What has no default is asked for, and is empty in the example.
    const required = [...text.matchAll(VARIABLE)]
      .filter(([whole]) => whole.includes(':?'))
      .map(([, name]) => name!);
    const empty = Object.entries(variablesIn(MACHINE)).flatMap(([name, value]) => (value === '' ? name : []));
    expect([...new Set(required)].sort()).toEqual(empty.sort());
  });

  it('and its example of settings name settings of Keyway alone', () => {
    const names = [
      ...Object.keys(variablesIn(SETTINGS_FILE, { commented: true })),
      ...ours.flatMap(([, { environment = {} }]) => Object.keys(environment)),
    ];
    expect(names.length).toBeGreaterThan(10);
    expect(unknownSettings(names)).toEqual([]);
  });

  it('starts replicas with the example of settings, once it is filled in', () => {
    const filled = {
      PUBLIC_URL: 'https://passkeys.example.com',
      KEYWAY_SECRET: randomBytes(32).toString('base64'),
      APP_ID: 'shop',
      APP_NAME: 'Shop',
      APP_ORIGINS: 'https://www.example.com',
      APP_RP_ID: 'example.com',
      JWT_ISSUER: 'https://login.example.com',
      JWT_AUDIENCE: 'keyway',
    };
    expect(Object.keys(variablesIn(SETTINGS_FILE)).sort()).toEqual(Object.keys(filled).sort());
    const given = Object.entries(replica.environment!).map(([name, value]) => [
      name,
      interpolated(`${value}`, { KEYWAY_SERVICE_PASSWORD: 'a1' }),
    ]);
    const { database, http } = loadConfiguration({
      NODE_ENV: 'production',
      ...filled,
      ...Object.fromEntries(given),
    });
    expect(database).toMatchObject({
      url: expect.stringContaining('keyway_service:a1@postgres:5432/keyway'),
    });
    expect(http).toMatchObject({ port: 3000, host: '0.0.0.0' });
    const incomplete = { ...filled, JWT_ISSUER: '' };
    expect(() =>
      loadConfiguration({ NODE_ENV: 'production', ...incomplete, ...Object.fromEntries(given) }),
    ).toThrow('JWT_ISSUER');
  });

  it('gives the password of each role of the database to whom it is for, and that of the superuser to nobody', () => {
    const holders = (password: string) =>
      Object.entries(services).flatMap(([name, service]) =>
        JSON.stringify(service).includes(`\${${password}`) ? name : [],
      );
    expect(holders('KEYWAY_SERVICE_PASSWORD').sort()).toEqual(['keyway-1', 'keyway-2', 'postgres']);
    expect(holders('KEYWAY_OWNER_PASSWORD').sort()).toEqual(['migrate', 'postgres']);
    expect(holders('POSTGRES_PASSWORD')).toEqual(['postgres']);
    expect(replica.env_file).toBe('keyway.env'); // Not .env, which has all of them.
    for (const [, { networks: of }] of ours) expect(of).toContain('database');
    expect(services.caddy!.networks).toEqual(['proxy']);
  });

  it.each(ours)('runs %s read-only, without capabilities', (_, service) => {
    expect(service).toMatchObject({
      read_only: true,
      tmpfs: ['/tmp'],
      cap_drop: ['ALL'],
      security_opt: ['no-new-privileges:true'],
    });
    expect(service.cap_add).toBeUndefined();
  });

  it('starts replicas after the migration, and gives them the time that they take to stop', () => {
    expect(replica.depends_on).toEqual({ migrate: { condition: 'service_completed_successfully' } });
    const [, limit] = /SHUTDOWN_LIMIT = ([\d_]+);/.exec(readFileSync('src/main.ts', 'utf8'))!;
    const grace = Number(/^(\d+)s$/.exec(replica.stop_grace_period!)![1]);
    expect(grace).toBeGreaterThanOrEqual(Number(limit!.replace('_', '')) / 1_000 + 5);
    expect(replica.healthcheck!.test.join(' ')).toContain('http://127.0.0.1:3000/health/ready');
  });

  it('mounts files and names networks and volumes that are there', () => {
    for (const { volumes: mounts = [], networks: of } of Object.values(services)) {
      for (const mount of mounts) {
        const [source] = mount.split(':') as [string];
        expect(source.startsWith('./') ? existsSync(`deploy/${source}`) : source in volumes).toBe(true);
      }
      for (const network of of) expect(network in networks).toBe(true);
    }
  });

  it('is rolled by a script that names its services, and commits neither passwords nor settings', () => {
    const script = readFileSync('deploy/roll', 'utf8');
    execFileSync('bash', ['-n', 'deploy/roll']);
    const named = [...script.matchAll(/\b(keyway-\d|migrate)\b(?=[;\s]|$)/gm)].map(([name]) => name);
    expect(named.filter((name) => !(name in services))).toEqual([]);
    const ignored = execFileSync('git', ['check-ignore', 'deploy/.env', 'deploy/keyway.env'], {
      encoding: 'utf8',
    });
    expect(ignored.trim().split('\n')).toEqual(['deploy/.env', 'deploy/keyway.env']);
  });
});
