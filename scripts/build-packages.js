// Builds what is published into packages/*/dist, or into one folder each below the one given: ESM and types; the clients for
// CommonJS as well, and the elements also as one script for pages without a bundler.
import { execFileSync } from 'node:child_process';
import { readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const root = fileURLToPath(new URL('..', import.meta.url));
const tsc = fileURLToPath(import.meta.resolve('typescript/bin/tsc'));
const ESM = { format: 'esm', outExtension: { '.js': '.js' } };
const CJS = { format: 'cjs', outExtension: { '.js': '.cjs' } };

// The client for browsers comes before the elements, which need its types.
const PACKAGES = [
  { name: 'node', platform: 'node', target: ['node20'], formats: [ESM, CJS] },
  { name: 'browser', platform: 'browser', target: ['es2022'], formats: [ESM, CJS] },
  { name: 'elements', platform: 'browser', target: ['es2022'], formats: [ESM] },
];

const outdirOf = (name) =>
  process.argv[2] ? join(process.argv[2], name) : join(root, 'packages', name, 'dist');

for (const { name, platform, target, formats } of PACKAGES) {
  const source = join(root, 'packages', name);
  const outdir = outdirOf(name);
  await rm(outdir, { recursive: true, force: true });
  for (const format of formats) {
    await build({
      entryPoints: [join(source, 'src/index.ts')],
      outdir,
      bundle: true,
      packages: 'external',
      // The path of tsconfig.json would come before the line above.
      external: ['@keyway/passage-flex-js'],
      platform,
      target,
      legalComments: 'none',
      logLevel: 'warning',
      ...format,
    });
  }
  await writeTypes(source, outdir);
  if (formats.includes(CJS)) await copyTypesForCommonJs(outdir);
}
await buildScript('passkey-table');
await buildScript('passkey-history');

/** Types of another package are those that were built, not its sources. */
async function writeTypes(source, outdir) {
  const config = join(outdir, 'tsconfig.json');
  const compilerOptions = {
    noEmit: false,
    declaration: true,
    emitDeclarationOnly: true,
    rootDir: join(source, 'src'),
    outDir: outdir,
    typeRoots: [join(root, 'node_modules/@types')],
    paths: { '@keyway/passage-flex-js': [join(outdirOf('browser'), 'index.d.ts')] },
  };
  await writeFile(
    config,
    JSON.stringify({
      extends: join(source, 'tsconfig.json'),
      compilerOptions,
      include: [join(source, 'src')],
    }),
  );
  execFileSync(process.execPath, [tsc, '-p', config], { stdio: 'inherit' });
  await rm(config);
}

/** The same types once more for `require`: TypeScript tells the two kinds of modules by the file's name. */
async function copyTypesForCommonJs(outdir) {
  for (const file of await readdir(outdir)) {
    if (!file.endsWith('.d.ts')) continue;
    const text = await readFile(join(outdir, file), 'utf8');
    const asCommonJs = text.replaceAll(/(from '\.\/[^']+)\.js'/g, "$1.cjs'");
    await writeFile(join(outdir, file.replace(/\.d\.ts$/, '.d.cts')), asCommonJs);
  }
}

/** An element with all that it needs, for `<script type="module" src>`. */
async function buildScript(element) {
  await build({
    entryPoints: [join(root, `packages/elements/src/${element}.ts`)],
    outdir: outdirOf('elements'),
    bundle: true,
    format: 'esm',
    platform: 'browser',
    target: ['chrome123', 'edge123', 'firefox124', 'safari17.5'],
    minify: true,
    sourcemap: 'linked',
    legalComments: 'none',
    logLevel: 'warning',
  });
}
