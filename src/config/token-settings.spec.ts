import { generateKeyPairSync, type KeyObject, randomBytes } from 'node:crypto';
import { TOKEN_ALGORITHMS } from './configuration.js';
import { Environment } from './environment.js';
import { TokenVariables } from './token-settings.js';
import { readVariables } from './variables.js';

const JWT_SECRET = randomBytes(32).toString('hex');
const claims = { JWT_ISSUER: 'https://login.example.com/', JWT_AUDIENCE: 'keyway' };
const jwks = { ...claims, JWT_JWKS_URI: 'https://login.example.com/jwks.json' };
const pem = (key: KeyObject) => key.export({ type: 'spki', format: 'pem' }).toString();
const rsa = (modulusLength = 2048) => generateKeyPairSync('rsa', { modulusLength });
const ec = (namedCurve = 'P-256') => generateKeyPairSync('ec', { namedCurve });
const RSA_ALGORITHMS = ['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512'];
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
  const keysOfIssuer = (JWT_ISSUER: string, NODE_ENV = 'production') =>
    read({ ...claims, JWT_ISSUER, NODE_ENV }).tokens?.issuers.map(({ keys }) => keys);

  it('is found by OpenID discovery if none is set', () => {
    expect(keysOfIssuer('https://login.example.com/realms/shop')).toEqual([{ kind: 'discovery' }]);
    expect(algorithmsOf({})).toEqual(TOKEN_ALGORITHMS.filter((name) => !name.startsWith('HS')));
  });

  it.each(['http://localhost:8080/realms/shop', 'http://127.0.0.1:9000'])(
    'is found by discovery at %s outside production only',
    (JWT_ISSUER) => {
      expect(keysOfIssuer(JWT_ISSUER, 'development')).toEqual([{ kind: 'discovery' }]);
      refuses({ JWT_ISSUER, NODE_ENV: 'production' }, /^Set one of JWT_JWKS_URI, .* https addresses/);
    },
  );

  it.each([
    'login',
    'http://login.example.com',
    'https://login.example.com?tenant=1',
    'https://login.example.com#a',
    'https://u:p@login.example.com',
    'https://login.example.com,login',
  ])('has to be set for the issuer %s, which discovery cannot ask', (JWT_ISSUER) => {
    refuses(
      { JWT_ISSUER },
      /^Set one of JWT_JWKS_URI, JWT_PUBLIC_KEY and JWT_SECRET to say .*OpenID discovery/,
    );
    expect(
      read({ ...claims, JWT_ISSUER, JWT_SECRET, JWT_ISSUERS_SHARE_KEYS: `${JWT_ISSUER.includes(',')}` })
        .problems,
    ).toEqual([]);
  });

  it('is refused if more than one is set', () => {
    refuses({ ...jwks, JWT_SECRET }, /^Set one at most of .*: JWT_JWKS_URI and JWT_SECRET are set/);
    refuses({ JWT_PUBLIC_KEY: RSA_PEM, JWT_SECRET }, /^Set one at most of /);
    refuses({ ...jwks, JWT_PUBLIC_KEY: RSA_PEM, JWT_SECRET }, /^Set one at most of /);
  });
});

