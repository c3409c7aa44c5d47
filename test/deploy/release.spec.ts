import { execFileSync, spawnSync } from 'node:child_process';
import { cpSync, existsSync, globSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { aDirectory, sweep } from '../e2e/keyway-process.js';
import { documentsOf } from './manifests.js';

interface Job {
  readonly needs?: string | readonly string[];
  readonly permissions?: Readonly<Record<string, string>>;
  readonly 'timeout-minutes'?: number;
  readonly steps: readonly {
    readonly uses?: string;
    readonly run?: string;
    readonly with?: Readonly<Record<string, string | boolean>>;
  }[];
}

interface Workflow {
  readonly on: { readonly push: { readonly tags?: readonly string[] } };
  readonly permissions: Readonly<Record<string, string>>;
  readonly jobs: Readonly<Record<string, Job>>;
}

const WORKFLOWS = globSync('.github/workflows/*.yml');
const read = (file: string): Workflow => documentsOf<Workflow>(file)[0]!;
const release = read('.github/workflows/release.yml');
const stepsOf = ({ jobs }: Workflow) => Object.values(jobs).flatMap(({ steps }) => steps);

describe.each(WORKFLOWS)('%s', (file) => {
  const workflow = read(file);

  it('runs actions of a major version, which Renovate pins, and commands that the shell can read', () => {
    for (const { uses, run } of stepsOf(workflow)) {
      expect([uses, run].filter((it) => it !== undefined)).toHaveLength(1);
      if (uses !== undefined) expect(uses).toMatch(/^[\w-]+\/[\w-]+@(v\d+|[0-9a-f]{40})$/);
      // What GitHub puts into a script's text could be a script.
      if (run !== undefined) expect(run).not.toContain('${{');
      if (run !== undefined) execFileSync('bash', ['-n', '-c', run]);
    }
  });

  it('names jobs, scripts of npm and files that are there', () => {
    const { scripts } = JSON.parse(readFileSync('package.json', 'utf8')) as {
      scripts: Record<string, string>;
    };
    for (const { needs = [] } of Object.values(workflow.jobs)) {
      for (const job of [needs].flat()) expect(Object.keys(workflow.jobs)).toContain(job);
    }
    for (const { run = '' } of stepsOf(workflow)) {
      for (const [, name] of run.matchAll(/npm run ([\w:]+)/g)) expect(scripts).toHaveProperty([name!]);
      for (const [path] of run.matchAll(/\S+\.js\b|\.ci\/\w+/g))
        expect([path, existsSync(path)]).toEqual([path, true]);
    }
  });

  it('may read, and what more a job needs is said there; no job runs for ever', () => {
    expect(workflow.permissions).toEqual({ contents: 'read' });
    for (const job of Object.values(workflow.jobs))
      expect(job['timeout-minutes']).toEqual(expect.any(Number));
  });
});

describe('the release', () => {
  const { check, image, packages } = release.jobs as Record<string, Job>;
  const runsOf = ({ steps }: Job) => steps.map(({ run = '' }) => run).join('\n');

  it('is of tags of versions, after all that every change has to pass', () => {
    expect(release.on).toEqual({ push: { tags: ['v*'] } });
    expect(runsOf(check!)).toContain('.ci/run');
    expect([image!.needs, packages!.needs]).toEqual(['check', 'check']);
    expect(release.jobs.release!.needs).toEqual(['image', 'packages']);
  });

  it('builds the image with bill of materials and provenance, from a Dockerfile that has what it names', () => {
    const build = image!.steps.find(({ uses }) => uses?.startsWith('docker/build-push-action'))!.with!;
    expect(build).toMatchObject({ provenance: 'mode=max', sbom: true });
    expect(build.outputs).toContain('rewrite-timestamp=true');
    const dockerfile = readFileSync('Dockerfile', 'utf8');
    for (const argument of `${build['build-args']}`.split('\n')) {
      expect(dockerfile).toContain(`ARG ${argument.split('=')[0]}`);
    }
    const [, target] = /--target (\w+)/.exec(runsOf(image!))!;
    expect(dockerfile).toMatch(new RegExp(`^FROM .* AS ${target}$`, 'm'));
    expect(image!.permissions).toMatchObject({
      packages: 'write',
      'id-token': 'write',
      attestations: 'write',
    });
  });

  it('publishes the packages with provenance, by no kept token', () => {
    expect(runsOf(packages!)).toMatch(/npm publish --workspaces --access public --provenance/);
    expect(packages!.permissions).toEqual({ contents: 'read', 'id-token': 'write' });
    expect(readFileSync('.github/workflows/release.yml', 'utf8').match(/secrets\.\w+/g)).toEqual([
      'secrets.GITHUB_TOKEN',
      'secrets.GITHUB_TOKEN',
    ]);
  });
});

describe('scripts/check-release.js', () => {
  const PLACES = [
    'package.json',
    ...globSync('packages/*/package.json').sort(),
    'CHANGELOG.md',
    'Dockerfile',
    'deploy/compose.env.example',
    'deploy/kubernetes/example/kustomization.yaml',
  ];
  afterEach(sweep);

  /** A copy of what has a version, as if all of it had this one. */
  function aRelease(version: string): string {
    const directory = aDirectory();
    for (const file of PLACES) {
      mkdirSync(dirname(join(directory, file)), { recursive: true });
      cpSync(file, join(directory, file));
      change(
        directory,
        file,
        /("version": "|"@keyway\/[\w-]+": "|image\.version="|^#IMAGE=.*:|newTag: )[\d.]+/gm,
        `$1${version}`,
      );
    }
    change(directory, 'CHANGELOG.md', /^## Unreleased\n/m, `## Unreleased\n\n## ${version} (2026-12-01)\n`);
    return directory;
  }

  function change(directory: string, file: string, from: RegExp, to: string): void {
    const path = join(directory, file);
    writeFileSync(path, readFileSync(path, 'utf8').replace(from, to));
  }

  const check = (directory: string, tag: string) =>
    spawnSync(process.execPath, [resolve('scripts/check-release.js'), tag], {
      cwd: directory,
      encoding: 'utf8',
    });

  it('prints the chapter of the changelog where all agree', () => {
    const { status, stdout, stderr } = check(aRelease('3.4.5'), 'v3.4.5');
    expect([status, stderr]).toEqual([0, '']);
    expect(stdout).toMatch(/^To do with this version:/);
    expect(stdout).not.toContain('\n## ');
  });

  it.each(PLACES)('refuses a tag while %s has another version', (file) => {
    const directory = aRelease('3.4.5');
    change(directory, file, /3\.4\.5/, '3.4.4');
    const { status, stderr } = check(directory, 'v3.4.5');
    expect([status, stderr.split(/[:,]/)[0]]).toEqual([1, file]);
  });

  it.each(['3.4.5', 'v3.4', 'latest', ''])('refuses the tag "%s"', (tag) => {
    expect(check(aRelease('3.4.5'), tag)).toMatchObject({
      status: 1,
      stderr: expect.stringContaining('is not the tag'),
    });
  });

  it('refuses a release that has left something under Unreleased', () => {
    const directory = aRelease('3.4.5');
    change(directory, 'CHANGELOG.md', /^## Unreleased\n/m, '## Unreleased\n\n- One more thing.\n');
    expect(check(directory, 'v3.4.5')).toMatchObject({
      status: 1,
      stderr: expect.stringContaining('Unreleased'),
    });
  });
});

describe('the versions in the repository', () => {
  it('of service, image and examples are the last release of the changelog', () => {
    const [, released] = /^## (\d\S*) \(/m.exec(readFileSync('CHANGELOG.md', 'utf8'))!;
    const { version } = JSON.parse(readFileSync('package.json', 'utf8')) as { version: string };
    expect(version).toBe(released);
    for (const file of [
      'Dockerfile',
      'deploy/compose.env.example',
      'deploy/kubernetes/example/kustomization.yaml',
    ]) {
      expect(readFileSync(file, 'utf8')).toContain(version);
    }
  });

  it('of the packages are one', () => {
    const versions = globSync('packages/*/package.json').map(
      (file) => (JSON.parse(readFileSync(file, 'utf8')) as { version: string }).version,
    );
    expect(new Set(versions).size).toBe(1);
  });
});
