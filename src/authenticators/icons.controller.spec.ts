import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type ArgumentsHost, Catch, Global, Module } from '@nestjs/common';
import { APP_FILTER } from '@nestjs/core';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import { Test } from '@nestjs/testing';
import type { FastifyReply } from 'fastify';
import { Configuration } from '../config/configuration.js';
import { AppError } from '../errors/app-error.js';
import { Authenticators } from './authenticators.js';
import { AuthenticatorsModule } from './authenticators.module.js';
import type { PasskeyType } from './passkey-type.js';

const MODEL = 'aaaaaaaa-0000-4000-8000-000000000001';
const SVG = '<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>';
const directory = mkdtempSync(join(tmpdir(), 'keyway-icons-'));
const authenticatorMetadataFile = join(directory, 'metadata.json');

@Global()
@Module({
  providers: [{ provide: Configuration, useValue: { authenticatorMetadataFile, fidoMetadataFile: null } }],
  exports: [Configuration],
})
class Surroundings {}

@Catch(AppError)
class CodeFilter {
  catch({ code }: AppError, host: ArgumentsHost): void {
    void host.switchToHttp().getResponse<FastifyReply>().status(418).send({ code });
  }
}

let app: NestFastifyApplication;
const get = (url: string) => app.inject({ method: 'GET', url });

beforeAll(async () => {
  const icon = `data:image/svg+xml;base64,${Buffer.from(SVG).toString('base64')}`;
  writeFileSync(authenticatorMetadataFile, JSON.stringify({ [MODEL]: { name: 'K', icon_light: icon } }));
  const module = await Test.createTestingModule({
    imports: [Surroundings, AuthenticatorsModule],
    providers: [{ provide: APP_FILTER, useClass: CodeFilter }],
  }).compile();
  app = module.createNestApplication<NestFastifyApplication>(new FastifyAdapter());
  await app.init();
});

afterAll(async () => {
  await app.close();
  rmSync(directory, { recursive: true });
});

const HARMLESS = {
  'content-type': 'image/svg+xml',
  'content-security-policy': "default-src 'none'; sandbox",
  'x-content-type-options': 'nosniff',
};

it.each(['passkey', 'security_key', 'platform'])(
  'serves the drawing of a %s without authentication, to be cached for ever at the address that lists give',
  async (type) => {
    const { light, dark } = app.get(Authenticators).iconPaths('', type as PasskeyType);
    for (const path of [light!, dark!]) {
      const answer = await get(path);
      expect(answer.statusCode).toBe(200);
      expect(answer.headers).toMatchObject({
        ...HARMLESS,
        'cache-control': 'public, max-age=31536000, immutable',
      });
      expect(answer.body).toMatch(/^<svg /);
    }
  },
);

it('serves the icon of a model with headers that forbid scripts and loading', async () => {
  const { dark } = app.get(Authenticators).iconPaths(MODEL, 'passkey');
  const answer = await get(dark!);
  expect(answer.headers).toMatchObject(HARMLESS);
  expect(answer.body).toBe(SVG);
});

it.each(['', '?v=', '?v=another-hash', '?v=a&v=b', '?other=1'])(
  'serves an icon to be cached for an hour, with an entity tag, at the address with %j',
  async (query) => {
    const answer = await get(`/icons/passkey/light.svg${query}`);
    expect(answer.statusCode).toBe(200);
    expect(answer.headers).toMatchObject({ ...HARMLESS, 'cache-control': 'public, max-age=3600' });
    expect(answer.headers.etag).toMatch(/^"[\w-]{16}"$/);
  },
);

it('answers 304 without a body to a client that has the icon, and the icon to others', async () => {
  const url = '/icons/passkey/light.svg';
  const { etag } = (await get(url)).headers as { etag: string };
  const { etag: other } = (await get('/icons/passkey/dark.svg')).headers as { etag: string };
  const ask = (known: string) => app.inject({ method: 'GET', url, headers: { 'if-none-match': known } });
  for (const known of [etag, `W/${etag}`, `${other}, ${etag}`, '*']) {
    const answer = await ask(known);
    expect([known, answer.statusCode, answer.body]).toEqual([known, 304, '']);
    expect(answer.headers).toMatchObject({ etag, 'cache-control': 'public, max-age=3600' });
  }
  for (const known of [other, '', etag.slice(1, -1)]) {
    expect([known, (await ask(known)).statusCode]).toEqual([known, 200]);
  }
});

it.each([
  '/icons/passkey/light',
  '/icons/passkey/light.png',
  '/icons/passkey/other.svg',
  '/icons/passkey/.svg',
  '/icons/toString/light.svg',
  '/icons/..%2fpasskey/light.svg',
  '/icons/aaaaaaaa-0000-4000-8000-000000000002/light.svg',
])('answers 404 for %s', async (url) => {
  const answer = await get(url);
  expect(answer.json()).toEqual({ code: 'route_not_found' });
  expect(answer.headers['content-type']).toContain('application/json');
});