describe('JWT_JWKS_URI', () => {
  it('sets the address of the JWK Set', () => {
    expect(read(jwks).tokens).toMatchObject({
      issuers: [
        {
          name: claims.JWT_ISSUER,
          audience: claims.JWT_AUDIENCE,
          keys: { kind: 'jwks', uri: jwks.JWT_JWKS_URI, isInsecure: false },
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
    expect(algorithmsOf({ JWT_PUBLIC_KEY: RSA_PEM })).toEqual(RSA_ALGORITHMS);
    const pkcs1 = rsa().publicKey.export({ type: 'pkcs1', format: 'pem' }).toString();
    expect(algorithmsOf({ JWT_PUBLIC_KEY: pkcs1 })).toEqual(RSA_ALGORITHMS);
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

  it('accepts up to five keys of one type, one after another', () => {
    const pems = Array.from({ length: 5 }, () => pem(ec().publicKey));
    expect(keysOf({ JWT_PUBLIC_KEY: pems.join('') }).map(pem)).toEqual(pems);
    expect(keysOf({ JWT_PUBLIC_KEY: pems.join('').replaceAll('\n', '\\n') }).map(pem)).toEqual(pems);
    const mixed = pem(ec('P-256').publicKey) + pem(ec('P-384').publicKey);
    expect(algorithmsOf({ JWT_PUBLIC_KEY: mixed })).toEqual(['ES256', 'ES384']);
    refuses({ JWT_PUBLIC_KEY: pems.join('') + pem(ec().publicKey) }, /^Set JWT_PUBLIC_KEY to 5 keys at most/);
    refuses({ JWT_PUBLIC_KEY: RSA_PEM + pems[0] }, /^Set JWT_PUBLIC_KEY to keys of one type/);
    refuses({ JWT_PUBLIC_KEY: RSA_PEM + RSA_PEM }, /^Set JWT_PUBLIC_KEY to keys that differ/);
    refuses({ JWT_PUBLIC_KEY: RSA_PEM + RSA_PEM.slice(0, 200) }, /cannot be read/);
  });

  it('refuses a certificate, text without a key and a broken key', () => {
    refuses(
      { JWT_PUBLIC_KEY: '-----BEGIN CERTIFICATE-----\nAA==\n-----END CERTIFICATE-----' },
      /openssl x509/,
    );
    refuses({ JWT_PUBLIC_KEY: 'MIIBIjANBg' }, /public keys in PEM form, each/);
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

  it('accepts up to five secrets, one a line, which may hold commas', () => {
    const secrets = Array.from({ length: 5 }, () => `${randomBytes(24).toString('hex')},=`);
    for (const end of ['\n', '\r\n']) {
      const keys = keysOf({ JWT_SECRET: secrets.join(end) + end });
      expect(keys.map((key) => key.export().toString())).toEqual(secrets);
    }
    refuses({ JWT_SECRET: [...secrets, JWT_SECRET].join('\n') }, /^Set JWT_SECRET to 5 secrets at most/);
    refuses({ JWT_SECRET: `${JWT_SECRET}\n${JWT_SECRET}` }, /^Set JWT_SECRET to secrets that differ/);
    refuses({ JWT_SECRET: `${JWT_SECRET}\n\n${secrets[0]}` }, /^Set line 2 of JWT_SECRET to the secret/);
    refuses({ JWT_SECRET: `${JWT_SECRET}\nshort` }, /^Set line 2 of JWT_SECRET to (?!.*short)/);
  });
});

describe('JWT_ALGORITHMS', () => {
  it('default to all that the keys can serve', () => {
    expect(algorithmsOf({ JWT_SECRET })).toEqual(['HS256', 'HS384', 'HS512']);
    expect(algorithmsOf(jwks)).toEqual(TOKEN_ALGORITHMS.filter((name) => !name.startsWith('HS')));
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

  it.each([' a', 'a ', 'a\tb', 'a\n', 'a,', ',a'])('refuses %j', (text) =>
    refuses({ ...jwks, [name]: text }, new RegExp(`^Set ${name} to .*without spaces around it`)),
  );
});

describe('several issuers', () => {
  const [A, B, C] = ['https://a.example', 'https://b.example/', 'urn:c'];
  const two = { JWT_ISSUER: `${A}, ${B}`, JWT_AUDIENCE: 'keyway' };
  const secrets = [JWT_SECRET, randomBytes(32).toString('hex')] as const;
  const read2 = (env: NodeJS.ProcessEnv) => read({ ...two, ...env });
  const issuersOf = (env: NodeJS.ProcessEnv) => read2(env).tokens?.issuers;

  it('have key settings paired with them by position', () => {
    const uris = ['https://a.example/jwks', 'https://keys.example/b'];
    expect(issuersOf({ JWT_JWKS_URI: uris.join(',') })).toEqual([
      { name: A, audience: 'keyway', keys: { kind: 'jwks', uri: uris[0], isInsecure: false } },
      { name: B, audience: 'keyway', keys: { kind: 'jwks', uri: uris[1], isInsecure: false } },
    ]);
    const shown = issuersOf({ JWT_SECRET: secrets.join('\n') })?.map(({ keys }) =>
      keys.kind === 'given' ? keys.keys.map(({ key }) => key.export().toString()) : [],
    );
    expect(shown).toEqual([[secrets[0]], [secrets[1]]]);
  });

  it('are each found by discovery without a key setting', () => {
    expect(issuersOf({})).toMatchObject([
      { name: A, keys: { kind: 'discovery' } },
      { name: B, keys: { kind: 'discovery' } },
    ]);
  });

  it('share one source only if JWT_ISSUERS_SHARE_KEYS says so', () => {
    const JWT_JWKS_URI = 'https://a.example/jwks';
    const share = { JWT_ISSUERS_SHARE_KEYS: 'true' };
    for (const key of [{ JWT_JWKS_URI }, { JWT_SECRET: secrets.join('\n') }, { JWT_SECRET }]) {
      const [a, b] = issuersOf({ ...key, ...share })!;
      expect(a!.keys).toBe(b!.keys);
    }
    const sentence =
      /^Set JWT_\w+ to one (address|key) for each of the 2 issuers .*JWT_ISSUERS_SHARE_KEYS to true/;
    for (const key of [{ JWT_JWKS_URI }, { JWT_SECRET }, { JWT_PUBLIC_KEY: RSA_PEM }]) {
      refuses({ ...two, ...key }, sentence);
      refuses({ ...two, ...key, JWT_ISSUERS_SHARE_KEYS: 'false' }, sentence);
    }
    refuses(
      { ...two, JWT_ISSUER: `${A},${B},${C}`, JWT_SECRET: secrets.join('\n') },
      /each of the 3 issuers/,
    );
    refuses(
      { ...two, JWT_JWKS_URI: `${JWT_JWKS_URI},${JWT_JWKS_URI}` },
      /name it once and set JWT_ISSUERS_SHARE_KEYS/,
    );
    refuses(
      { ...two, JWT_SECRET: `${JWT_SECRET}\n${JWT_SECRET}` },
      /name it once and set JWT_ISSUERS_SHARE_KEYS/,
    );
    refuses(
      { ...two, ...share, JWT_JWKS_URI: `${JWT_JWKS_URI},${JWT_JWKS_URI}2` },
      /to one address: the issuers share it/,
    );
  });

  it('are what JWT_ISSUERS_SHARE_KEYS is for, with a key setting', () => {
    const share = { JWT_ISSUERS_SHARE_KEYS: 'true' };
    refuses({ ...jwks, ...share }, /^Unset JWT_ISSUERS_SHARE_KEYS: JWT_ISSUER names one issuer/);
    refuses({ ...two, ...share }, /^Unset JWT_ISSUERS_SHARE_KEYS, or set one of .*by OpenID discovery/);
    refuses({ ...jwks, JWT_ISSUERS_SHARE_KEYS: 'yes' }, /^Set JWT_ISSUERS_SHARE_KEYS to true or false/);
    refuses(
      { JWT_JWKS_URI: 'https://a.example/1,https://a.example/2' },
      /to one address: JWT_ISSUER names one issuer/,
    );
  });

  it('have one audience, or one each', () => {
    const audiences = (JWT_AUDIENCE: string) => issuersOf({ JWT_AUDIENCE })?.map(({ audience }) => audience);
    expect(audiences('keyway')).toEqual(['keyway', 'keyway']);
    expect(audiences('web, app')).toEqual(['web', 'app']);
    refuses(
      { ...two, JWT_AUDIENCE: 'a,b,c' },
      /^Set JWT_AUDIENCE to one audience for all issuers, or .* the 2 in/,
    );
    refuses({ JWT_AUDIENCE: 'a,b' }, /^Set JWT_AUDIENCE to one audience: JWT_ISSUER names one issuer/);
  });

  it('are each named once', () =>
    refuses({ JWT_ISSUER: `${A},${A}` }, /^Set JWT_ISSUER to a list that names each/));
});

describe('JWT_AUDIENCE_CLAIM', () => {
  const claimOf = (name?: string) => read({ ...jwks, JWT_AUDIENCE_CLAIM: name }).tokens?.audienceClaim;

  it('names what stands for aud; by default nothing does', () => {
    expect([undefined, 'aud', 'client_id', 'azp'].map(claimOf)).toEqual([null, null, 'client_id', 'azp']);
  });

  it.each(['iss', 'sub', 'email', 'name', 'preferred_username', 'client_id,azp', ' azp', 'a\tb'])(
    'refuses %j',
    (JWT_AUDIENCE_CLAIM) =>
      refuses({ ...jwks, JWT_AUDIENCE_CLAIM }, /^Set JWT_AUDIENCE_CLAIM to the one claim/),
  );
});

describe('JWT_JWKS_INSECURE', () => {
  const insecure = { NODE_ENV: 'production', JWT_JWKS_INSECURE: 'true' };

  it.each([
    'http://keycloak:8080/certs',
    'http://10.0.0.7/jwks',
    'http://[fd00::7]/jwks',
    'http://localhost/jwks',
  ])('accepts %s in production', (JWT_JWKS_URI) => {
    const { tokens } = read({ ...claims, ...insecure, JWT_JWKS_URI });
    expect(tokens?.issuers).toMatchObject([{ keys: { kind: 'jwks', uri: JWT_JWKS_URI, isInsecure: true } }]);
    refuses({ NODE_ENV: 'production', JWT_JWKS_URI }, /^Set JWT_JWKS_URI to the https address/);
  });

  it.each([
    'http://8.8.8.8/jwks',
    'http://169.254.169.254/jwks',
    'http://[::ffff:10.0.0.1]/jwks',
    'http://u:p@keycloak/jwks',
  ])('refuses %s', (JWT_JWKS_URI) =>
    refuses({ ...insecure, JWT_JWKS_URI }, /^Set JWT_JWKS_URI to the https address/),
  );

  it('is refused unless it makes a difference', () => {
    const sentence = /^Unset JWT_JWKS_INSECURE: it is for an http address in JWT_JWKS_URI alone/;
    refuses({ ...jwks, ...insecure }, sentence);
    refuses(insecure, sentence);
    refuses({ ...insecure, JWT_SECRET }, sentence);
    refuses({ ...jwks, JWT_JWKS_INSECURE: 'yes' }, /^Set JWT_JWKS_INSECURE to true or false/);
  });

  it('never lets a key set over https count as insecure', () => {
    const JWT_JWKS_URI = 'http://keycloak/a,https://b.example/jwks';
    const { tokens } = read({ JWT_ISSUER: 'a,b', JWT_AUDIENCE: 'keyway', ...insecure, JWT_JWKS_URI });
    expect(tokens?.issuers.map(({ keys }) => keys.kind === 'jwks' && keys.isInsecure)).toEqual([true, false]);
  });
});
