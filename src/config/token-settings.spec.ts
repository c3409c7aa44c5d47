import { generateKeyPairSync, type KeyObject, randomBytes } from 'node:crypto';
import { Environment } from './environment.js';
import { TokenVariables } from './token-settings.js';
import { readVariables } from './variables.js';

const JWT_SECRET = randomBytes(32).toString('hex');
const claims = { JWT_ISSUER: 'https://login.example.com/', JWT_AUDIENCE: 'keyway' };
const jwks = { ...claims, JWT_JWKS_URI: 'https://login.example.com/jwks.json' };
const pem = (key: KeyObject) => key.export({ type: 'spki', format: 'pem' }).toString();
const rsa = (modulusLength = 2048) => generateKeyPairSync('rsa', { modulusLength });
const ec = (namedCurve = 'P-256') => generateKeyPairSync('ec', { namedCurve });
const RSA_PEM = pem(rsa().publicKey);

const read = (env: NodeJS.ProcessEnv) => {
  const { variables, problems } = readVariables(TokenVariables, new Environment(env));
  return { tokens: problems.length === 0 ? variables.toSettings() : undefined, problems };
};
const keysOf = (env: NodeJS.ProcessEnv): readonly KeyObject[] => {
  const keys = read({ ...claims, ...env }).tokens?.issuers[0]?.keys;
  return keys?.kind === 'given' ? keys.keys.map(({ key }) => key) : [];
};
const algorithmsOf = (env: NodeJS.ProcessEnv) => read({ ...claims, ...env }).tokens?.algorithms;
const refuses = (env: NodeJS.ProcessEnv, sentence: RegExp) =>
  expect(read({ ...claims, ...env })).toEqual({
    tokens: undefined,
    problems: [expect.stringMatching(sentence)],
  });

describe('the key for tokens', () => {
  it('is required', () =>
    refuses({}, /^Set exactly one of JWT_JWKS_URI, JWT_PUBLIC_KEY and JWT_SECRET to say/));

  it('is refused if more than one is set', () => {
    refuses({ ...jwks, JWT_SECRET }, /^Set exactly one of .*: JWT_JWKS_URI and JWT_SECRET are set/);
    refuses({ JWT_PUBLIC_KEY: RSA_PEM, JWT_SECRET }, /^Set exactly one of /);
    refuses({ ...jwks, JWT_PUBLIC_KEY: RSA_PEM, JWT_SECRET }, /^Set exactly one of /);
  });
});

describe('JWT_JWKS_URI', () => {
  it('sets the address of the JWK Set', () => {
    expect(read(jwks).tokens).toMatchObject({
      issuers: [
        {
          name: claims.JWT_ISSUER,
          audience: claims.JWT_AUDIENCE,
          keys: { kind: 'jwks', uri: jwks.JWT_JWKS_URI },
        },
      ],
    });
  });

  it.each(['http://localhost:8080/jwks', 'http://127.0.0.1/jwks', 'http://[::1]/jwks'])(
    'accepts %s outside production only',
    (JWT_JWKS_URI) => {
      expect(read({ ...claims, JWT_JWKS_URI }).problems).toEqual([]);
      refuses({ NODE_ENV: 'production', JWT_JWKS_URI }, /^Set JWT_JWKS_URI to the https address/);
    },
  );

  it.each([
    'http://login.example.com/jwks',
    'https://u:hunter2@login.example.com/jwks',
    'https://login.example.com/jwks#a',
    'file:///etc/jwks.json',
    'login.example.com/jwks',
  ])('refuses %s', (JWT_JWKS_URI) => refuses({ JWT_JWKS_URI }, /^Set JWT_JWKS_URI to (?!.*hunter2)/));
});

describe('JWT_PUBLIC_KEY', () => {
  it('accepts an RSA key of 2048 bits or more, as SPKI or PKCS #1', () => {
    expect(algorithmsOf({ JWT_PUBLIC_KEY: RSA_PEM })).toEqual(['RS256']);
    const pkcs1 = rsa().publicKey.export({ type: 'pkcs1', format: 'pem' }).toString();
    expect(algorithmsOf({ JWT_PUBLIC_KEY: pkcs1 })).toEqual(['RS256']);
    refuses({ JWT_PUBLIC_KEY: pem(rsa(1024).publicKey) }, /an RSA key of at least 2048 bits/);
  });

  it('accepts an EC key on P-256, P-384 or P-521', () => {
    expect(algorithmsOf({ JWT_PUBLIC_KEY: pem(ec('P-256').publicKey) })).toEqual(['ES256']);
    expect(algorithmsOf({ JWT_PUBLIC_KEY: pem(ec('P-384').publicKey) })).toEqual(['ES384']);
    expect(algorithmsOf({ JWT_PUBLIC_KEY: pem(ec('P-521').publicKey) })).toEqual(['ES512']);
    refuses({ JWT_PUBLIC_KEY: pem(ec('secp256k1').publicKey) }, /on the curve P-256, P-384 or P-521/);
  });

  it('accepts a key with escaped line breaks', () => {
    const keys = keysOf({ JWT_PUBLIC_KEY: RSA_PEM.replaceAll('\n', '\\n') });
    expect(keys.map(({ type }) => type)).toEqual(['public']);
  });

  it('refuses a private key', () => {
    const key = ec().privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
    refuses({ JWT_PUBLIC_KEY: key }, /it holds a private key/);
    refuses({ JWT_PUBLIC_KEY: RSA_PEM + key }, /it holds a private key/);
    expect(read({ ...claims, JWT_PUBLIC_KEY: key }).problems.join()).not.toContain(key.split('\n')[1]);
  });

  it('accepts an Ed25519 key', () => {
    expect(algorithmsOf({ JWT_PUBLIC_KEY: pem(generateKeyPairSync('ed25519').publicKey) })).toEqual([
      'EdDSA',
    ]);
  });

  it('refuses keys of other types', () => {
    refuses({ JWT_PUBLIC_KEY: pem(generateKeyPairSync('x25519').publicKey) }, /an RSA, EC or Ed25519 key/);
    refuses({ JWT_PUBLIC_KEY: pem(generateKeyPairSync('ed448').publicKey) }, /an RSA, EC or Ed25519 key/);
    refuses(
      { JWT_PUBLIC_KEY: pem(generateKeyPairSync('rsa-pss', { modulusLength: 2048 }).publicKey) },
      /an RSA, EC or Ed25519 key/,
    );
  });

  it('refuses a certificate, several keys and a broken key', () => {
    refuses(
      { JWT_PUBLIC_KEY: '-----BEGIN CERTIFICATE-----\nAA==\n-----END CERTIFICATE-----' },
      /openssl x509/,
    );
    refuses({ JWT_PUBLIC_KEY: RSA_PEM + RSA_PEM }, /one public key in PEM form/);
    refuses({ JWT_PUBLIC_KEY: 'MIIBIjANBg' }, /one public key in PEM form/);
    refuses({ JWT_PUBLIC_KEY: RSA_PEM.slice(0, 200) }, /cannot be read/);
  });
});

