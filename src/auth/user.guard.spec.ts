import { createHmac, createSecretKey, generateKeyPairSync, type KeyObject } from 'node:crypto';
import { request } from 'node:http';
import { type ArgumentsHost, Catch, Controller, Get, Global, Module } from '@nestjs/common';
import { APP_FILTER } from '@nestjs/core';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import { Test } from '@nestjs/testing';
import type { FastifyReply } from 'fastify';
import { CompactSign, type JWTPayload, SignJWT } from 'jose';
import { LIMITS } from '../../test/support/build-app.js';
import { type FakeServer, fakeServer } from '../../test/support/fake-server.js';
import {
  Configuration,
  TOKEN_ALGORITHMS,
  type TokenAlgorithm,
  type TokenKeys,
  type TokenSettings,
} from '../config/configuration.js';
import { Public } from '../http/public.decorator.js';
import { AppError } from '../errors/app-error.js';
import { Unavailable } from '../errors/unavailable.js';
import { installRateLimit } from '../http/rate-limit.js';
import { currentRequest, installRequestContext } from '../http/request-context.js';
import { AuthModule } from './auth.module.js';
import type { Caller } from './caller.js';
import { CurrentUser } from './current-user.decorator.js';
import { JwtStrategy } from './jwt.strategy.js';

const ISSUER = 'https://issuer.example';
const AUDIENCE = 'keyway';
const SECRET = createSecretKey(Buffer.alloc(32, 7));
const RSA = generateKeyPairSync('rsa', { modulusLength: 2048 });
const EC = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const ED = generateKeyPairSync('ed25519');
const now = () => Math.floor(Date.now() / 1000);

@Controller()
class WhoController {
  @Get('who')
  who(@CurrentUser() caller: Caller): Caller {
    return caller;
  }

  @Get('actor')
  actor() {
    return { actor: currentRequest()?.actor };
  }
}

class Shelf {
  @Get('list')
  list() {
    return {};
  }
}

@Controller('open')
@Public()
class OpenController extends Shelf {}

@Controller('closed')
class ClosedController extends Shelf {
  @Public()
  @Get('door')
  door() {
    return {};
  }
}

@Catch(AppError, Unavailable)
class CodeFilter {
  catch({ code, retryAfter, reason }: AppError | Unavailable, host: ArgumentsHost): void {
    const told = { code, retryAfter, ...(reason !== code && { reason }) };
    void host.switchToHttp().getResponse<FastifyReply>().status(418).send(told);
  }
}

let app: NestFastifyApplication;
afterEach(() => app.close());

/** Keys as the settings give them. A key that cannot serve an algorithm is never asked to. */
const given = (...keys: KeyObject[]): TokenKeys => ({
  kind: 'given',
  keys: keys.map((key) => ({ key, algorithms: TOKEN_ALGORITHMS })),
});

const startWith = (keys: TokenKeys, ...algorithms: TokenAlgorithm[]): Promise<void> =>
  start({ issuers: [{ name: ISSUER, audience: AUDIENCE, keys }], algorithms });

async function start(
  changes: Pick<TokenSettings, 'issuers' | 'algorithms'> & Partial<TokenSettings>,
): Promise<void> {
  const tokens: TokenSettings = { audienceClaim: null, usernameClaims: ['email'], ...changes };
  @Global()
  @Module({
    providers: [{ provide: Configuration, useValue: { tokens } }],
    exports: [Configuration],
  })
  class Surroundings {}
  const module = await Test.createTestingModule({
    imports: [Surroundings, AuthModule],
    controllers: [WhoController, OpenController, ClosedController],
    providers: [{ provide: APP_FILTER, useClass: CodeFilter }],
  }).compile();
  app = module.createNestApplication<NestFastifyApplication>(new FastifyAdapter());
  const fastify = app.getHttpAdapter().getInstance();
  await installRateLimit(fastify, LIMITS, null);
  installRequestContext(fastify);
  await app.init();
}

const claims = (changes: JWTPayload = {}): JWTPayload => ({
  iss: ISSUER,
  aud: AUDIENCE,
  sub: 'user-1',
  exp: now() + 60,
  ...changes,
});

interface Signing {
  readonly key?: KeyObject;
  readonly header?: Record<string, unknown>;
}

