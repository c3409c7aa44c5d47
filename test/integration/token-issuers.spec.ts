import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { parseEnv } from 'node:util';
import { type JWTPayload, SignJWT } from 'jose';
import type { TokenSettings } from '../../src/config/configuration.js';
import { Environment } from '../../src/config/environment.js';
import { TokenVariables } from '../../src/config/token-settings.js';
import { UsernameVariables } from '../../src/config/username-settings.js';
import { readVariables } from '../../src/config/variables.js';
import { blocksOf } from '../docs/markdown.js';
import { buildApp, buildAppOn, type TestApp } from '../support/build-app.js';
import { type FakeServer, fakeServer } from '../support/fake-server.js';
import { send } from '../support/http-answer.js';

const PAGE = 'docs/token-issuers.md';
const RSA = generateKeyPairSync('rsa', { modulusLength: 2048 });
const KEYS = {
  RS256: RSA,
  ES256: generateKeyPairSync('ec', { namedCurve: 'P-256' }),
  ES384: generateKeyPairSync('ec', { namedCurve: 'P-384' }),
  EdDSA: generateKeyPairSync('ed25519'),
};
const now = Math.floor(Date.now() / 1000);
const times = { iat: now - 5, exp: now + 3600 };
const jwkOf = (key: KeyObject, rest: object = {}) => ({ ...key.export({ format: 'jwk' }), ...rest });

/** A token as an issuer gives it: the header, the claims, and what people see of it. */
interface Issued {
  readonly alg: keyof typeof KEYS | 'HS256';
  readonly header?: Record<string, unknown>;
  readonly claims: JWTPayload;
  readonly username: string;
  /** The issuer's JWK Set, where it has more than the key. */
  readonly keys?: readonly object[];
}

const KEYCLOAK: Issued = {
  alg: 'RS256',
  header: { typ: 'JWT', kid: 'FJ86GcF3jTbNLOco4NvZkUCIUmfYCqoqtOQeMfbhNlE' },
  claims: {
    ...times,
    auth_time: now - 5,
    jti: 'onrtac:8a1d2f52-1a51-4a5c-a5b0-2f0b5a1d2f52',
    iss: 'https://login.shop.example/realms/shop',
    aud: ['keyway', 'account'],
    sub: 'f1b0e9a6-7b0d-4f5e-8f0a-1c2d3e4f5a6b',
    typ: 'Bearer',
    azp: 'shop-web',
    sid: '0c3f2f52-1a51-4a5c-a5b0-2f0b5a1d2f52',
    acr: '1',
    'allowed-origins': ['https://www.shop.example'],
    realm_access: { roles: ['offline_access', 'uma_authorization'] },
    resource_access: { account: { roles: ['manage-account'] } },
    scope: 'openid profile email',
    email_verified: true,
    name: 'Ada Lovelace',
    preferred_username: 'ada',
    given_name: 'Ada',
    family_name: 'Lovelace',
    email: 'ada@example.org',
  },
  username: 'ada',
  keys: [
    jwkOf(generateKeyPairSync('rsa', { modulusLength: 2048 }).publicKey, {
      kid: 'OAEP',
      alg: 'RSA-OAEP',
      use: 'enc',
    }),
    jwkOf(RSA.publicKey, {
      kid: 'FJ86GcF3jTbNLOco4NvZkUCIUmfYCqoqtOQeMfbhNlE',
      alg: 'RS256',
      use: 'sig',
      x5c: ['MIICmzCCAYM'],
      x5t: 'AAAA',
      'x5t#S256': 'AAAA',
    }),
  ],
};

const SUPABASE = {
  ...times,
  iss: 'https://abcdefghijklmnopqrst.supabase.co/auth/v1',
  aud: 'authenticated',
  sub: '123e4567-e89b-12d3-a456-426614174000',
  email: 'ada@example.org',
  phone: '',
  app_metadata: { provider: 'email', providers: ['email'] },
  user_metadata: { email: 'ada@example.org' },
  role: 'authenticated',
  aal: 'aal1',
  amr: [{ method: 'password', timestamp: now - 5 }],
  session_id: '6b1a0b0e-8f0a-4f5e-8f0a-1c2d3e4f5a6b',
  is_anonymous: false,
};

