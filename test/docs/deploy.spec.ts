import { chmodSync, cpSync, existsSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { IDeployment } from 'kubernetes-models/apps/v1';
import type { IJob } from 'kubernetes-models/batch/v1';
import { parse } from 'yaml';
import { createProgram } from '../../src/cli/program.js';
import { loadConfiguration } from '../../src/config/load-configuration.js';
import { documentsOf, Folder } from '../deploy/manifests.js';
import { variablesIn } from '../deploy/settings-of.js';
import { aDirectory, sweep } from '../e2e/keyway-process.js';
import { blocksOf } from './markdown.js';
import { Shell } from './shell.js';

const PAGE = 'docs/deploy.md';
const README = 'README.md';
const NAMESPACE = ['--namespace', 'keyway'];
const { services } = documentsOf<{ services: Record<string, object> }>('deploy/compose.yaml')[0]!;
const example = new Folder('deploy/kubernetes/example');
const built = example.build();
const find = <Kind extends object>(kind: string): Kind =>
  built.find((it) => it.kind === kind) as object as Kind;

const blocks = blocksOf(PAGE).filter(({ info }) => info === 'sh');
const blockWith = (text: string) => blocks.filter((it) => it.text.includes(text))[0]!.text;

/** What there is no engine, cluster or superuser for here: each says what it was called with, and does nothing. */
const STAND_INS = ['docker', 'kubectl', 'psql', 'keyway'];

/** Runs a block in a directory that has `deploy`; gives the calls of what stands in. */
async function callsOf(text: string, variables: Record<string, string> = {}) {
  const directory = aDirectory();
  cpSync('deploy', join(directory, 'deploy'), { recursive: true });
  const calls = join(directory, 'calls');
  writeFileSync(calls, '');
  for (const name of STAND_INS) {
    const path = join(directory, name);
    // A caller may read this one's standard output; the arguments go to a file, one in a line.
    writeFileSync(path, `#!/bin/sh\n{ printf '%s\\n' ${name} "$@"; echo; } >>'${calls}'\n`);
    chmodSync(path, 0o755);
  }
  // The pause of deploy/roll.
  symlinkSync('/bin/true', join(directory, 'sleep'));
  const shell = new Shell(directory);
  for (const [name, value] of Object.entries(variables)) shell.set(name, value);
  await shell.run(text);
  const lines = readFileSync(calls, 'utf8').trim().split('\n\n');
  return { directory, calls: lines.map((call) => call.split('\n')) };
}

/** The arguments that the page may give to each command of compose, apart from services. */
const COMPOSE: Record<string, string[]> = {
  build: [],
  pull: [],
  run: ['--rm'],
  up: ['--build', '--detach', '--wait', '--no-deps', '--remove-orphans', '--wait-timeout', '120'],
};

function expectCompose([command, ...args]: string[]): void {
  if (command === 'exec') return expectExec(args);
  expect(Object.keys(COMPOSE)).toContain(command);
  const others = args.filter((argument) => !COMPOSE[command!]!.includes(argument));
  expect(others.filter((name) => !(name in services))).toEqual([]);
}

function expectExec([terminal, service, program, ...args]: string[]): void {
  expect(terminal).toBe('-T');
  expect(Object.keys(services)).toContain(service);
  if (program === 'keyway') expectCommand(args);
  else expect([service, program]).toEqual(['postgres', 'psql']);
}

function expectCommand([name, subcommand]: string[]): void {
  const command = createProgram([], []).commands.find((it) => it.name() === name);
  expect(command).toBeDefined();
  if (subcommand !== undefined) expect(command!.commands.map((it) => it.name())).toContain(subcommand);
}

describe('the page on deployment', () => {
  afterEach(sweep);

  it.each([
    ['of the page', () => blockWith('cp compose.env.example')],
    [`of ${README}`, () => blocksOf(README).find(({ text }) => text.includes('docker compose'))!.text],
  ])('brings the composition up, by the commands %s', async (_, text) => {
    const { directory, calls } = await callsOf(text());
    for (const file of ['.env', 'keyway.env']) expect(existsSync(join(directory, 'deploy', file))).toBe(true);
    expect(calls[0]).toEqual(['docker', 'compose', 'up', '--build', '--detach', '--wait']);
    for (const [, , ...call] of calls) expectCompose(call);
  });

  it('rolls the composition', async () => {
    const { calls } = await callsOf(blockWith('deploy/roll'));
    for (const [program, compose, ...call] of calls) {
      expect([program, compose]).toEqual(['docker', 'compose']);
      expectCompose(call);
    }
    expect(calls.map((call) => call.at(-1))).toEqual(['keyway-1', 'migrate', 'keyway-1', 'keyway-2']);
  });

  it('moves a composition of the version before, by the roles that the database has', async () => {
    const { calls } = await callsOf(blockWith('--remove-orphans'));
    for (const [, , ...call] of calls) expectCompose(call);
    const psql = calls.find((call) => call.includes('psql'))!;
    const mounts = (services.postgres as { volumes: string[] }).volumes;
    expect(mounts).toContain(`./postgres/roles.sql:${psql.at(-1)}:ro`);
    const asked = [...readFileSync('deploy/postgres/roles.sql', 'utf8').matchAll(/\\set (\w+) keyway/g)].map(
      ([, name]) => name,
    );
    const sets = psql.filter((_, index) => psql[index - 1] === '--set').map((it) => it.split('=')[0]);
    expect(sets.filter((name) => !asked.includes(name))).toEqual([]);
  });

  it('puts a proxy of one’s own in front of the replicas that there are', () => {
    const [block] = blocksOf(PAGE).filter(({ info }) => info === 'yaml');
    const override = parse(block!.text) as { services: Record<string, { ports?: string[] }> };
    expect(Object.keys(override.services).filter((name) => !(name in services))).toEqual([]);
    const ports = Object.values(override.services).flatMap(({ ports = [] }) => ports);
    expect(ports).toEqual([
      expect.stringMatching(/^127\.0\.0\.1:\d+:3000$/),
      expect.stringMatching(/^127\.0\.0\.1:\d+:3000$/),
    ]);
  });

  describe('in Kubernetes', () => {
    const database = {
      KEYWAY_OWNER_PASSWORD: 'a',
      KEYWAY_SERVICE_PASSWORD: 'b',
      DATABASE_HOST: 'db.example',
    };

    function expectCluster(calls: string[][]): void {
      for (const [program, ...args] of calls) {
        expect(program).toBe('kubectl');
        const [flag, namespace, ...rest] = args;
        const command = flag === '--namespace' ? rest : args;
        if (flag === '--namespace') expect([flag, namespace]).toEqual(NAMESPACE);
        for (const argument of command) {
          const [, kind, name] = /^(job|deployment)\/(.*)$/.exec(argument) ?? [];
          if (kind) expect(built.filter((it) => it.kind.toLowerCase() === kind)[0]!.metadata.name).toBe(name);
        }
        if (command[0] === 'apply') expect(existsSync(command[2]!)).toBe(true);
        if (command[0] === 'delete') expect(command[2]).toBe(find<IJob>('Job').metadata!.name);
      }
    }

    it('makes the secrets that the manifests mount, with which a replica starts', async () => {
      const { calls } = await callsOf(blockWith('create secret generic'), database);
      expectCluster(calls);
      const secrets = new Map(
        calls
          .filter((call) => call.includes('secret'))
          .map((call) => {
            const values = call
              .filter((argument) => argument.startsWith('--from-literal='))
              .map((argument) => /^--from-literal=(\w+)=(.*)$/.exec(argument)!.slice(1) as [string, string]);
            return [call[call.indexOf('generic') + 1], Object.fromEntries(values)];
          }),
      );
      const pods = [find<IDeployment>('Deployment'), find<IJob>('Job')].map((it) => it.spec!.template.spec!);
      for (const { containers, volumes } of pods) {
        const files = containers[0]!.env!.filter(({ name }) => name.endsWith('_FILE'));
        const secret = secrets.get(volumes![0]!.secret!.secretName)!;
        expect(files.map(({ name }) => name.replace('_FILE', '')).sort()).toEqual(Object.keys(secret).sort());
        for (const { name, value } of files) {
          expect(value).toBe(`${containers[0]!.volumeMounts![0]!.mountPath}/${name.replace('_FILE', '')}`);
        }
      }
      const settings = variablesIn('deploy/kubernetes/example/settings.env');
      const configuration = loadConfiguration({
        NODE_ENV: 'production',
        ...settings,
        ...secrets.get('keyway'),
      });
      expect(configuration.database).toMatchObject({
        url: 'postgresql://keyway_service:b@db.example/keyway',
      });
      expect(secrets.get('keyway-migrate')!.DATABASE_URL).toBe(
        'postgresql://keyway_owner:a@db.example/keyway',
      );
    });

    it('upgrades what the manifests make', async () => {
      const { calls } = await callsOf(blockWith('delete job'));
      expectCluster(calls);
      expect(calls).toHaveLength(4);
    });

    it('names every kind of object of the manifests', () => {
      const page = readFileSync(PAGE, 'utf8');
      const unnamed = ['Namespace', 'ServiceAccount'];
      const kinds = new Set(built.map(({ kind }) => kind).filter((kind) => !unnamed.includes(kind)));
      expect([...kinds].filter((kind) => !page.includes(`\`${kind}\``))).toEqual([]);
    });
  });

  it('makes the roles of the database by the file that there is, and migrates', async () => {
    const { calls } = await callsOf(blockWith('psql --file deploy'), {
      SUPERUSER_URL: 'postgresql://postgres@db.example/keyway',
      DATABASE_HOST: 'db.example',
    });
    const [psql, migrate] = calls as [string[], string[]];
    expect(psql).toEqual([
      'psql',
      '--file',
      'deploy/postgres/roles.sql',
      'postgresql://postgres@db.example/keyway',
    ]);
    expect(existsSync(psql[2]!)).toBe(true);
    expect(migrate).toEqual(['keyway', 'migrate']);
    expectCommand(['migrate']);
  });

  it('has no block of commands that no test runs', () => {
    const run = [
      'cp compose.env.example',
      'deploy/roll',
      '--remove-orphans',
      'create secret generic',
      'delete job',
    ];
    expect(blocks.map(({ line }) => line)).toEqual(
      [...run, 'psql --file deploy'].map((text) => blocks.find((it) => it.text.includes(text))!.line),
    );
    const infos = blocksOf(PAGE).map(({ info }) => info);
    expect(infos.filter((info) => info !== 'sh')).toEqual(['yaml', 'sh no-run']);
  });
});
