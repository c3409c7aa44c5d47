import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { assertNodeVersion, ConfigurationError, Environment, loadEnvFile } from './environment.js';
import { ignoredNames, loadDatabaseSettings } from './load-configuration.js';
import { MetadataVariables } from './passage-settings.js';
import { foreignNames, misspeltNames } from './setting-names.js';
import { TokenVariables } from './token-settings.js';
import { readVariables } from './variables.js';

const SECRET_SETTINGS = [
  'DATABASE_URL',
  'KEYWAY_SECRET',
  'APP_API_KEY',
  'JWT_PUBLIC_KEY',
  'JWT_SECRET',
  'PASSAGE_API_KEY',
  'REDIS_URL',
];

let directory: string;
beforeAll(() => (directory = mkdtempSync(join(tmpdir(), 'keyway-config-'))));
afterAll(() => rmSync(directory, { recursive: true }));

const file = (name: string, content: string | Buffer) => {
  const path = join(directory, name);
  writeFileSync(path, content);
  return path;
};
const readSecret = (variables: NodeJS.ProcessEnv) => {
  const env = new Environment(variables);
  const problem = env.fileProblem('JWT_SECRET');
  return { text: env.secret('JWT_SECRET'), problems: problem === undefined ? [] : [problem] };
};
const refuses = (path: string, why: RegExp) => {
  const { text, problems } = readSecret({ JWT_SECRET_FILE: path });
  expect(text).toBeUndefined();
  expect(problems).toEqual([expect.stringMatching(why)]);
  expect(problems[0]).toContain(`Set JWT_SECRET_FILE to a readable file: the file ${path} `);
};

describe('a secret', () => {
  it.each(SECRET_SETTINGS)('%s may be in a file, without the newline at the end of that file', (name) => {
    for (const ending of ['', '\n', '\r\n']) {
      const env = new Environment({ [`${name}_FILE`]: file('secret', ` a b ${ending}`) });
      expect([env.secret(name), env.fileProblem(name)]).toEqual([' a b ', undefined]);
    }
  });

  it('counts as unset when the variable or the _FILE variable is empty', () => {
    expect(readSecret({ JWT_SECRET: '', JWT_SECRET_FILE: '' })).toEqual({ text: undefined, problems: [] });
    expect(readSecret({ JWT_SECRET: '', JWT_SECRET_FILE: file('secret', 'a') }).text).toBe('a');
  });

  it('is refused when both the variable and the _FILE variable are set', () => {
    expect(readSecret({ JWT_SECRET: 'hunter2', JWT_SECRET_FILE: file('secret', 'hunter2') })).toEqual({
      text: undefined,
      problems: ['Set either JWT_SECRET or JWT_SECRET_FILE, not both.'],
    });
  });

  it('is read once, and its problem is reported once', () => {
    const path = file('secret', 'a'.repeat(3));
    const env = new Environment({ JWT_SECRET_FILE: path });
    expect(env.secret('JWT_SECRET')).toBe('aaa');
    writeFileSync(path, 'changed');
    expect(env.secret('JWT_SECRET')).toBe('aaa');
    const claims = { JWT_ISSUER: 'https://login.example.com', JWT_AUDIENCE: 'keyway' };
    const absent = new Environment({ ...claims, JWT_SECRET_FILE: '/nonexistent/secret' });
    expect(readVariables(TokenVariables, absent).problems).toEqual([
      'Set JWT_SECRET_FILE to a readable file: the file /nonexistent/secret cannot be read (ENOENT).',
    ]);
  });
});

describe('the file of a secret', () => {
  it('must exist', () => refuses(join(directory, 'absent'), /cannot be read \(ENOENT\)/));
  it('must not be a directory', () => refuses(directory, /is not a regular file/));
  it('must not be a device', () => refuses('/dev/zero', /is not a regular file/));
  it('must not be empty', () => refuses(file('empty', '\n'), /is empty/));
  it('must be UTF-8', () => refuses(file('binary', Buffer.from([0xff, 0xfe])), /is not UTF-8 text/));

  it('must not be larger than 64 KiB', () => {
    expect(readSecret({ JWT_SECRET_FILE: file('large', 'x'.repeat(65_536)) }).problems).toEqual([]);
    refuses(file('larger', 'x'.repeat(65_537)), /is larger than 64 KiB/);
  });

  it('is not named in the error if its path could be the secret itself', () => {
    const { problems } = readSecret({ JWT_SECRET_FILE: 'hunter2hunter2' });
    expect(problems).toEqual(['Set JWT_SECRET_FILE to a readable file: a file cannot be read (ENOENT).']);
  });
});

