import { randomBytes } from 'node:crypto';
import { inspect } from 'node:util';
import { ConfigurationError, Environment } from './environment.js';
import { loadConfiguration } from './load-configuration.js';
import { readPassage } from './passage-settings.js';

const remote = {
  PASSAGE_MODE: 'remote',
  PASSAGE_BASE_URL: 'https://passkeys.example.com/v1',
  PASSAGE_APP_ID: 'shop',
  PASSAGE_API_KEY: 'hunter2',
};
const read = (env: NodeJS.ProcessEnv) => {
  const { groups, settings } = readPassage(new Environment({ ...remote, ...env }));
  const problems = groups.flatMap((group) => group.problems);
  return { passage: problems.length === 0 ? settings() : undefined, problems };
};
const refuses = (env: NodeJS.ProcessEnv, sentence: RegExp) =>
  expect(read(env).problems).toEqual([expect.stringMatching(sentence)]);

describe('PASSAGE_MODE remote', () => {
  it('requires an address, an app and its key, and nothing else', () => {
    expect(read({})).toEqual({
      passage: { mode: 'remote', baseUrl: remote.PASSAGE_BASE_URL, appId: 'shop', apiKey: 'hunter2' },
      problems: [],
    });
  });

  it.each(['PASSAGE_BASE_URL', 'PASSAGE_APP_ID', 'PASSAGE_API_KEY'])('requires %s', (name) =>
    refuses({ [name]: '' }, new RegExp(`^Set ${name} to `)),
  );

  it.each([
    ['KEYWAY_SECRET', randomBytes(32).toString('base64')],
    ['KEYWAY_SECRET_FILE', '/run/secrets/keyway'],
    ['APP_ID', 'shop'],
    ['APP_NAME', 'The Shop'],
    ['APP_ORIGINS', 'https://example.com'],
    ['APP_RP_ID', 'example.com'],
    ['APP_API_KEY', 'hunter3'],
    ['AUTHENTICATOR_METADATA_FILE', import.meta.filename],
    ['FIDO_METADATA_FILE', import.meta.filename],
    ['HANDSHAKE_TTL', '300'],
    ['REGISTER_TRANSACTION_TTL', '300'],
    ['AUTHENTICATE_TRANSACTION_TTL', '300'],
    ['NONCE_TTL', '300'],
  ])('cannot be combined with %s', (name, value) =>
    refuses({ [name]: value }, new RegExp(`^Unset ${name}: the provider of PASSAGE_MODE remote has its own`)),
  );

  it('names all settings that it cannot be combined with in one sentence', () =>
    refuses({ APP_ID: 'shop', NONCE_TTL: '60' }, /^Unset APP_ID and NONCE_TTL: /));

  it('makes a complete configuration, and never shows its key', () => {
    const configuration = loadConfiguration({
      ...remote,
      NODE_ENV: 'production',
      PUBLIC_URL: 'https://account.example.com',
      DATABASE_URL: 'postgresql://keyway:secret@db.example.com/keyway',
      JWT_SECRET: randomBytes(32).toString('hex'),
      JWT_ISSUER: 'https://login.example.com',
      JWT_AUDIENCE: 'keyway',
    });
    expect(configuration).toMatchObject({ demo: null, passage: { mode: 'remote', apiKey: 'hunter2' } });
    expect(Object.isFrozen(configuration.passage)).toBe(true);
    for (const part of [configuration, configuration.passage]) {
      expect(inspect(part, { depth: 9, showHidden: true }) + JSON.stringify(part)).not.toContain('hunter2');
    }
  });

  it('does not start the demo when it is the only setting', () =>
    expect(() => loadConfiguration({ PASSAGE_MODE: 'remote' })).toThrow(ConfigurationError));
});

describe('PASSAGE_BASE_URL', () => {
  it.each([
    ['https://passkeys.example.com/v1', 'https://passkeys.example.com/v1'],
    ['https://passkeys.example.com:8443/flex/v1/', 'https://passkeys.example.com:8443/flex/v1'],
    ['http://127.0.0.1:3000/v1', 'http://127.0.0.1:3000/v1'],
    ['http://[::1]:3000/v1', 'http://[::1]:3000/v1'],
  ])('accepts %s', (PASSAGE_BASE_URL, baseUrl) =>
    expect(read({ PASSAGE_BASE_URL })).toMatchObject({ passage: { baseUrl }, problems: [] }),
  );

  it.each([
    ['passkeys.example.com/v1', /such as https:\/\/passkeys\.example\.com\/v1\.$/],
    ['ftp://passkeys.example.com/v1', /such as https:\/\/passkeys\.example\.com\/v1\.$/],
    ['http://passkeys.example.com/v1', /http is for loopback outside production only/],
    ['https://keyway:hunter3@passkeys.example.com/v1', /without user name and password\.$/],
    ['https://passkeys.example.com/v1?', /without a query or a fragment/],
    ['https://passkeys.example.com/v1#apps', /without a query or a fragment/],
    ['https://passkeys.example.com', /this one ends elsewhere/],
    ['https://passkeys.example.com/v1/apps', /this one ends elsewhere/],
  ])('refuses %s', (PASSAGE_BASE_URL, sentence) => {
    refuses({ PASSAGE_BASE_URL }, sentence);
    expect(read({ PASSAGE_BASE_URL }).problems[0]).toMatch(
      /^Set PASSAGE_BASE_URL to the https (?!.*hunter3)/,
    );
  });

  it('refuses http in production, even on loopback', () =>
    refuses(
      { PASSAGE_BASE_URL: 'http://127.0.0.1:3000/v1', NODE_ENV: 'production' },
      /http is for loopback outside production only/,
    ));
});

describe('PASSAGE_APP_ID', () => {
  it.each(['a b', 'a/b', '..', 'ä', 'x'.repeat(65)])('refuses "%s"', (PASSAGE_APP_ID) =>
    refuses({ PASSAGE_APP_ID }, /^Set PASSAGE_APP_ID to /),
  );
});

describe('PASSAGE_API_KEY', () => {
  it.each([`kw_a1B2c3D4e5F6_${'-_aB0'.repeat(8)}xyz`, 'ABC.def+ghi/jkl=', 'x'.repeat(1024)])(
    'accepts any text that fits into a header, such as %s',
    (PASSAGE_API_KEY) =>
      expect(read({ PASSAGE_API_KEY })).toMatchObject({ passage: { apiKey: PASSAGE_API_KEY }, problems: [] }),
  );

  it.each(['hunter 3', 'hunter3\n', 'hunter3\r\nx-evil: 1', 'hünter3', 'x'.repeat(1025)])(
    'refuses %j',
    (PASSAGE_API_KEY) => refuses({ PASSAGE_API_KEY }, /^Set PASSAGE_API_KEY to (?!.*nter3)/),
  );
});
