import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inspect } from 'node:util';
import { embeddedPassageOf } from './configuration.js';
import { ConfigurationError } from './environment.js';
import { loadConfiguration } from './load-configuration.js';

const secrets = {
  KEYWAY_SECRET: randomBytes(32).toString('base64'),
  JWT_SECRET: randomBytes(32).toString('hex'),
  APP_API_KEY: `kw_a1B2c3D4e5F6_${randomBytes(32).toString('base64url')}`,
  DATABASE_URL: 'postgresql://keyway:hunter2@db.example.com/keyway',
  REDIS_URL: 'redis://:hunter2@redis.example.com',
};
const production = {
  ...secrets,
  NODE_ENV: 'production',
  PUBLIC_URL: 'https://passkeys.example.com',
  APP_ID: 'shop',
  APP_ORIGINS: 'https://example.com',
  JWT_ISSUER: 'https://login.example.com',
  JWT_AUDIENCE: 'keyway',
};

const problemsOf = (env: NodeJS.ProcessEnv): readonly string[] => {
  try {
    loadConfiguration(env);
    return [];
  } catch (error) {
    expect(error).toBeInstanceOf(ConfigurationError);
    expect((error as Error).message).toBe((error as ConfigurationError).problems.join('\n'));
    return (error as ConfigurationError).problems;
  }
};

describe('a configuration', () => {
  it('holds all settings in production', () => {
    expect(loadConfiguration({ ...production, USERNAME_CLAIMS: 'nickname,email' })).toMatchObject({
      environment: 'production',
      demo: null,
      http: { host: '0.0.0.0', port: 3000, publicUrl: 'https://passkeys.example.com', trustProxy: false },
      database: { kind: 'postgresql', url: secrets.DATABASE_URL, poolMax: 10 },
      tokens: {
        issuers: [{ name: 'https://login.example.com', audience: 'keyway', keys: { kind: 'given' } }],
        algorithms: ['HS256', 'HS384', 'HS512'],
        audienceClaim: null,
        usernameClaims: ['nickname', 'email'],
      },
      passage: { mode: 'embedded', app: { id: 'shop', origins: ['https://example.com'] } },
      authenticatorMetadataFile: null,
      fidoMetadataFile: null,
    });
  });

  it('uses the embedded database outside production when DATABASE_URL is not set', () => {
    const DATA_DIR = join(tmpdir(), `keyway-${randomBytes(8).toString('hex')}`);
    const { demo, database } = loadConfiguration({
      ...production,
      NODE_ENV: 'test',
      DATABASE_URL: '',
      DATA_DIR,
    });
    expect({ demo, database }).toEqual({ demo: null, database: { kind: 'embedded', directory: DATA_DIR } });
    expect(existsSync(DATA_DIR)).toBe(false);
  });

  it('is deeply frozen', () => {
    const configuration = loadConfiguration({ ...production, TRUST_PROXY: 'loopback' });
    const { http, tokens, ...rest } = configuration;
    const passage = embeddedPassageOf(configuration);
    const parts = [
      http,
      http.trustProxy,
      passage,
      passage.app,
      passage.app.origins,
      passage.secrets,
      passage.lifetimes,
    ];
    for (const part of [...parts, tokens, ...tokens.issuers, tokens.issuers[0]!.keys, rest.database]) {
      expect(Object.isFrozen(part)).toBe(true);
    }
    expect(Object.isFrozen(loadConfiguration(production))).toBe(true);
  });

  it('shows no secret when it is inspected or turned into JSON, whole or in part', () => {
    const configuration = loadConfiguration(production);
    const passage = embeddedPassageOf(configuration);
    const { database, limits } = configuration;
    const parts = [configuration, passage, passage.app, database, limits];
    const shown = parts.flatMap((part) => [
      inspect(part, { depth: 9, showHidden: true }),
      JSON.stringify(part),
    ]);
    const bytes = Buffer.from(secrets.KEYWAY_SECRET, 'base64');
    const hidden = [...Object.values(secrets), 'hunter2', bytes.toString('hex').slice(0, 8), bytes.join(',')];
    hidden.push(bytes.toString('hex', 0, 4).replace(/(..)(?=.)/g, '$1 '));
    for (const text of shown) for (const secret of hidden) expect(text).not.toContain(secret);
    expect(shown[1]).toContain('"id":"shop"');
  });
});

describe('a refused configuration', () => {
  it('reports every problem at once', () => {
    const problems = problemsOf({
      ...production,
      PUBLIC_URL: '',
      PORT: 'x',
      APP_ID: '!',
      JWT_SECRET: 'short',
      JWT_ISSUER: '',
      APP_ORIGINZ: 'x',
      NONCE_TTL: '1',
      TRUST_PROXY: 'true',
      KEYWAY_SECRET_FILE: '/nonexistent',
    });
    const told = problems.map((sentence) => /\b[A-Z]+_?[A-Z_]+\b/.exec(sentence)?.[0]);
    const wrong = [
      'PORT',
      'PUBLIC_URL',
      'TRUST_PROXY',
      'JWT_SECRET',
      'JWT_ISSUER',
      'KEYWAY_SECRET',
      'APP_ID',
      'NONCE_TTL',
    ];
    expect(told).toEqual(['APP_ORIGINZ', ...wrong]);
    for (const sentence of problems) expect(sentence).toMatch(/^[^\n]+[.?]$/);
  });

  it('shows no secret in its error', () => {
    const broken = Object.fromEntries(
      Object.entries(secrets).map(([name, value]) => [name, `!${value}\u0000`]),
    );
    const shown = problemsOf({
      ...production,
      ...broken,
      JWT_SECRET: 'hunter3',
      PASSAGE_API_KEY: 'hunter4',
    }).join();
    for (const secret of [...Object.values(secrets), 'hunter']) expect(shown).not.toContain(secret);
  });

  it('names every setting that production lacks, and does not mention the demo', () => {
    const problems = problemsOf({ NODE_ENV: 'production' });
    const names = ['PUBLIC_URL', 'DATABASE_URL', 'JWT_ISSUER', 'JWT_AUDIENCE', 'KEYWAY_SECRET', 'APP_ID'];
    expect(problems).toHaveLength(names.length);
    names.forEach((name, index) => expect(problems[index]).toContain(name));
    expect(problems.join()).not.toContain('demo');
  });
});