const aToken = (changes: JWTPayload = {}, { key = SECRET, header = {} }: Signing = {}): Promise<string> =>
  new SignJWT(claims(changes)).setProtectedHeader({ alg: 'HS256', ...header }).sign(key);

const segment = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');

async function who(authorization: string | undefined, url = '/who', body?: string) {
  const response = await app.inject({
    method: 'GET',
    url,
    headers: { ...(authorization !== undefined && { authorization }), 'content-type': 'application/json' },
    ...(body && { payload: body }),
  });
  return response.json<Record<string, unknown>>();
}
const call = async (token: string | Promise<string>) => who(`Bearer ${await token}`);
const refusedFor = (reason: string) => ({ code: 'invalid_token', reason });
const NAMES = { username: 'user-1', displayName: 'user-1' };
const UNTOLD = { issuedAt: null, authTime: null, acr: null, amr: [], claim: null };
const USER = { issuer: ISSUER, subject: 'user-1', ...NAMES, ...UNTOLD };

describe('the Authorization header', () => {
  beforeEach(() => startWith(given(SECRET), 'HS256'));

  it('identifies the caller by a verified token', async () => {
    expect(await call(aToken({ email: 'ada@example.org' }))).toEqual({
      ...USER,
      username: 'ada@example.org',
      displayName: 'ada@example.org',
    });
  });

  it('is not refused because of a bug: the answer is 500, not 401', async () => {
    app.useLogger(false);
    app.get(JwtStrategy, { strict: false }).validate = () => {
      throw new TypeError('Cannot read properties of undefined');
    };
    expect(await call(aToken())).toEqual({ statusCode: 500, message: 'Internal server error' });
  });

  it('is not blamed for a bug in the verification: the answer is 500, not 401', async () => {
    await app.close();
    await startWith(given(null as never), 'HS256');
    app.useLogger(false);
    expect(await call(aToken())).toEqual({ statusCode: 500, message: 'Internal server error' });
  });

  it("is not blamed for a bug of passport's: the answer is 500, not 401", async () => {
    app.useLogger(false);
    app.get(JwtStrategy, { strict: false }).authenticate = () => {
      throw new TypeError('Cannot read properties of undefined');
    };
    expect(await call(aToken())).toEqual({ statusCode: 500, message: 'Internal server error' });
  });

  it('sets the actor for all code that runs for the request', async () => {
    expect(await who(`Bearer ${await aToken()}`, '/actor')).toEqual({ actor: 'user:user-1' });
  });

  it('is read with the scheme in any letter case', async () => {
    expect(await who(`bEaReR  ${await aToken()}`)).toEqual(USER);
  });

  it.each([undefined, '', 'Basic dXNlcjpwYXNz', 'Bearerx', 'Token abc'])(
    'counts as a missing token when it is %j',
    async (header) => {
      expect(await who(header)).toEqual({ code: 'missing_token' });
    },
  );

  it('is the only part of the request that is searched for a token', async () => {
    const token = await aToken();
    const body = JSON.stringify({ access_token: token, auth_token: token });
    const answer = await who(undefined, `/who?access_token=${token}&auth_token=${token}`, body);
    expect(answer).toEqual({ code: 'missing_token' });
  });

  it('is refused when it is sent twice, even if one of them is valid', async () => {
    await app.listen(0, '127.0.0.1');
    const url = `${await app.getUrl()}/who`;
    const good = `Bearer ${await aToken()}`;
    for (const pair of [
      [good, good],
      [good, 'Bearer x'],
      ['Bearer x', good],
    ]) {
      const answer = await new Promise<string>((resolve, reject) => {
        const sent = request(url, { agent: false }, (response) => {
          response.setEncoding('utf8').on('data', resolve);
        });
        sent.on('error', reject).setHeader('authorization', pair).end();
      });
      expect(JSON.parse(answer)).toEqual(refusedFor('several_authorization_headers'));
    }
  });

  it.each([
    'Bearer',
    'Bearer a.b',
    'Bearer a.b.c.d.e',
    'Bearer a.b.',
    'Bearer a.b.c, Bearer d.e.f',
    'Bearer a.b.ü',
  ])('is refused when it is %j', async (header) =>
    expect(await who(header)).toEqual(refusedFor('malformed_token')),
  );

  it('is refused when the token is longer than 16 KiB, and not when it is as long', async () => {
    const overhead = (await aToken({ groups: '' })).length;
    const token = await aToken({ groups: 'x'.repeat(Math.ceil(((16 * 1024 - overhead) * 3) / 4)) });
    expect(token.length).toBe(16 * 1024);
    expect(await call(token)).toEqual(USER);
    expect(await call(`${token}A`)).toEqual(refusedFor('token_too_long'));
  });
});