describe('an unknown variable', () => {
  const sentencesAbout = (name: string) => misspeltNames(new Environment({ [name]: 'hunter2' }));

  it.each([
    ['JWT_JWKS_URL', 'JWT_JWKS_URI'],
    ['APP_ORIGIN', 'APP_ORIGINS'],
    ['APP_ORIGN', 'APP_ORIGINS'],
    ['KEYWAY_SECRETS', 'KEYWAY_SECRET'],
    ['NONCE_TTLS', 'NONCE_TTL'],
    ['HANDSHAKE_TIL', 'HANDSHAKE_TTL'],
    ['REGISTER_TRANSACTION_TTLS', 'REGISTER_TRANSACTION_TTL'],
    ['DATABASE_POOLMAX', 'DATABASE_POOL_MAX'],
    ['JWT_SECRET_FILES', 'JWT_SECRET_FILE'],
    ['AUTHENTICATOR_METADATA', 'AUTHENTICATOR_METADATA_FILE'],
    ['FIDO_METADATA_PATH', 'FIDO_METADATA_FILE'],
    ['JWT_ISSUER_FILE', 'JWT_ISSUER'],
    ['PUBLIC_URL_FILE', 'PUBLIC_URL'],
    ['PORT_FILE', 'PORT'],
    ['APP_RP', 'APP_RP_ID'],
    ['APP_IDD', 'APP_ID'],
    ['PUBLIC_URI', 'PUBLIC_URL'],
    ['DATABSE_URL', 'DATABASE_URL'],
    ['JTW_SECRET', 'JWT_SECRET'],
    ['PASAGE_API_KEY', 'PASSAGE_API_KEY'],
    ['REDIS_URI', 'REDIS_URL'],
    ['RATE_LIMIT_KEYS', 'RATE_LIMIT_KEY'],
    ['RATELIMIT_PUBLIC', 'RATE_LIMIT_PUBLIC'],
    ['RATE_LIMIT_USERS', 'RATE_LIMIT_USER'],
  ])('%s is refused with the suggestion %s', (name, meant) => {
    expect(sentencesAbout(name)).toEqual([`${name} is not a setting of Keyway; did you mean ${meant}?`]);
  });

  it('is refused without a suggestion if no setting has a similar name', () => {
    expect(sentencesAbout('KEYWAY_FEATURE_FLAGS')).toEqual([
      'KEYWAY_FEATURE_FLAGS is not a setting of Keyway: unset it.',
    ]);
  });

  it.each(['PATH', 'APPDATA', 'POSTGRES_PASSWORD', 'npm_config_cache'])(
    '%s is ignored, because it does not look like a setting of Keyway',
    (name) => expect(sentencesAbout(name)).toEqual([]),
  );

  it.each([
    'APP_SERVICE_HOST',
    'APP_SERVICE_PORT',
    'APP_SERVICE_PORT_HTTP',
    'KEYWAY_PORT',
    'KEYWAY_PORT_3000_TCP',
    'KEYWAY_PORT_3000_TCP_PROTO',
    'DATABASE_PORT_5432_TCP_PORT',
    'DATABASE_PORT_53_UDP_ADDR',
  ])('%s is ignored, because Kubernetes sets it', (name) => {
    expect(sentencesAbout(name)).toEqual([]);
    expect(foreignNames(new Environment({ [name]: 'hunter2' }))).toEqual([]);
  });

  it('is ignored when it is empty', () => {
    const env = new Environment({ APP_IDD: '', APP_ENV: '' });
    expect([...misspeltNames(env), ...foreignNames(env)]).toEqual([]);
  });
});

