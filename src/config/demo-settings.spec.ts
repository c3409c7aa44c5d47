import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inspect, promisify } from 'node:util';
import { embeddedPassageOf } from './configuration.js';
import { ConfigurationError } from './environment.js';
import { loadConfiguration } from './load-configuration.js';

let parent: string;
let DATA_DIR: string;
beforeEach(() => {
  parent = mkdtempSync(join(tmpdir(), 'keyway-config-'));
  DATA_DIR = join(parent, 'data');
});
afterEach(() => rmSync(parent, { recursive: true }));

const problemsOf = (env: NodeJS.ProcessEnv): readonly string[] => {
  try {
    loadConfiguration(env);
    return [];
  } catch (error) {
    expect(error).toBeInstanceOf(ConfigurationError);
    return (error as ConfigurationError).problems;
  }
};

describe('the demo', () => {
  const isDemo = (env: NodeJS.ProcessEnv) => loadConfiguration({ DATA_DIR, ...env }).demo !== null;

  it('runs when nothing is set', () => {
    const { demo, tokens, passage, ...rest } = loadConfiguration({ DATA_DIR, PORT: '8080' });
    expect(rest).toEqual({
      environment: 'development',
      externalIdClaim: null,
      http: { host: '127.0.0.1', port: 8080, publicUrl: 'http://localhost:8080', trustProxy: false },
      limits: { window: 60, public: 300, finish: 300, unknown: 600, user: 300, key: 6_000, redisUrl: null },
      database: { kind: 'embedded', directory: DATA_DIR },
      authenticatorMetadataFile: null,
      fidoMetadataFile: null,
    });
    expect(embeddedPassageOf({ passage }).app).toEqual({
      id: 'demo',
      name: 'Keyway demo',
      conditionalCreate: 'on',
      stepUp: 'either',
      origins: ['http://localhost:8080'],
      rpId: 'localhost',
    });
    expect(tokens).toMatchObject({
      issuers: [{ name: 'http://localhost:8080/demo', audience: 'keyway-demo' }],
      algorithms: ['HS256'],
      usernameClaims: expect.arrayContaining(['preferred_username']) as string[],
    });
    const keys = { kind: 'given', keys: [{ key: demo?.signingKey, algorithms: ['HS256'] }] };
    expect(tokens.issuers[0]?.keys).toEqual(keys);
  });

  it.each(['127.0.0.1', '127.0.0.2', '::1', 'localhost'])('runs on the host %s', (HOST) =>
    expect(isDemo({ HOST })).toBe(true),
  );

  it('runs in development, with lifetimes, with the variables of Kubernetes and with empty settings', () => {
    const kubernetes = { APP_SERVICE_HOST: '10.0.0.1', JWT_PORT: 'tcp://10.0.0.1:80' };
    expect(
      isDemo({ NODE_ENV: 'development', NONCE_TTL: '60', ...kubernetes, APP_ID: '', DATABASE_URL: '' }),
    ).toBe(true);
    expect(isDemo({ USERNAME_CLAIMS: 'email' })).toBe(true);
  });

  it.each(['APP_ENV', 'APP_UNHEARD_OF', 'DATABASE_HOST', 'JWT_EXPIRES_IN', 'PASSAGE_UNHEARD_OF'])(
    'runs when %s, which is another program’s, is set',
    (name) => expect(isDemo({ [name]: 'x' })).toBe(true),
  );

  it.each([
    ['DATABASE_URL', 'postgres://db/keyway'],
    ['DATABASE_URL_FILE', '/nonexistent'],
    ['JWT_SECRET', randomBytes(32).toString('hex')],
    ['JWT_ISSUER', 'x'],
    ['JWT_PUBLIC_KEY_FILE', '/nonexistent'],
    ['APP_NAME', 'x'],
    ['APP_API_KEY_FILE', '/nonexistent'],
    ['PASSAGE_MODE', 'embedded'],
    ['KEYWAY_SECRET', randomBytes(32).toString('base64')],
    ['KEYWAY_SECRET_FILE', '/nonexistent'],
    ['PUBLIC_URL', 'http://localhost:3000'],
    ['TRUST_PROXY', '1'],
    ['REDIS_URL', 'redis://localhost'],
  ])('does not run when %s is set, and the error names the missing settings', (name, value) => {
    const problems = problemsOf({ [name]: value });
    expect(problems).toContainEqual(expect.stringMatching(/^Set (APP_ID|KEYWAY_SECRET) to /));
    expect(problems.at(-1)).toBe(
      `To run the demo instead, which needs none of these settings, unset ${name}.`,
    );
  });

  it.each([
    ['NODE_ENV', 'test'],
    ['HOST', '0.0.0.0'],
    ['HOST', '192.0.2.1'],
    ['HOST', 'keyway.internal'],
  ])('does not run when %s is %s', (name, value) => {
    const problems = problemsOf({ DATA_DIR, [name]: value });
    expect(problems).toHaveLength(5);
    expect(problems[4]).toBe(`To run the demo instead, which needs none of these settings, unset ${name}.`);
    expect(existsSync(DATA_DIR)).toBe(false);
  });

  it('does not run in production', () => expect(problemsOf({ NODE_ENV: 'production' })).not.toEqual([]));

  it.each([
    ['PORT', '0', /^Set PORT to a number from 1 to 65535/],
    ['PORT', 'x', /^Set PORT /],
    ['DATABASE_POOL_MAX', '5', /DATABASE_POOL_MAX/],
    ['KEYWAY_UNHEARD_OF', 'x', /is not a setting/],
    ['APP_ORIGINZ', 'x', /did you mean APP_ORIGINS/],
  ])('is refused when %s is %s, and creates no directory', (name, value, sentence) => {
    expect(problemsOf({ DATA_DIR, [name]: value })).toEqual([expect.stringMatching(sentence)]);
    expect(existsSync(DATA_DIR)).toBe(false);
  });
});

