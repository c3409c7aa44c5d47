import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { setTimeout as pause } from 'node:timers/promises';
import { promisify } from 'node:util';
import { aDirectory, type KeywayProcess } from '../e2e/keyway-process.js';
import { Caddy } from '../faults/caddy.js';
import { makeRoles, PASSWORDS_NEEDED } from '../faults/database-roles.js';
import { expectNobodyRefused, expectNothingLost, underLoad } from '../faults/run.js';
import { aStage } from '../faults/stage.js';
import { freePort } from '../support/free-port.js';

/** In place of `docker`: hands its arguments to the test, and fails unless that did what they say. */
const docker = (port: number) => `#!${process.execPath}
const answer = await fetch('http://127.0.0.1:${port}', { method: 'POST', body: process.argv.slice(2).join(' ') });
process.stderr.write(await answer.text());
process.exit(answer.ok ? 0 : 1);
`;

describe('the deployment of deploy/compose.yaml', () => {
  const stage = aStage(PASSWORDS_NEEDED);
  let engine: Server | undefined;
  afterEach(() => engine?.close());

  /** Two replicas behind Caddy, on the database and with the roles that compose makes. */
  async function deploy() {
    const ports = { 'keyway-1': await freePort(), 'keyway-2': await freePort() };
    const balancer = await Caddy.start(Object.values(ports));
    const site = await stage.open({
      replicas: 0,
      balancer,
      roles: (database) => makeRoles(stage.cluster, database),
      // Caddy tells of one client: the test.
      settings: { RATE_LIMIT_PUBLIC: '1000000', RATE_LIMIT_FINISH: '1000000', RATE_LIMIT_UNKNOWN: '1000000' },
    });
    const replicas = new Map<string, KeywayProcess>();
    const up = async (name: keyof typeof ports): Promise<void> => {
      const before = replicas.get(name);
      if (before) await site.stop(before);
      site.settings = { ...site.settings, PORT: `${ports[name]}` };
      replicas.set(name, await site.add());
    };
    await Promise.all([up('keyway-1'), up('keyway-2')]);
    return { site, replicas, up };
  }

  it('is rolled by deploy/roll under load, and no request is refused or cut off', async () => {
    const { site, up } = await deploy();
    const commands: string[] = [];
    const carryOut = async (command: string): Promise<void> => {
      commands.push(command);
      const [, name] =
        /^compose up --detach --no-deps --wait --wait-timeout 120 (keyway-[12])$/.exec(command) ?? [];
      if (name) await up(name as 'keyway-1');
      else if (command === 'compose run --rm migrate') await site.migrate();
      else if (command !== 'compose build keyway-1') throw new Error(`What is docker ${command}?`);
    };
    engine = createServer((request, response) => {
      text(request)
        .then(carryOut)
        .then(() => response.end())
        .catch((error: unknown) => response.writeHead(500).end(String(error)));
    }).listen(0, '127.0.0.1');
    await once(engine, 'listening');
    const bin = aDirectory();
    writeFileSync(join(bin, 'package.json'), '{ "type": "module" }');
    writeFileSync(join(bin, 'docker'), docker((engine.address() as AddressInfo).port));
    chmodSync(join(bin, 'docker'), 0o755);
    const report = await underLoad(site, { name: 'compose rolled behind Caddy' }, async () => {
      await promisify(execFile)('deploy/roll', { env: { PATH: `${bin}:${process.env.PATH}` } });
    });
    expectNobodyRefused(report);
    expect(commands.slice(-2).map((command) => command.split(' ').at(-1))).toEqual(['keyway-1', 'keyway-2']);
  });

  it('goes on with one replica where the other was killed', async () => {
    const { site, replicas, up } = await deploy();
    const report = await underLoad(
      site,
      { name: 'kill -9 of one of two replicas behind Caddy' },
      async () => {
        await site.kill(replicas.get('keyway-1')!);
        replicas.delete('keyway-1');
        await pause(3_000);
        await up('keyway-1');
      },
    );
    expectNothingLost(report);
    expect(report.gap).toBeLessThan(5);
  });
});
