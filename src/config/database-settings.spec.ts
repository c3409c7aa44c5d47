import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { readDatabaseAddress } from './database-address.js';
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
    'postgresql://u:p,ss@a,b:5433/keyway?target_session_attrs=any',
    'postgresql://u@[::1]:5432,[::2]:5432,c/keyway',
    'postgresql:///keyway?host=a,b&port=5432,5433&target_session_attrs=primary',
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
    'postgres://keyway:hunter2@a,,b/keyway',
    'postgres://keyway:hunter2@a:5432,b:x/keyway',
    'postgres:///keyway?host=a,b,c&port=1,2&password=hunter2',
    'postgres://keyway:hunter2@a,b/keyway?target_session_attrs=standby',
  ])('refuses %s', (url) => {
    const problems = problemsOf({ DATABASE_URL: url });
    expect(problems).toEqual([expect.stringMatching(/^Set DATABASE_URL to an? /)]);
    expect(problems.join()).not.toContain('hunter2');
  });

  it('is read as one address for each host, of which one that writes is wanted if there are several', () => {
    const read = (text: string) => readDatabaseAddress(text);
    expect(read('postgresql://u:p,@a:1,b/keyway?sslmode=require')).toEqual({
      urls: ['postgresql://u:p,@a:1/keyway?sslmode=require', 'postgresql://u:p,@b/keyway?sslmode=require'],
      wanted: 'read-write',
    });
    expect(read('postgresql:///keyway?host=a,b&port=1')).toMatchObject({
      urls: ['postgresql:///keyway?host=a&port=1', 'postgresql:///keyway?host=b&port=1'],
    });
    expect(read('postgresql:///keyway?host=a,b&port=1,2').urls[1]).toMatch(/host=b&port=2$/);
    expect(read('postgresql://a,b/keyway?target_session_attrs=primary').wanted).toBe('primary');
    expect(read('postgresql://a/keyway?target_session_attrs=read-write')).toEqual({
      urls: ['postgresql://a/keyway'],
      wanted: 'read-write',
    });
    expect(read(DATABASE_URL).wanted).toBe('any');
  });

  it('keeps the name of the file that it came from', () => {
    const directory = mkdtempSync(join(tmpdir(), 'keyway-url-'));
    const file = join(directory, 'url');
    writeFileSync(file, `${DATABASE_URL}\n`);
    expect(loadDatabaseSettings({ DATABASE_URL_FILE: file })).toMatchObject({
      url: DATABASE_URL,
      urlFile: file,
    });
    rmSync(directory, { recursive: true });
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
