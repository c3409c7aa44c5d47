import { Environment } from './environment.js';
import { HttpVariables } from './http-settings.js';
import { readVariables } from './variables.js';

const read = (env: NodeJS.ProcessEnv) => {
  const { variables, problems } = readVariables(HttpVariables, new Environment(env));
  return { ...(problems.length === 0 && variables.toSettings()), problems };
};
const production = { NODE_ENV: 'production', PUBLIC_URL: 'https://passkeys.example.com' };
const accepts = (env: NodeJS.ProcessEnv) => expect(read(env).problems).toEqual([]);
const refuses = (env: NodeJS.ProcessEnv, sentence: RegExp) =>
  expect(read(env).problems).toEqual([expect.stringMatching(sentence)]);

describe('NODE_ENV', () => {
  const kindOf = (NODE_ENV?: string) => new Environment({ NODE_ENV }).kind;

  it('is development unless set', () => {
    expect([kindOf(), kindOf('')]).toEqual(['development', 'development']);
  });

  it.each(['development', 'test', 'production'])('accepts %s', (environment) => {
    expect(kindOf(environment)).toBe(environment);
  });

  it.each(['prod', 'staging', 'Production', ' production'])(
    'counts as production when it is "%s", and asks for what production asks for',
    (NODE_ENV) => {
      expect(kindOf(NODE_ENV)).toBe('production');
      refuses({ NODE_ENV }, /^Set PUBLIC_URL to the https address/);
    },
  );
});

describe('HOST', () => {
  it('is 127.0.0.1 by default, and all addresses in production', () => {
    expect(read({}).host).toBe('127.0.0.1');
    expect(read(production).host).toBe('0.0.0.0');
  });

  it.each(['::1', '0.0.0.0', 'localhost', 'keyway-0.internal'])('accepts %s', (HOST) => {
    expect(read({ HOST })).toMatchObject({ host: HOST, problems: [] });
  });

  it.each(['127.0.0.1:3000', 'http://localhost', '[::1]', 'a b', '256.1.1.1'])('refuses "%s"', (HOST) =>
    refuses({ HOST }, /^Set HOST to /),
  );
});

describe('PORT', () => {
  it('is 3000 by default', () => expect(read({ PORT: '' }).port).toBe(3000));

  it.each([
    ['0', 0],
    ['1', 1],
    ['65535', 65535],
  ])('accepts %s', (PORT, port) => {
    expect(read({ PORT })).toMatchObject({ port, problems: [] });
  });

  it.each(['65536', '-1', '+80', '3e3', '0x50', '080', '80.5', ' 80', 'http'])('refuses "%s"', (PORT) =>
    refuses({ PORT }, /^Set PORT to a whole number from 0 to 65535/),
  );
});

describe('PUBLIC_URL', () => {
  it('is required in production', () =>
    refuses({ NODE_ENV: 'production' }, /^Set PUBLIC_URL to the https address/));

  it('is localhost with the port outside production', () => {
    expect(read({ PORT: '8080' }).publicUrl).toBe('http://localhost:8080');
  });

  it('drops a slash at the end and keeps the path', () => {
    expect(read({ PUBLIC_URL: 'https://example.com/' }).publicUrl).toBe('https://example.com');
    expect(read({ PUBLIC_URL: 'https://example.com/keys/' }).publicUrl).toBe('https://example.com/keys');
  });

  it.each(['http://localhost:3000', 'http://127.0.0.1', 'http://[::1]:3000'])(
    'accepts %s, in production too',
    (url) => accepts({ ...production, PUBLIC_URL: url }),
  );

  it.each([
    ['http://example.com', /http is for localhost only/],
    ['http://127.0.0.1.example.com', /http is for localhost only/],
    ['https://u:hunter2@example.com', /without user name and password/],
    ['https://example.com/?a=1', /without a query/],
    ['https://example.com/#a', /without a query or a fragment/],
    ['https://example.com/?', /without a query/],
    ['ftp://example.com', /^Set PUBLIC_URL/],
    ['passkeys.example.com', /^Set PUBLIC_URL/],
    ['/keys', /^Set PUBLIC_URL/],
  ])('refuses %s', (PUBLIC_URL, sentence) => {
    refuses({ PUBLIC_URL }, sentence);
    expect(read({ PUBLIC_URL }).problems[0]).not.toContain('hunter2');
  });
});

describe('TRUST_PROXY', () => {
  it('trusts no proxy by default', () => expect(read({}).trustProxy).toBe(false));

  it.each([
    ['1', 1],
    ['32', 32],
    ['10.0.0.0/8', ['10.0.0.0/8']],
    ['loopback, 192.0.2.7,2001:db8::/32', ['loopback', '192.0.2.7', '2001:db8::/32']],
    ['linklocal,uniquelocal', ['linklocal', 'uniquelocal']],
  ])('accepts %s', (TRUST_PROXY, trustProxy) => {
    expect(read({ TRUST_PROXY })).toMatchObject({ trustProxy, problems: [] });
  });

  it('refuses true, because that would trust the address of every caller', () =>
    refuses({ TRUST_PROXY: 'true' }, /true would believe any address that a caller claims/));

  it.each([
    '0',
    '33',
    '-1',
    'yes',
    'false',
    '10.0.0.0/33',
    '0.0.0.0/0',
    '10.0.0.0/8/8',
    '::/129',
    'fe80::1%eth0',
    '1,2',
    'loopback,',
  ])('refuses %s', (TRUST_PROXY) => refuses({ TRUST_PROXY }, /^Set TRUST_PROXY to /));
});