describe('JWT_SECRET', () => {
  it('is used as the bytes of its text', () => {
    expect(keysOf({ JWT_SECRET }).map((key) => key.export())).toEqual([Buffer.from(JWT_SECRET)]);
  });

  it('refuses a secret that is shorter than 32 bytes or repetitive', () => {
    refuses(
      { JWT_SECRET: 'abcdefghijklmnopqrstuvwxyz01234' },
      /^Set JWT_SECRET to .*32 random bytes or more/,
    );
    refuses({ JWT_SECRET: 'secret'.repeat(10) }, /^Set JWT_SECRET to (?!.*secretsecret)/);
  });
});

describe('JWT_ALGORITHMS', () => {
  it('default to those of the key', () => {
    expect(algorithmsOf({ JWT_SECRET })).toEqual(['HS256']);
    expect(algorithmsOf(jwks)).toEqual(['RS256', 'ES256']);
  });

  it('accepts each algorithm that the key can serve, once', () => {
    expect(algorithmsOf({ JWT_SECRET, JWT_ALGORITHMS: 'HS512, HS256,HS512' })).toEqual(['HS512', 'HS256']);
    expect(algorithmsOf({ JWT_PUBLIC_KEY: RSA_PEM, JWT_ALGORITHMS: 'PS384,RS512' })).toEqual([
      'PS384',
      'RS512',
    ]);
    expect(algorithmsOf({ ...jwks, JWT_ALGORITHMS: 'ES512,PS256' })).toEqual(['ES512', 'PS256']);
  });

  it.each([
    ['a secret', { JWT_SECRET }, 'RS256'],
    ['a secret, in part', { JWT_SECRET }, 'HS256,ES256'],
    ['an RSA key', { JWT_PUBLIC_KEY: RSA_PEM }, 'HS256'],
    ['an RSA key', { JWT_PUBLIC_KEY: RSA_PEM }, 'ES256'],
    ['a P-256 key', { JWT_PUBLIC_KEY: pem(ec().publicKey) }, 'ES384'],
    ['a JWK Set', jwks, 'RS256,HS256'],
  ])('refuses an algorithm that does not fit %s', (_what, key, JWT_ALGORITHMS) =>
    refuses({ ...key, JWT_ALGORITHMS }, /^Set JWT_ALGORITHMS to algorithms that the key can serve/),
  );

  it('accepts EdDSA for a JWK Set and an Ed25519 key, and refuses it for any other key', () => {
    const JWT_ALGORITHMS = 'EdDSA';
    expect(algorithmsOf({ ...jwks, JWT_ALGORITHMS: 'EdDSA,RS256' })).toEqual(['EdDSA', 'RS256']);
    const JWT_PUBLIC_KEY = pem(generateKeyPairSync('ed25519').publicKey);
    expect(algorithmsOf({ JWT_PUBLIC_KEY, JWT_ALGORITHMS })).toEqual(['EdDSA']);
    for (const key of [
      { JWT_SECRET },
      { JWT_PUBLIC_KEY: RSA_PEM },
      { JWT_PUBLIC_KEY: pem(ec().publicKey) },
    ]) {
      refuses({ ...key, JWT_ALGORITHMS }, /^Set JWT_ALGORITHMS to algorithms that the key can serve/);
    }
  });

  it('refuses none and unknown algorithms', () => {
    refuses({ ...jwks, JWT_ALGORITHMS: 'RS256,None' }, /without none/);
    refuses({ ...jwks, JWT_ALGORITHMS: 'Ed448' }, /a comma list out of RS256/);
    refuses({ ...jwks, JWT_ALGORITHMS: 'rs256' }, /a comma list out of RS256/);
    refuses({ ...jwks, JWT_ALGORITHMS: 'RS256,' }, /a comma list out of RS256/);
  });
});

describe.each(['JWT_ISSUER', 'JWT_AUDIENCE'])('%s', (name) => {
  it('is required', () => refuses({ ...jwks, [name]: '' }, new RegExp(`^Set ${name} to `)));

  it.each([' a', 'a ', 'a\tb', 'a\n'])('refuses %j', (text) =>
    refuses({ ...jwks, [name]: text }, new RegExp(`^Set ${name} to .*without spaces around it`)),
  );
});
