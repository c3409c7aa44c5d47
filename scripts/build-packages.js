// Builds the drop-in clients: ESM, CJS and types for both, into packages/*/dist or into one folder each below the one given.
import { execFileSync } from 'node:child_process';
import { readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const root = fileURLToPath(new URL('..', import.meta.url));
const tsc = fileURLToPath(import.meta.resolve('typescript/bin/tsc'));
const CLIENTS = [
  { name: 'node', platform: 'node', target: ['node20'] },
  { name: 'browser', platform: 'browser', target: ['es2022'] },
];

for (const { name, platform, target } of CLIENTS) {
  const source = join(root, 'packages', name);
  const outdir = process.argv[2] ? join(process.argv[2], name) : join(source, 'dist');
  await rm(outdir, { recursive: true, force: true });
  for (const [format, extension] of [
    ['esm', '.js'],
    ['cjs', '.cjs'],
  ]) {
    await build({
      entryPoints: [join(source, 'src/index.ts')],
      outdir,
      outExtension: { '.js': extension },
      bundle: true,
      packages: 'external',
      format,
      platform,
      target,
      legalComments: 'none',
      logLevel: 'warning',
    });
  }
  const types = ['--noEmit', 'false', '--declaration', '--emitDeclarationOnly', '--outDir', outdir];
  execFileSync(process.execPath, [tsc, '-p', source, ...types], { stdio: 'inherit' });
  // The same types once more for `require`: TypeScript tells the two kinds of modules by the file's name.
  for (const file of await readdir(outdir)) {
    if (!file.endsWith('.d.ts')) continue;
    const text = await readFile(join(outdir, file), 'utf8');
    const asCommonJs = text.replaceAll(/(from '\.\/[^']+)\.js'/g, "$1.cjs'");
    await writeFile(join(outdir, file.replace(/\.d\.ts$/, '.d.cts')), asCommonJs);
  }
}
