import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { type IncomingMessage, request } from 'node:http';
import { text } from 'node:stream/consumers';
import { blocksOf } from '../docs/markdown.js';
import { aDirectory, runCommand, startKeyway, sweep } from '../e2e/keyway-process.js';
import { aDatabase, productionSettings } from '../e2e/production.js';
import { buildKeyway } from '../e2e/build-keyway.js';
import { eventually } from '../support/eventually.js';
import { freePort } from '../support/free-port.js';

const PAGE = 'docs/well-known.md';
const UPSTREAM = 'keyway.internal:3000';
const RELATED = ['https://example.de'];

/** The snippet of the page in a language, with the address of a Keyway that runs. */
const snippet = (language: string, upstream: string): string =>
  blocksOf(PAGE)
    .find(({ info }) => info === language)!
    .text.replace(UPSTREAM, upstream);

const nginxConfiguration = (directory: string, port: number, location: string) => `
daemon off;
pid ${directory}/nginx.pid;
error_log ${directory}/error.log;
events {}
http {
  access_log off;
  client_body_temp_path ${directory}/body;
  proxy_temp_path ${directory}/proxy;
  fastcgi_temp_path ${directory}/fastcgi;
  uwsgi_temp_path ${directory}/uwsgi;
  scgi_temp_path ${directory}/scgi;
  server {
    listen 127.0.0.1:${port};
    server_name shop.example;
    ${location}
  }
}`;

const caddyConfiguration = (port: number, site: string) => `
{
  admin off
}
http://shop.example:${port} {
  bind 127.0.0.1
  ${site}
}`;

describe.each([
  [
    'nginx',
    (directory: string, port: number, upstream: string) => {
      const file = `${directory}/nginx.conf`;
      writeFileSync(file, nginxConfiguration(directory, port, snippet('nginx', upstream)));
      return ['nginx', ['-c', file, '-e', 'stderr']] as const;
    },
  ],
  [
    'caddy',
    (directory: string, port: number, upstream: string) => {
      const file = `${directory}/Caddyfile`;
      writeFileSync(file, caddyConfiguration(port, snippet('caddy', upstream)));
      return ['caddy', ['run', '--config', file, '--adapter', 'caddyfile']] as const;
    },
  ],
])('the snippet of the documentation for %s', (name, configured) => {
  let proxy: ChildProcess | undefined;
  afterEach(async () => {
    if (proxy?.kill('SIGTERM')) await once(proxy, 'exit');
    await sweep();
  });

  it('passes the well-known paths of the RP ID on to Keyway, and no other path', async () => {
    buildKeyway();
    const database = await aDatabase({ migrated: true });
    try {
      const settings = productionSettings(database.url);
      const { url } = await startKeyway(settings);
      await runCommand(['app', 'update', 'shop', '--related-origins', RELATED.join()], settings);
      const port = await freePort();
      const directory = aDirectory();
      const [command, args] = configured(directory, port, new URL(url).host);
      proxy = spawn(command, args, {
        // Debian has nginx where only root looks.
        env: { ...process.env, HOME: directory, PATH: `${process.env.PATH}:/usr/sbin` },
        stdio: 'ignore',
      });
      const failure = once(proxy, 'error').then(([error]: Error[]) => {
        throw new Error(`${error!.message}: install Debian's package ${name}`);
      });
      const ask = (path: string) => get(port, path);
      const answer = await Promise.race([failure, eventually(() => ask('/.well-known/webauthn'))]);
      expect(answer).toEqual({ status: 200, body: JSON.stringify({ origins: RELATED }) });
      for (const path of ['/health/live', '/.well-known/webauthn/', '/.well-known/other']) {
        expect((await ask(path)).body).not.toMatch(/"status":"ok"|"code"/);
      }
    } finally {
      await database.drop();
    }
  });
});

/** What the site answers on its own host. */
async function get(port: number, path: string): Promise<{ status: number; body: string }> {
  const asked = request({ host: '127.0.0.1', port, path, headers: { host: 'shop.example' } }).end();
  const [answer] = (await once(asked, 'response')) as [IncomingMessage];
  return { status: answer.statusCode!, body: await text(answer) };
}