describe('a route', () => {
  beforeEach(() => startWith(given(SECRET), 'HS256'));

  it('that declares nothing demands a token, by every method that reaches it', async () => {
    expect(await who(undefined, '/closed/list')).toEqual({ code: 'missing_token' });
    for (const method of ['HEAD', 'GET'] as const) {
      expect((await app.inject({ method, url: '/closed/list' })).statusCode).toBe(418);
    }
    expect(await who(`Bearer ${await aToken()}`, '/closed/list')).toEqual({});
  });

  it('that is public is open without a token and with a wrong one', async () => {
    expect(await who(undefined, '/closed/door')).toEqual({});
    expect(await who('Bearer a.b.c', '/closed/door')).toEqual({});
  });

  it('whose handler two controllers inherit is as open as its own controller says', async () => {
    for (let round = 0; round < 2; round++) {
      expect(await who(undefined, '/open/list')).toEqual({});
      expect(await who(undefined, '/closed/list')).toEqual({ code: 'missing_token' });
    }
  });
});

describe('the claims of a token', () => {
  beforeEach(() => startWith(given(SECRET), 'HS256'));

  it('are refused without an expiry that is a number', async () => {
    expect(await call(aToken({ exp: undefined }))).toEqual(refusedFor('missing_expiry'));
    for (const exp of ['2999-01-01', null]) {
      expect(await call(aToken({ exp } as never))).toMatchObject({ code: 'invalid_token' });
    }
  });

  it('are accepted for 30 seconds after they expire, and no longer', async () => {
    expect(await call(aToken({ exp: now() - 25 }))).toEqual(USER);
    expect(await call(aToken({ exp: now() - 31 }))).toEqual(refusedFor('token_expired'));
  });

  it('are accepted 30 seconds before they are valid or issued, and no earlier', async () => {
    const ahead = now() + 25;
    expect(await call(aToken({ nbf: ahead, iat: ahead }))).toEqual({ ...USER, issuedAt: ahead });
    expect(await call(aToken({ nbf: now() + 35 }))).toEqual(refusedFor('token_not_active'));
    expect(await call(aToken({ iat: now() + 35 }))).toEqual(refusedFor('issued_in_the_future'));
  });

  it.each([undefined, '', 'https://issuer.example/', 'https://ISSUER.example', [ISSUER]])(
    'are refused from the issuer %j',
    async (iss) => expect(await call(aToken({ iss } as never))).toEqual(refusedFor('wrong_issuer')),
  );

  it.each([null, '', 'Keyway', [], ['other'], [['keyway']], 7, { keyway: true }])(
    'are refused for the audience %j',
    async (aud) => expect(await call(aToken({ aud } as never))).toEqual(refusedFor('wrong_audience')),
  );

  it('are refused without an audience, for a reason of its own', async () => {
    const cognito = { aud: undefined, client_id: AUDIENCE, azp: AUDIENCE };
    expect(await call(aToken(cognito))).toEqual(refusedFor('missing_audience'));
  });

  it('are accepted when they name other audiences besides ours', async () => {
    expect(await call(aToken({ aud: ['other', AUDIENCE, AUDIENCE] }))).toEqual(USER);
  });

  it.each([undefined, '', 7, 'a\0b', 'x'.repeat(256)])('are refused with the subject %j', async (sub) =>
    expect(await call(aToken({ sub } as never))).toEqual(refusedFor('unusable_subject')),
  );

  it.each(['null', '"text"', '[]', '7', 'not json'])(
    'are refused when they are %s, even if the signature is valid',
    async (text) => {
      for (const header of [{ alg: 'HS256' }, { alg: 'HS256', typ: 'JWT' }]) {
        const token = await new CompactSign(Buffer.from(text)).setProtectedHeader(header).sign(SECRET);
        expect(await call(token)).toMatchObject({ code: 'invalid_token' });
      }
    },
  );
});

