import { AppVariables } from './app-settings.js';
import { Environment } from './environment.js';
import { readVariables } from './variables.js';

const APP_API_KEY = `kw_${'a1B2c3D4e5F6'}_${'-_aB0'.repeat(8)}xyz`;
const read = (env: NodeJS.ProcessEnv) => {
  const { variables, problems } = readVariables(AppVariables, new Environment({ APP_ID: 'shop', ...env }));
  return { app: problems.length === 0 ? variables.toSettings() : undefined, problems };
};
const accepts = (env: NodeJS.ProcessEnv) => expect(read(env).problems).toEqual([]);
const refuses = (env: NodeJS.ProcessEnv, sentence: RegExp) =>
  expect(read(env).problems).toEqual([expect.stringMatching(sentence)]);

it('the app has only the columns that the settings name', () => {
  expect(read({}).app).toEqual({ id: 'shop' });
  const APP_ORIGINS = 'https://example.com, https://www.example.com';
  expect(read({ APP_NAME: ' The Shop ', APP_ORIGINS, APP_RP_ID: 'example.com', APP_API_KEY }).app).toEqual({
    id: 'shop',
    name: 'The Shop',
    origins: ['https://example.com', 'https://www.example.com'],
    rpId: 'example.com',
    apiKey: APP_API_KEY,
  });
});

describe('APP_ID', () => {
  it('is required', () => refuses({ APP_ID: '' }, /^Set APP_ID to the app’s id/));

  it.each(['a', 'A-b_9', 'x'.repeat(64)])('accepts %s', (APP_ID) => accepts({ APP_ID }));

  it.each(['a b', 'a.b', 'ä', 'x'.repeat(65)])('refuses "%s"', (APP_ID) =>
    refuses({ APP_ID }, /^Set APP_ID to 1/),
  );
});

describe('APP_NAME', () => {
  it.each(['x', 'Müller & Søn', '🔑'.repeat(64)])('accepts %s', (APP_NAME) => accepts({ APP_NAME }));

  it.each([' ', 'x'.repeat(65), 'a\u0007b', 'a\u202Eb', 'a\u2066b', 'a\u2028b'])('refuses %j', (APP_NAME) =>
    refuses({ APP_NAME }, /^Set APP_NAME to /),
  );
});

describe('APP_ORIGINS', () => {
  it.each([
    'https://example.com',
    'https://example.com:8443',
    'http://localhost:3000',
    'http://shop.localhost',
  ])('accepts %s', (APP_ORIGINS) => accepts({ APP_ORIGINS }));

  it.each([
    ['https://example.com/', /exactly https:\/\/example\.com\./],
    ['https://Example.com', /exactly https:\/\/example\.com\./],
    ['https://example.com:443', /exactly https:\/\/example\.com\./],
    ['https://u:hunter2@example.com', /exactly https:\/\/example\.com\./],
    ['https://example.com/login', /exactly/],
    ['http://example.com', /http is for localhost only/],
    ['http://localhost.example.com', /http is for localhost only/],
    ['https://192.0.2.1', /no passkeys for IP addresses/],
    ['http://[::1]:3000', /no passkeys for IP addresses/],
    ['android:apk-key-hash:Lir5oIjf552K', /android: origins of apps are listed apart/],
    ['example.com', /an origin, such as/],
    ['null', /an origin, such as/],
    ['*', /an origin, such as/],
  ])('refuses %s', (APP_ORIGINS, sentence) => {
    refuses({ APP_ORIGINS }, sentence);
    expect(read({ APP_ORIGINS }).problems[0]).toMatch(/^Set entry 1 of APP_ORIGINS to (?!.*hunter2)/);
  });

  it('refuses an empty entry and a repeated origin', () => {
    refuses({ APP_ORIGINS: 'https://example.com,' }, /^Set entry 2 of APP_ORIGINS/);
    refuses({ APP_ORIGINS: ',' + 'https://example.com' }, /^Set entry 1 of APP_ORIGINS/);
    refuses({ APP_ORIGINS: 'https://a.com,https://a.com' }, /names each entry once/);
  });
});

describe('APP_RP_ID', () => {
  it.each([
    'localhost',
    'example.com',
    'login.example.co.uk',
    'shop.github.io',
    'xn--mnchen-3ya.de',
    'corp.internal',
  ])('accepts %s', (APP_RP_ID) => accepts({ APP_RP_ID }));

  it.each([
    'com',
    'co.uk',
    'github.io',
    'intranet',
    'Example.com',
    'münchen.de',
    'example.com.',
    '127.0.0.1',
    '::1',
    'https://example.com',
    'example.com:443',
    '*.example.com',
  ])('refuses %s', (APP_RP_ID) => refuses({ APP_RP_ID }, /^Set APP_RP_ID to /));

  it('requires that every origin is on its domain', () => {
    const APP_RP_ID = 'example.com';
    accepts({ APP_RP_ID, APP_ORIGINS: 'https://example.com,https://a.b.example.com' });
    refuses(
      { APP_RP_ID, APP_ORIGINS: 'https://example.com,https://badexample.com,https://example.org' },
      /^Set APP_ORIGINS .* do not work on https:\/\/badexample\.com, https:\/\/example\.org\.$/,
    );
    refuses(
      { APP_RP_ID: 'a.example.com', APP_ORIGINS: 'https://example.com' },
      /^Set APP_ORIGINS to origins on /,
    );
  });
});

describe('APP_API_KEY', () => {
  it('accepts an API key in the right form', () => accepts({ APP_API_KEY }));

  it.each([
    APP_API_KEY.slice(0, -1),
    `${APP_API_KEY}x`,
    APP_API_KEY.replace('kw_', 'xx_'),
    `${APP_API_KEY}\n`,
  ])('refuses %j', (key) => refuses({ APP_API_KEY: key }, /^Set APP_API_KEY to kw_<id>_<secret>(?!.*aB0)/));
});