describe('a name of another program', () => {
  const FOREIGN = [
    'APP_DEBUG',
    'APP_ENV',
    'APP_HOST',
    'APP_KEY',
    'APP_PORTS',
    'APP_SECRET',
    'APP_URL',
    'APP_VERSION',
    'DATABASE_HOST',
    'DATABASE_NAME',
    'DATABASE_PASSWORD',
    'DATABASE_USER',
    'JWT_EXPIRES_IN',
    'JWT_PRIVATE_KEY',
    'JWT_SECRET_KEY',
    'JWT_TTL',
    'RATE_LIMIT_MAX',
    'REDIS_HOST',
    'REDIS_PASSWORD',
  ];

  it.each(FOREIGN)('%s stops nothing', (name) =>
    expect(misspeltNames(new Environment({ [name]: 'hunter2' }))).toEqual([]),
  );

  it('is named in one sentence for all of them, without its value', () => {
    const env = Object.fromEntries(FOREIGN.map((name) => [name, 'hunter2']));
    expect(ignoredNames({ ...env, APP_ID: 'shop', PATH: '/bin', NODE_OPTIONS: '' })).toBe(
      `Ignored, as they are not settings of Keyway: ${FOREIGN.join(', ')}`,
    );
    expect(
      ignoredNames({ APP_ID: 'shop', NODE_EXTRA_CA_CERTS: '/ca', DATA_DIRECTORY: '/x' }),
    ).toBeUndefined();
  });

  it('asks for nothing of the command line either', () =>
    expect(loadDatabaseSettings({ DATABASE_HOST: 'db', DATABASE_USER: 'keyway' })).toMatchObject({
      kind: 'embedded',
    }));
});

describe('the file .env', () => {
  const { NODE_ENV } = process.env;
  const home = process.cwd();
  afterEach(() => {
    process.chdir(home);
    process.env.NODE_ENV = NODE_ENV;
    for (const name of ['KEYWAY_TEST_A', 'KEYWAY_TEST_B']) delete process.env[name];
  });

  /** What the environment has of two names once the file was read. */
  const loadIn = (environment: string, content: string | null) => {
    const place = mkdtempSync(join(directory, 'cwd-'));
    if (content !== null) writeFileSync(join(place, '.env'), content);
    process.chdir(place);
    process.env.NODE_ENV = environment;
    process.env.KEYWAY_TEST_A = 'from the process';
    loadEnvFile();
    return [process.env.KEYWAY_TEST_A, process.env.KEYWAY_TEST_B];
  };
  const content = 'KEYWAY_TEST_A=from the file\nKEYWAY_TEST_B="from the file"\n';

  it.each(['', 'development', 'test'])('adds to the environment, which wins, when NODE_ENV is "%s"', (name) =>
    expect(loadIn(name, content)).toEqual(['from the process', 'from the file']),
  );

  it.each(['production', 'staging'])('is not read when NODE_ENV is "%s"', (name) =>
    expect(loadIn(name, content)).toEqual(['from the process', undefined]),
  );

  it('need not be there', () => expect(loadIn('development', null)).toEqual(['from the process', undefined]));

  it('has to be a file that can be read', () => {
    const place = mkdtempSync(join(directory, 'cwd-'));
    mkdirSync(join(place, '.env'));
    process.chdir(place);
    process.env.NODE_ENV = 'development';
    expect(loadEnvFile).toThrow(
      new ConfigurationError(['Make .env in the working directory a readable file, or delete it (EISDIR).']),
    );
  });
});

describe.each(['AUTHENTICATOR_METADATA_FILE', 'FIDO_METADATA_FILE'] as const)('%s', (name) => {
  const member = name === 'FIDO_METADATA_FILE' ? 'fidoMetadataFile' : 'authenticatorMetadataFile';
  const read = (given?: string) => {
    const { variables, problems } = readVariables(MetadataVariables, new Environment({ [name]: given }));
    return { path: problems.length === 0 ? variables.toSettings()[member] : null, problems };
  };

  it('is optional', () => expect(read()).toEqual({ path: null, problems: [] }));

  it('accepts any readable file', () => {
    const path = file('metadata.json', '{}');
    expect(read(path)).toEqual({ path, problems: [] });
  });

  it('refuses a directory and a file that does not exist', () => {
    for (const path of [directory, join(directory, 'absent')]) {
      expect(read(path)).toEqual({
        path: null,
        problems: [`Set ${name} to the path of a readable file: ${path} cannot be read.`],
      });
    }
  });
});

describe('assertNodeVersion', () => {
  it.each(['20.20.2', '22.21.0', '8.0.0'])('refuses Node %s', (version) => {
    expect(() => assertNodeVersion(version)).toThrow(
      `Keyway runs on Node 24 or newer, and this is Node ${version}: start it by npm`,
    );
  });

  it.each([undefined, '24.0.0', '100.1.0'])('accepts Node %s', (version) => {
    expect(() => assertNodeVersion(version)).not.toThrow();
  });
});