describe('the audience claim', () => {
  const startWithClaim = (audienceClaim: string) =>
    start({
      issuers: [{ name: ISSUER, audience: AUDIENCE, keys: given(SECRET) }],
      algorithms: ['HS256'],
      audienceClaim,
    });

  it('stands for aud where the token has none', async () => {
    await startWithClaim('client_id');
    expect(await call(aToken({ aud: undefined, client_id: AUDIENCE }))).toEqual(USER);
    expect(await call(aToken({ aud: undefined, client_id: 'other' }))).toEqual(refusedFor('wrong_audience'));
    expect(await call(aToken({ aud: undefined, azp: AUDIENCE }))).toEqual(refusedFor('missing_audience'));
  });

  it.each([['other'], [[]], [null], ['']])('is not read beside the aud %j', async (aud) => {
    await startWithClaim('client_id');
    expect(await call(aToken({ aud, client_id: AUDIENCE } as never))).toEqual(refusedFor('wrong_audience'));
  });

  it('does not have to be there beside a right aud', async () => {
    await startWithClaim('client_id');
    expect(await call(aToken({ client_id: 'other' }))).toEqual(USER);
  });

  it('is never a member that every object has', async () => {
    await startWithClaim('constructor');
    expect(await call(aToken({ aud: undefined }))).toEqual(refusedFor('missing_audience'));
  });
});

describe('the type of a token', () => {
  beforeEach(() => startWith(given(SECRET), 'HS256'));

  it.each([undefined, 'JWT', 'jwt', 'at+jwt', 'AT+JWT', 'application/at+jwt', 'application/jwt'])(
    'is accepted as %j',
    async (typ) => expect(await call(aToken({}, { header: { typ } }))).toEqual(USER),
  );

  it.each([
    '',
    'JWE',
    'dpop+jwt',
    'logout+jwt',
    'rt+jwt',
    'text/jwt',
    'application/application/jwt',
    null,
    7,
    ['JWT'],
  ])('is refused as %j, though the signature is right', async (typ) =>
    expect(await call(aToken({}, { header: { typ } }))).toEqual(refusedFor('unsupported_type')),
  );

  it.each([{ jkt: 'AAAA' }, {}, null])(
    'is not that of a bearer if it is bound to a key by the cnf %j, and is refused',
    async (cnf) => expect(await call(aToken({ cnf }))).toEqual(refusedFor('bound_to_sender')),
  );
});

describe('several keys', () => {
  it('verify the tokens of each, and of no other', async () => {
    const secrets = [1, 2, 3].map((byte) => createSecretKey(Buffer.alloc(32, byte)));
    await startWith(given(...secrets), 'HS256');
    for (const key of secrets) expect(await call(aToken({}, { key }))).toEqual(USER);
    expect(await call(aToken({}, { key: SECRET }))).toEqual(refusedFor('wrong_signature'));
  });

  it('are asked only for the algorithms that they can serve', async () => {
    const [p256, p384] = ['P-256', 'P-384'].map((namedCurve) => generateKeyPairSync('ec', { namedCurve }));
    const keys: TokenKeys = {
      kind: 'given',
      keys: [
        { key: p256!.publicKey, algorithms: ['ES256'] },
        { key: p384!.publicKey, algorithms: ['ES384'] },
      ],
    };
    await startWith(keys, 'ES256', 'ES384', 'ES512');
    expect(await call(aToken({}, { key: p384!.privateKey, header: { alg: 'ES384' } }))).toEqual(USER);
    const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-521' });
    const token = aToken({}, { key: privateKey, header: { alg: 'ES512' } });
    expect(await call(token)).toEqual(refusedFor('unknown_key'));
  });

  it('of which one is right do not excuse wrong claims', async () => {
    await startWith(given(createSecretKey(Buffer.alloc(32, 1)), SECRET), 'HS256');
    expect(await call(aToken({ exp: now() - 60 }))).toEqual(refusedFor('token_expired'));
  });
});