describe('the secrets of the demo', () => {
  const load = () => {
    const configuration = loadConfiguration({ DATA_DIR });
    return [configuration.demo?.signingKey.export(), ...embeddedPassageOf(configuration).secrets];
  };
  const path = () => join(DATA_DIR, 'demo-secrets.json');

  it('are created once and kept', () => {
    const [tokenSecret, keywaySecret] = load();
    expect([tokenSecret?.length, keywaySecret?.length]).toEqual([32, 32]);
    expect(tokenSecret).not.toEqual(keywaySecret);
    expect(load()).toEqual([tokenSecret, keywaySecret]);
  });

  it('are readable for their owner alone', () => {
    load();
    expect(statSync(DATA_DIR).mode & 0o777).toBe(0o700);
    expect(statSync(path()).mode & 0o777).toBe(0o600);
    expect(readdirSync(DATA_DIR)).toEqual(['demo-secrets.json']);
  });

  it('are the same for several processes that start at the same time', async () => {
    const code = `const { keepDemoSecrets } = await import(process.argv[1]);
      console.log(JSON.stringify(keepDemoSecrets(process.argv[2])));`;
    const args = ['--input-type=module', '-e', code, join(import.meta.dirname, 'demo-secrets.ts'), DATA_DIR];
    const starts = Array.from({ length: 6 }, () => promisify(execFile)(process.execPath, args));
    const kept = (await Promise.all(starts)).map(({ stdout }) => stdout);
    expect(new Set(kept).size).toBe(1);
    expect(kept[0]).toContain('tokenSecret');
    expect(readdirSync(DATA_DIR)).toEqual(['demo-secrets.json']);
  });

  it.each(['', '{', 'null', '{}', '{"keywaySecret":"AAAA","tokenSecret":"AAAA"}'])(
    'are refused when the file holds %j',
    (text) => {
      load();
      writeFileSync(path(), text);
      expect(problemsOf({ DATA_DIR })).toEqual([expect.stringContaining(`Delete ${path()}, so that`)]);
      expect(readFileSync(path(), 'utf8')).toBe(text);
    },
  );

  it('are refused when DATA_DIR is not a directory', () => {
    writeFileSync(DATA_DIR, '');
    expect(problemsOf({ DATA_DIR })).toEqual([
      expect.stringMatching(/^Set DATA_DIR to a directory of your own/),
    ]);
  });

  it('never appear in an inspected or serialized configuration', () => {
    const configuration = loadConfiguration({ DATA_DIR });
    const { keywaySecret, tokenSecret } = JSON.parse(readFileSync(path(), 'utf8')) as Record<string, string>;
    const shown = inspect(configuration, { depth: 9 }) + JSON.stringify(configuration);
    for (const secret of [keywaySecret, tokenSecret]) {
      expect(shown).not.toContain(secret);
      expect(shown).not.toContain(
        Buffer.from(secret ?? '', 'base64')
          .toString('hex', 0, 4)
          .replace(/(..)(?=.)/g, '$1 '),
      );
    }
  });
});
