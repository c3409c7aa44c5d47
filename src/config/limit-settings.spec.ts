import { Environment } from './environment.js';
import { LimitVariables } from './limit-settings.js';
import { readVariables } from './variables.js';

const read = (env: NodeJS.ProcessEnv) => {
  const { variables, problems } = readVariables(LimitVariables, new Environment(env));
  return { limits: problems.length === 0 ? variables.toSettings() : undefined, problems };
};

describe('the limits', () => {
  it('are as they were before they were settings, each replica counting for itself, where nothing is set', () => {
    expect(read({}).limits).toEqual({
      window: 60,
      public: 300,
      finish: 300,
      unknown: 600,
      user: 300,
      key: 6_000,
      redisUrl: null,
    });
  });

  it('are taken from the settings', () => {
    const env = {
      RATE_LIMIT_WINDOW: '10',
      RATE_LIMIT_PUBLIC: '1',
      RATE_LIMIT_FINISH: '2',
      RATE_LIMIT_UNKNOWN: '3',
      RATE_LIMIT_USER: '4',
      RATE_LIMIT_KEY: '1000000',
      REDIS_URL: 'redis://redis',
    };
    const { limits } = read(env);
    expect({ ...limits }).toEqual({
      window: 10,
      public: 1,
      finish: 2,
      unknown: 3,
      user: 4,
      key: 1_000_000,
      redisUrl: 'redis://redis',
    });
  });

  it.each([
    ['RATE_LIMIT_WINDOW', '9', 'seconds from 10 to 3600, such as 60'],
    ['RATE_LIMIT_WINDOW', '3601', 'seconds from 10 to 3600, such as 60'],
    ['RATE_LIMIT_PUBLIC', '0', 'requests from 1 to 1000000, such as 300'],
    ['RATE_LIMIT_FINISH', '1000001', 'requests from 1 to 1000000, such as 300'],
    ['RATE_LIMIT_UNKNOWN', '600/min', 'requests from 1 to 1000000, such as 600'],
    ['RATE_LIMIT_USER', '-1', 'requests from 1 to 1000000, such as 300'],
    ['RATE_LIMIT_KEY', '1e3', 'requests from 1 to 1000000, such as 6000'],
  ])('refuse %s=%s', (name, text, range) => {
    expect(read({ [name]: text }).problems).toEqual([`Set ${name} to a whole number of ${range}.`]);
  });
});

describe('REDIS_URL', () => {
  it.each([
    'redis://localhost',
    'redis://redis:6379/',
    'redis://:hunter2@redis.example.com:6379/15',
    'rediss://keyway:hunter%2F2@[2001:db8::1]:6380/0',
  ])('accepts %s', (REDIS_URL) => {
    expect(read({ REDIS_URL }).limits).toMatchObject({ redisUrl: REDIS_URL });
  });

  it.each([
    ['redis.example.com:6379', 'a redis:// or rediss:// address'],
    ['http://redis', 'a redis:// or rediss:// address'],
    ['unix:///run/redis.sock', 'a redis:// or rediss:// address'],
    ['redis://', 'an address with a host'],
    ['redis:///0', 'an address with a host'],
    ['redis://redis/keyway', 'an address that ends in the number of a database, or in its port'],
    ['redis://redis?db=1', 'an address without ? and #, which a password has as %3F and %23'],
    ['redis://:hunter%2@redis', 'an address in which every % of user name and password is written as %25'],
  ])('refuses "%s", without telling it', (REDIS_URL, what) => {
    expect(read({ REDIS_URL }).problems).toEqual([
      `Set REDIS_URL to ${what}, such as redis://:password@redis.example.com:6379/0.`,
    ]);
  });
});