describe('several issuers', () => {
  const [A, B] = ['https://a.example', 'https://b.example'];
  const [ofA, ofB] = [createSecretKey(Buffer.alloc(32, 1)), createSecretKey(Buffer.alloc(32, 2))];

  it('each verify with their own keys and audience alone', async () => {
    await start({
      issuers: [
        { name: A, audience: 'web', keys: given(ofA) },
        { name: B, audience: 'app', keys: given(ofB) },
      ],
      algorithms: ['HS256'],
    });
    expect(await call(aToken({ iss: A, aud: 'web' }, { key: ofA }))).toEqual({ ...USER, issuer: A });
    expect(await call(aToken({ iss: B, aud: 'app' }, { key: ofB }))).toEqual({ ...USER, issuer: B });
    expect(await call(aToken({ iss: B, aud: 'app' }, { key: ofA }))).toEqual(refusedFor('wrong_signature'));
    expect(await call(aToken({ iss: A, aud: 'web' }, { key: ofB }))).toEqual(refusedFor('wrong_signature'));
    expect(await call(aToken({ iss: A, aud: 'app' }, { key: ofA }))).toEqual(refusedFor('wrong_audience'));
    expect(await call(aToken({ aud: 'web' }, { key: ofA }))).toEqual(refusedFor('wrong_issuer'));
  });

  it('fetch a set that they share once, and never each other’s otherwise', async () => {
    const sets = Object.fromEntries(
      ['a', 'b'].map((name) => [name, generateKeyPairSync('ec', { namedCurve: 'P-256' })]),
    );
    const server = await fakeServer((request, response) => {
      const key = sets[request.url!.slice(1)]!.publicKey.export({ format: 'jwk' });
      response.end(JSON.stringify({ keys: [{ ...key, kid: 'same' }] }));
    });
    const at = (path: string): TokenKeys => ({
      kind: 'jwks',
      uri: `${server.url}/${path}`,
      isInsecure: false,
    });
    const signed = (iss: string, set: string) =>
      aToken({ iss }, { key: sets[set]!.privateKey, header: { alg: 'ES256', kid: 'same' } });
    const startOn = (a: TokenKeys, b: TokenKeys) =>
      start({
        issuers: [
          { name: A, audience: AUDIENCE, keys: a },
          { name: B, audience: AUDIENCE, keys: b },
        ],
        algorithms: ['ES256'],
      });
    try {
      const shared = at('a');
      await startOn(shared, shared);
      expect(await call(signed(A, 'a'))).toEqual({ ...USER, issuer: A });
      expect(await call(signed(B, 'a'))).toEqual({ ...USER, issuer: B });
      expect(server.requests).toEqual(['GET /a']);
      await app.close();
      await startOn(at('a'), at('b'));
      expect(await call(signed(A, 'a'))).toEqual({ ...USER, issuer: A });
      expect(await call(signed(B, 'b'))).toEqual({ ...USER, issuer: B });
      expect(await call(signed(B, 'a'))).toEqual(refusedFor('wrong_signature'));
    } finally {
      await server.close();
    }
  });

  it('are known before any key is fetched: a token of another issuer costs nothing', async () => {
    const server = await fakeServer((_request, response) => response.end());
    try {
      await startWith({ kind: 'jwks', uri: server.url, isInsecure: false }, 'RS256');
      const token = aToken({ iss: A }, { key: RSA.privateKey, header: { alg: 'RS256', kid: 'rsa' } });
      expect(await call(token)).toEqual(refusedFor('wrong_issuer'));
      expect(server.requests).toEqual([]);
    } finally {
      await server.close();
    }
  });
});

