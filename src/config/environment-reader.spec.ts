import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { EnvironmentReader } from './environment-reader.js';
import { readMetadataFile } from './metadata-file.js';
import { SECRET_SETTINGS } from './setting-names.js';

let directory: string;
beforeAll(() => (directory = mkdtempSync(join(tmpdir(), 'keyway-config-'))));
afterAll(() => rmSync(directory, { recursive: true }));

const file = (name: string, content: string | Buffer) => {
  const path = join(directory, name);
  writeFileSync(path, content);
  return path;
};
const readSecret = (env: NodeJS.ProcessEnv) => {
  const reader = new EnvironmentReader(env);
  return { text: reader.secret('JWT_SECRET'), problems: reader.problems };
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
      const reader = new EnvironmentReader({ [`${name}_FILE`]: file('secret', ` a b ${ending}`) });
      expect([reader.secret(name), reader.problems]).toEqual([' a b ', []]);
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
    const reader = new EnvironmentReader({ JWT_SECRET_FILE: '/nonexistent/secret' });
    reader.secret('JWT_SECRET');
    reader.secret('JWT_SECRET');
    expect(reader.problems).toHaveLength(1);
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
  const sentencesAbout = (name: string) => {
    const reader = new EnvironmentReader({ [name]: 'hunter2' });
    reader.reportUnknownNames();
    return reader.problems;
  };

  it.each([
    ['JWT_JWKS_URL', 'JWT_JWKS_URI'],
    ['APP_ORIGIN', 'APP_ORIGINS'],
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
  ])('%s is ignored, because Kubernetes sets it', (name) => expect(sentencesAbout(name)).toEqual([]));

  it('is ignored when it is empty', () => {
    const reader = new EnvironmentReader({ APP_FOO: '' });
    reader.reportUnknownNames();
    expect(reader.problems).toEqual([]);
  });
});

describe.each(['AUTHENTICATOR_METADATA_FILE', 'FIDO_METADATA_FILE'] as const)('%s', (name) => {
  const read = (path?: string) => {
    const reader = new EnvironmentReader({ [name]: path });
    return { path: readMetadataFile(reader, name), problems: reader.problems };
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
        problems: [`Set ${name} to the path of a readable file: ${path} is none.`],
      });
    }
  });
});
