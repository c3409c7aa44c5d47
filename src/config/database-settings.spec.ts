import { resolve } from 'node:path';
import { ConfigurationError } from './environment.js';
import { loadDatabaseSettings } from './load-configuration.js';

const DATABASE_URL = 'postgresql://keyway:hunter2@db.example.com:5432/keyway';
const problemsOf = (env: NodeJS.ProcessEnv): readonly string[] => {
  try {
    loadDatabaseSettings(env);
    return [];
  } catch (error) {
    expect(error).toBeInstanceOf(ConfigurationError);
    return (error as ConfigurationError).problems;
  }
};

describe('the database of the settings', () => {
  it('is PostgreSQL with ten connections when DATABASE_URL is set', () => {
    expect(loadDatabaseSettings({ DATABASE_URL })).toEqual({
      kind: 'postgresql',
      url: DATABASE_URL,
      poolMax: 10,
    });
  });

  it('is the embedded one, in ./data or DATA_DIR, when DATABASE_URL is not set', () => {
    expect(loadDatabaseSettings({})).toEqual({ kind: 'embedded', directory: resolve('data') });
    expect(loadDatabaseSettings({ DATABASE_URL: '', DATA_DIR: 'elsewhere' })).toEqual({
      kind: 'embedded',
      directory: resolve('elsewhere'),
    });
  });

  it('is required in production', () => {
    expect(problemsOf({ NODE_ENV: 'production' })).toEqual([expect.stringMatching(/^Set DATABASE_URL to /)]);
  });

  it('is loaded without checks of other settings', () => {
    expect(problemsOf({ NODE_ENV: 'production', DATABASE_URL, APP_IDD: 'x', PORT: 'x' })).toEqual([]);
  });

  it('is refused if an unknown name looks like one of its settings', () => {
    expect(problemsOf({ DATABASE_URI: DATABASE_URL })).toEqual([
      'DATABASE_URI is not a setting of Keyway; did you mean DATABASE_URL?',
    ]);
  });
});

describe('DATABASE_URL', () => {
  it.each([
    'postgres://db/keyway',
    'postgresql://u:p@[::1]:5432/keyway?sslmode=require',
    'postgres:///keyway?host=/var/run/postgresql',
    'postgres://u:p%40ss@%2Fvar%2Frun%2Fpostgresql/keyway',
  ])('accepts %s', (url) => expect(problemsOf({ DATABASE_URL: url })).toEqual([]));

  it.each([
    'mysql://keyway:hunter2@db/keyway',
    'keyway:hunter2@db/keyway',
    'host=db password=hunter2',
    'postgres:///keyway',
    'postgres://keyway:hunter2@db',
    'postgres://keyway:hunter2@db/',
    'postgres://keyway:hunter2%@db/keyway',
    'postgres://keyway:hunter2@db:99999/keyway',
  ])('refuses %s', (url) => {
    const problems = problemsOf({ DATABASE_URL: url });
    expect(problems).toEqual([expect.stringMatching(/^Set DATABASE_URL to an? /)]);
    expect(problems.join()).not.toContain('hunter2');
  });

  it('cannot be combined with DATA_DIR', () => {
    expect(problemsOf({ DATABASE_URL, DATA_DIR: '/data' })).toEqual([
      expect.stringMatching(/^Unset DATA_DIR/),
    ]);
  });
});

describe('DATABASE_POOL_MAX', () => {
  it.each(['2', '1000'])('accepts %s', (DATABASE_POOL_MAX) => {
    expect(loadDatabaseSettings({ DATABASE_URL, DATABASE_POOL_MAX })).toMatchObject({
      poolMax: Number(DATABASE_POOL_MAX),
    });
  });

  it.each(['0', '1', '1001', '10.5', 'ten'])('refuses %s', (DATABASE_POOL_MAX) => {
    expect(problemsOf({ DATABASE_URL, DATABASE_POOL_MAX })).toEqual([
      expect.stringMatching(/^Set DATABASE_POOL_MAX to a whole number from 2 to 1000/),
    ]);
  });

  it('is refused with the embedded database', () => {
    expect(problemsOf({ DATABASE_POOL_MAX: '20' })).toEqual([
      expect.stringMatching(/unset DATABASE_POOL_MAX/),
    ]);
  });
});