describe('the signature', () => {
  const publicKey = given(RSA.publicKey);

  it('is refused if it was made with another key or over other claims', async () => {
    await startWith(given(SECRET), 'HS256');
    const other = createSecretKey(Buffer.alloc(32, 8));
    expect(await call(aToken({}, { key: other }))).toEqual(refusedFor('wrong_signature'));
    const [header, , signature] = (await aToken()).split('.');
    const forged = `${header}.${segment(claims({ sub: 'somebody-else' }))}.${signature}`;
    expect(await call(forged)).toEqual(refusedFor('wrong_signature'));
  });

  it('is verified with RSA and elliptic curves too', async () => {
    await startWith(publicKey, 'RS256', 'PS256');
    for (const alg of ['RS256', 'PS256']) {
      expect(await call(aToken({}, { key: RSA.privateKey, header: { alg } }))).toEqual(USER);
    }
    await app.close();
    await startWith(given(EC.publicKey), 'ES256');
    expect(await call(aToken({}, { key: EC.privateKey, header: { alg: 'ES256' } }))).toEqual(USER);
  });

  it.each([
    ['RS384', RSA],
    ['RS512', RSA],
    ['PS384', RSA],
    ['PS512', RSA],
    ['ES384', generateKeyPairSync('ec', { namedCurve: 'P-384' })],
    ['ES512', generateKeyPairSync('ec', { namedCurve: 'P-521' })],
    ['EdDSA', generateKeyPairSync('ed25519')],
  ] as const)(
    'is verified by %s, and refused once a bit of it or of the claims differs',
    async (alg, pair) => {
      await startWith(given(pair.publicKey), alg);
      const token = await aToken({}, { key: pair.privateKey, header: { alg } });
      expect(await call(token)).toEqual(USER);
      const [header, payload, signature = ''] = token.split('.');
      const bytes = Buffer.from(signature, 'base64url');
      bytes[20]! ^= 1;
      const refused = refusedFor('wrong_signature');
      expect(await call(`${header}.${payload}.${bytes.toString('base64url')}`)).toEqual(refused);
      expect(await call(`${header}.${segment(claims({ sub: 'somebody-else' }))}.${signature}`)).toEqual(
        refused,
      );
      expect(await call(`${header}.${payload}.AA`)).toEqual(refused);
    },
  );

  it.each(['HS384', 'HS512'] as const)('is verified by %s', async (alg) => {
    await startWith(given(SECRET), alg);
    expect(await call(aToken({}, { header: { alg } }))).toEqual(USER);
  });

  it('is refused for an algorithm that is not configured, even if the key could verify it', async () => {
    await startWith(publicKey, 'RS256');
    const token = aToken({}, { key: RSA.privateKey, header: { alg: 'RS512' } });
    expect(await call(token)).toEqual(refusedFor('unsupported_algorithm'));
  });

  it('is refused by HMAC with the public key as its secret, even if HS256 is allowed', async () => {
    const secrets = [
      createSecretKey(Buffer.from(RSA.publicKey.export({ type: 'spki', format: 'pem' }))),
      createSecretKey(RSA.publicKey.export({ type: 'spki', format: 'der' })),
    ];
    await startWith(publicKey, 'RS256');
    for (const key of secrets) {
      expect(await call(aToken({}, { key }))).toEqual(refusedFor('unsupported_algorithm'));
    }
    await app.close();
    await startWith(publicKey, 'RS256', 'HS256');
    for (const key of secrets) {
      expect(await call(aToken({}, { key }))).toMatchObject({ code: 'invalid_token' });
    }
  });

  it.each(['none', 'None', 'NONE', '', undefined, null, ['HS256'], { alg: 'HS256' }, 'hs256'])(
    'is refused when the header has the alg %j',
    async (alg) => {
      await startWith(given(SECRET), 'HS256');
      const [, payload, signature] = (await aToken()).split('.');
      for (const end of ['', signature]) {
        const answer = await call(`${segment({ alg })}.${payload}.${end}`);
        expect(answer).toMatchObject({ code: 'invalid_token' });
      }
    },
  );

  it.each([
    ['critical_header', { crit: ['exp'] }],
    ['critical_header', { crit: ['b64'], b64: false }],
    ['critical_header', { crit: ['b64'], b64: true }],
    // RFC 7515 §4.1.11: these are not JWSs at all.
    ['malformed_token', { crit: [] }],
    ['malformed_token', { crit: null }],
  ])('is refused as %s with the header %j', async (reason, header) => {
    await startWith(given(SECRET), 'HS256');
    const input = `${segment({ alg: 'HS256', ...header })}.${segment(claims())}`;
    const signature = createHmac('sha256', SECRET).update(input).digest('base64url');
    expect(await call(`${input}.${signature}`)).toEqual(refusedFor(reason));
  });
});