/** By the heading of the page, one for each of its blocks. */
const TOKENS: Readonly<Record<string, readonly Issued[]>> = {
  Keycloak: [KEYCLOAK, { ...KEYCLOAK, header: { ...KEYCLOAK.header, typ: 'at+jwt' } }],
  Auth0: [
    {
      alg: 'RS256',
      header: { typ: 'at+jwt', kid: 'rWOK2f8xTmAbYmYyMzE0Nw' },
      claims: {
        ...times,
        iss: 'https://shop.eu.auth0.com/',
        sub: 'auth0|64f0c0ffee00000000000001',
        aud: ['https://passkeys.shop.example', 'https://shop.eu.auth0.com/userinfo'],
        scope: 'openid profile email',
        client_id: 'my_client_id',
        jti: 'SvMzyRgqZAuHWKRJnO1KQp',
        'https://shop.example/email': 'ada@example.org',
      },
      username: 'ada@example.org',
    },
  ],
  'Amazon Cognito': [
    {
      alg: 'RS256',
      header: { kid: '1234example=' },
      claims: {
        ...times,
        sub: 'aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee',
        iss: 'https://cognito-idp.eu-central-1.amazonaws.com/eu-central-1_AbCdEfGhI',
        version: 2,
        client_id: '7h2l5k0example4client9id',
        origin_jti: 'aaaaaaaa-bbbb-cccc-dddd-ffffffffffff',
        event_id: 'aaaaaaaa-bbbb-cccc-dddd-000000000000',
        token_use: 'access',
        scope: 'openid profile',
        auth_time: now - 5,
        jti: 'aaaaaaaa-bbbb-cccc-dddd-111111111111',
        username: 'ada',
      },
      username: 'ada',
    },
    {
      alg: 'RS256',
      header: { kid: '1234example=' },
      claims: {
        ...times,
        sub: 'aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee',
        'cognito:groups': ['customers'],
        email_verified: true,
        iss: 'https://cognito-idp.eu-central-1.amazonaws.com/eu-central-1_AbCdEfGhI',
        'cognito:username': 'aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee',
        origin_jti: 'aaaaaaaa-bbbb-cccc-dddd-ffffffffffff',
        aud: '7h2l5k0example4client9id',
        event_id: 'aaaaaaaa-bbbb-cccc-dddd-000000000000',
        token_use: 'id',
        auth_time: now - 5,
        jti: 'aaaaaaaa-bbbb-cccc-dddd-111111111111',
        email: 'ada@example.org',
      },
      username: 'ada@example.org',
    },
  ],
  'Microsoft Entra ID': [
    {
      alg: 'RS256',
      header: { typ: 'JWT', kid: 'nOo3ZDrODXEK1jKWhXslHR_KXEg' },
      claims: {
        ...times,
        nbf: now - 5,
        aud: '11112222-3333-4444-5555-666677778888',
        iss: 'https://login.microsoftonline.com/9188040d-6c67-4c5b-b112-36a304b66dad/v2.0',
        aio: 'AWQAm/8TAAAA',
        azp: '00001111-aaaa-2222-bbbb-3333cccc4444',
        azpacr: '0',
        name: 'Ada Lovelace',
        oid: '00000000-0000-0000-66f3-3332eca7ea81',
        preferred_username: 'ada@shop.example',
        rh: '0.AAAA',
        scp: 'Passkeys.Manage',
        sub: 'AAAAAAAAAAAAAAAAAAAAAIkzqFVrSaSaFHy782bbtaQ',
        tid: '9188040d-6c67-4c5b-b112-36a304b66dad',
        uti: 'fqiBqXLPj0eQa82S-IYFAA',
        ver: '2.0',
      },
      username: 'ada@shop.example',
      keys: [
        jwkOf(RSA.publicKey, { kid: 'nOo3ZDrODXEK1jKWhXslHR_KXEg', use: 'sig', x5t: 'AAAA', x5c: ['MIIC'] }),
      ],
    },
    {
      alg: 'RS256',
      header: { typ: 'JWT', kid: 'nOo3ZDrODXEK1jKWhXslHR_KXEg', x5t: 'nOo3ZDrODXEK1jKWhXslHR_KXEg' },
      claims: {
        ...times,
        nbf: now - 5,
        aud: 'api://11112222-3333-4444-5555-666677778888',
        iss: 'https://sts.windows.net/9188040d-6c67-4c5b-b112-36a304b66dad/',
        acr: '1',
        amr: ['pwd', 'mfa'],
        appid: '00001111-aaaa-2222-bbbb-3333cccc4444',
        appidacr: '0',
        name: 'Ada Lovelace',
        oid: '00000000-0000-0000-66f3-3332eca7ea81',
        scp: 'Passkeys.Manage',
        sub: 'AAAAAAAAAAAAAAAAAAAAAIkzqFVrSaSaFHy782bbtaQ',
        tid: '9188040d-6c67-4c5b-b112-36a304b66dad',
        unique_name: 'ada@shop.example',
        upn: 'ada@shop.example',
        ver: '1.0',
      },
      username: 'ada@shop.example',
    },
  ],
  Firebase: [
    {
      alg: 'RS256',
      header: { typ: 'JWT', kid: 'de955a1bd0a0fa4a5f1b0f3a2c1d0e9f8a7b6c5d' },
      claims: {
        ...times,
        name: 'Ada Lovelace',
        iss: 'https://securetoken.google.com/shop-example',
        aud: 'shop-example',
        auth_time: now - 5,
        user_id: 'kL0f3example1UserId2Of3Firebase',
        sub: 'kL0f3example1UserId2Of3Firebase',
        email: 'ada@example.org',
        email_verified: true,
        firebase: { identities: { email: ['ada@example.org'] }, sign_in_provider: 'password' },
      },
      username: 'ada@example.org',
    },
  ],
  Supabase: [
    {
      alg: 'ES256',
      header: { typ: 'JWT', kid: '3a18cfe2-7226-43b3-bdaf-fd9b6e6c4d6e' },
      claims: SUPABASE,
      username: 'ada@example.org',
      keys: [
        jwkOf(KEYS.ES256.publicKey, {
          kid: '3a18cfe2-7226-43b3-bdaf-fd9b6e6c4d6e',
          alg: 'ES256',
          use: 'sig',
          key_ops: ['verify'],
          ext: true,
        }),
      ],
    },
    { alg: 'HS256', header: { typ: 'JWT' }, claims: SUPABASE, username: 'ada@example.org' },
  ],
  Clerk: [
    {
      alg: 'RS256',
      header: { typ: 'JWT', cat: 'cl_B7d4PD111AAA', kid: 'ins_2abcExample' },
      claims: {
        ...times,
        nbf: now - 15,
        azp: 'https://www.shop.example',
        fva: [7, -1],
        iss: 'https://clerk.shop.example',
        pla: 'u:free',
        sid: 'sess_2abcExampleSession',
        sts: 'active',
        sub: 'user_2abcExampleUser',
        v: 2,
        email: 'ada@example.org',
      },
      username: 'ada@example.org',
    },
  ],
  Google: [
    {
      alg: 'RS256',
      header: { typ: 'JWT', kid: '17f0f0f14e9cafa9ab5180150ae714c9fd1b5c26' },
      claims: {
        ...times,
        iss: 'https://accounts.google.com',
        azp: '1234567890-abc123def456.apps.googleusercontent.com',
        aud: '1234567890-abc123def456.apps.googleusercontent.com',
        sub: '110169484474386276334',
        email: 'ada@example.org',
        email_verified: true,
        at_hash: 'HK6E_P6Dh8Y93mRNtsDB1Q',
        name: 'Ada Lovelace',
        picture: 'https://lh3.googleusercontent.com/a/photo.jpg',
        given_name: 'Ada',
        family_name: 'Lovelace',
      },
      username: 'ada@example.org',
    },
  ],
  Okta: [
    {
      alg: 'RS256',
      header: { kid: 'mB2example9key0id' },
      claims: {
        ...times,
        ver: 1,
        jti: 'AT.0mP4JKAZX1iACIT4vbEDF7LpvDVjxypPMf0D7uX39RE',
        iss: 'https://shop.okta.com/oauth2/default',
        aud: 'api://default',
        cid: '0oa1example2client3',
        uid: '00uid4BxXw6I6TV4m0g3',
        scp: ['openid', 'profile'],
        auth_time: now - 5,
        sub: 'ada@example.org',
      },
      username: 'ada@example.org',
    },
  ],
  Zitadel: [
    {
      alg: 'EdDSA',
      header: { typ: 'JWT', kid: '280000000000000009' },
      claims: {
        ...times,
        nbf: now - 5,
        iss: 'https://shop-abc123.zitadel.cloud',
        sub: '280000000000000007',
        aud: ['280000000000000002', '280000000000000003', '280000000000000001'],
        client_id: '280000000000000002',
        jti: 'V2_280000000000000004-at_280000000000000005',
        preferred_username: 'ada@shop.example',
      },
      username: 'ada@shop.example',
    },
  ],
  'Better Auth': [
    {
      alg: 'EdDSA',
      header: { kid: 'c5c7995d-0037-4553-8aee-b5b620b89b23' },
      claims: {
        ...times,
        name: 'Ada Lovelace',
        email: 'ada@example.org',
        emailVerified: true,
        image: null,
        createdAt: '2026-01-01T00:00:00.000Z',
        updatedAt: '2026-01-01T00:00:00.000Z',
        id: 'kX3example8user1id',
        sub: 'kX3example8user1id',
        iss: 'https://www.shop.example',
        aud: 'https://www.shop.example',
      },
      username: 'ada@example.org',
    },
  ],
  Logto: [
    {
      alg: 'ES384',
      header: { typ: 'at+jwt', kid: 'bH-sAExampleKeyId' },
      claims: {
        ...times,
        username: 'ada',
        jti: 'iFtbZBeh2M1cTTBuKbHk4',
        sub: 'foo123',
        iss: 'https://shop.logto.app/oidc',
        aud: 'https://passkeys.shop.example',
        scope: 'manage:passkeys',
        client_id: 's6BhdRkqt3',
      },
      username: 'ada',
    },
  ],
  'WorkOS AuthKit': [
    {
      alg: 'RS256',
      header: { kid: 'sso_oidc_key_pair_01HXYZ' },
      claims: {
        ...times,
        iss: 'https://api.workos.com/user_management/client_01HXYZ0123456789ABCDEFGHJK',
        sub: 'user_01HBEQKA6K4QJAS93VPE39W1JT',
        sid: 'session_01HQSXZGF8FHF7A9ZZFCW4387R',
        jti: '01HQSXZXPPFPKMDD32RKTFY6PV',
        org_id: 'org_01HRDMC6CM357W30QMHMQ96Q0S',
        role: 'member',
        permissions: ['posts:read'],
        aud: 'keyway',
        email: 'ada@example.org',
      },
      username: 'ada@example.org',
    },
  ],
};

