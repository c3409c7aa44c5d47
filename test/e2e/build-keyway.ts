import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';

const ROOT = process.cwd();
const OUT = join(ROOT, 'node_modules/.cache/keyway-e2e');
const PATIENCE = 120_000; // ms

/** Where the compiled service is: as in `dist`, which is left to the developer. */
export const DIST = join(OUT, 'dist');

/** Compiles the service and bundles its web side, one spec file at a time; quick when nothing has changed. */
export function buildKeyway(): void {
  mkdirSync(OUT, { recursive: true });
  const lock = new DatabaseSync(join(OUT, 'lock'), { timeout: PATIENCE });
  try {
    lock.exec('begin exclusive');
    // Once: commands that run meanwhile read it.
    const manifest = join(OUT, 'package.json');
    if (!existsSync(manifest)) writeFileSync(manifest, '{ "type": "module" }\n');
    // Types are checked elsewhere; a mistake in them is no reason to fail here.
    const incremental = ['--incremental', '--tsBuildInfoFile', join(OUT, 'tsbuildinfo')];
    run(
      'node_modules/typescript/bin/tsc',
      '-p',
      'tsconfig.build.json',
      '--noCheck',
      '--outDir',
      DIST,
      ...incremental,
    );
    run('scripts/build-web.js', join(DIST, 'web'));
  } finally {
    lock.close();
  }
}

function run(...args: string[]): void {
  execFileSync(process.execPath, args, { cwd: ROOT, stdio: ['ignore', 'pipe', 'pipe'] });
}