describe('the guard with a JWK Set', () => {
  const attacker = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const exported = (key: KeyObject, kid: string) => ({ ...key.export({ format: 'jwk' }), kid });
  const signed = (header: Record<string, unknown>, key = RSA.privateKey) =>
    aToken({}, { key, header: { alg: 'RS256', kid: 'rsa', ...header } });
  let server: FakeServer;
  let body: string | null;

  beforeEach(async () => {
    body = JSON.stringify({
      keys: [
        exported(RSA.publicKey, 'rsa'),
        exported(EC.publicKey, 'ec'),
        exported(ED.publicKey, 'ed'),
        { kty: 'oct', kid: 'oct', k: SECRET.export().toString('base64url') },
      ],
    });
    server = await fakeServer((request, response) => {
      if (body === null) request.socket.destroy();
      else response.end(body);
    });
    await startWith(
      { kind: 'jwks', uri: `${server.url}/jwks`, isInsecure: false },
      'RS256',
      'ES256',
      'EdDSA',
    );
  });

  afterEach(() => server?.close());

  it('sets the actor also after it fetched the keys', async () => {
    expect(await who(`Bearer ${await signed({})}`, '/actor')).toEqual({ actor: 'user:user-1' });
  });

  it('verifies with the key that the token names, and fetches the set once', async () => {
    const rsa = await signed({});
    const answers = await Promise.all(Array.from({ length: 20 }, () => call(rsa)));
    expect(new Set(answers.map((answer) => JSON.stringify(answer)))).toEqual(new Set([JSON.stringify(USER)]));
    expect(await call(signed({ alg: 'ES256', kid: 'ec' }, EC.privateKey))).toEqual(USER);
    expect(await call(signed({ alg: 'EdDSA', kid: 'ed' }, ED.privateKey))).toEqual(USER);
    expect(await call(signed({ kid: undefined }))).toEqual(USER);
    expect(server.requests).toEqual(['GET /jwks']);
  });

  it('refuses another key, a key of another type, and a key id that is not a string', async () => {
    expect(await call(signed({}, attacker.privateKey))).toEqual(refusedFor('wrong_signature'));
    expect(await call(signed({ alg: 'ES256', kid: 'rsa' }, EC.privateKey))).toEqual(
      refusedFor('unknown_key'),
    );
    expect(await call(signed({ kid: 'unheard-of' }))).toEqual(refusedFor('unknown_key'));
    expect(await call(signed({ kid: 7 }))).toEqual(refusedFor('unknown_key'));
  });

  it('never verifies HMAC with a symmetric member or a public key, and fetches nothing for it', async () => {
    expect(await call(aToken({}, { header: { kid: 'oct' } }))).toEqual(refusedFor('unsupported_algorithm'));
    const confused = createSecretKey(Buffer.from(RSA.publicKey.export({ type: 'spki', format: 'pem' })));
    const token = aToken({}, { key: confused, header: { kid: 'rsa' } });
    expect(await call(token)).toEqual(refusedFor('unsupported_algorithm'));
    expect(server.requests).toEqual([]);
  });

  it('ignores jku, x5u, x5c and jwk in the header', async () => {
    const jwk = attacker.publicKey.export({ format: 'jwk' });
    for (const header of [
      { jwk },
      { jku: `${server.url}/jku` },
      { x5u: `${server.url}/x5u` },
      { x5c: ['AAAA'] },
    ]) {
      expect(await call(signed(header, attacker.privateKey))).toEqual(refusedFor('wrong_signature'));
      expect(await call(signed(header))).toEqual(USER);
    }
    expect(server.requests).toEqual(['GET /jwks']);
  });

  it('throws token_keys_unavailable, not invalid_token, when the key server is down', async () => {
    body = null;
    const unavailable = { code: 'token_keys_unavailable', retryAfter: 5, reason: 'keys_unreachable' };
    expect(await call(signed({}))).toEqual(unavailable);
    expect(await call(signed({}, attacker.privateKey))).toEqual(unavailable);
  });

  it('refuses claims that are not an object after it fetched the keys', async () => {
    const header = { alg: 'RS256', kid: 'rsa', typ: 'JWT' };
    const token = new CompactSign(Buffer.from('null')).setProtectedHeader(header).sign(RSA.privateKey);
    expect(await call(token)).toEqual(refusedFor('malformed_token'));
  });
});