/** The settings of the page, each with the heading above it and its number below that heading. */
const LINES = readFileSync(PAGE, 'utf8').split('\n');
const BLOCKS = blocksOf(PAGE)
  .map(({ text, line }) => ({
    settings: text,
    name: LINES.slice(0, line)
      .findLast((it) => it.startsWith('## '))!
      .slice(3),
  }))
  .map((block, position, all) => ({
    ...block,
    index: position - all.findIndex(({ name }) => name === block.name),
  }));

describe('the settings of the page for token issuers', () => {
  let host: TestApp;
  let server: FakeServer;
  let set: readonly object[] = [];

  beforeAll(async () => {
    host = await buildApp();
    server = await fakeServer((_request, response) => response.end(JSON.stringify({ keys: set })));
  });
  afterAll(async () => {
    await server?.close();
    await host?.close();
  });

  /** As the service reads them, with the issuer's JWK Set on this machine. */
  function settingsOf(text: string): TokenSettings {
    const env = new Environment({ NODE_ENV: 'production', ...parseEnv(text) });
    const tokens = readVariables(TokenVariables, env);
    const usernames = readVariables(UsernameVariables, env);
    expect([...tokens.problems, ...usernames.problems]).toEqual([]);
    const { issuers, ...rest } = tokens.variables.toSettings();
    const local = { kind: 'jwks', uri: `${server.url}/jwks`, isInsecure: false } as const;
    return {
      ...rest,
      issuers: issuers.map((issuer) => (issuer.keys.kind === 'given' ? issuer : { ...issuer, keys: local })),
      usernameClaims: usernames.variables.toSettings(),
    };
  }

  it('stand there for every issuer that is tried here, block by block', () => {
    const blocks = BLOCKS.map(({ name, index }) => `${name} ${index + 1}`);
    const tried = Object.entries(TOKENS).flatMap(([name, all]) =>
      all.map((_, index) => `${name} ${index + 1}`),
    );
    expect(blocks).toEqual(tried);
  });

  it.each(BLOCKS)('accept a token of $name (block $index), and none for another audience', async (block) => {
    const { alg, header, claims, username, keys } = TOKENS[block.name]![block.index]!;
    const settings = settingsOf(block.settings);
    const [issuer] = settings.issuers;
    const pair = alg === 'HS256' ? null : KEYS[alg];
    const key = pair?.privateKey ?? (issuer!.keys.kind === 'given' && issuer!.keys.keys[0]!.key);
    set = keys ?? (pair ? [jwkOf(pair.publicKey, { kid: header?.kid, alg, use: 'sig' })] : []);
    const app = await buildAppOn(host.configuration.database, { tokens: settings });
    const call = async (changes: JWTPayload) => {
      const token = await new SignJWT({ ...claims, ...changes })
        .setProtectedHeader({ alg, ...header })
        .sign(key as KeyObject);
      return send(app, { url: '/user/devices', headers: { authorization: `Bearer ${token}` } });
    };
    try {
      expect(await call({})).toMatchObject({ status: 200, body: { username, passkeys: [] } });
      const audience = claims.aud === undefined ? settings.audienceClaim! : 'aud';
      expect((await call({ [audience]: 'another-service' })).status).toBe(401);
      expect((await call({ iss: `${claims.iss}x` })).status).toBe(401);
    } finally {
      await app.close();
    }
  });
});
