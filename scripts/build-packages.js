// Builds what is published into packages/*/dist, or into one folder each below the one given: ESM and types; the clients for
// CommonJS as well, and the elements also as scripts for pages without a bundler.
import { execFileSync } from 'node:child_process';
import { readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const root = fileURLToPath(new URL('..', import.meta.url));
const tsc = fileURLToPath(import.meta.resolve('typescript/bin/tsc'));
const ESM = { format: 'esm', outExtension: { '.js': '.js' } };
const CJS = { format: 'cjs', outExtension: { '.js': '.cjs' } };

// The client for browsers comes before the elements, which need its types.
const PACKAGES = [
  { name: 'node', platform: 'node', target: ['node20'], formats: [ESM, CJS] },
  {
    name: 'browser',
    platform: 'browser',
    target: ['es2022'],
    formats: [ESM, CJS],
    entries: ['index', 'http'],
  },
  { name: 'elements', platform: 'browser', target: ['es2022'], formats: [ESM] },
];

/** Leaves languages to be loaded from the folder `lang` beside the file. */
const languagesApart = {
  name: 'languages-apart',
  setup({ onResolve }) {
    onResolve({ filter: /^\.\.\/lang\// }, ({ path }) => ({ path: path.slice(1), external: true }));
  },
};

/** Style sheets stand in template literals, where the minifier leaves white space alone. */
const withoutWhiteSpace = {
  name: 'without-white-space',
  setup({ onLoad }) {
    onLoad({ filter: /style(s|-sheet)\.ts$/ }, async ({ path }) => {
      const text = await readFile(path, 'utf8');
      return { loader: 'ts', contents: text.replaceAll(/`[^`]*`/g, (css) => withoutSpace(css)) };
    });
  },
};

/** Not before a colon, where a space is a combinator. */
const withoutSpace = (css) =>
  css
    .replaceAll(/\/\*.*?\*\//gs, '')
    .replaceAll(/\s+/g, ' ')
    .replaceAll(/ ?([{};,]) ?/g, '$1')
    .replaceAll(/([a-z-]): /g, '$1:');

const outdirOf = (name) =>
  process.argv[2] ? join(process.argv[2], name) : join(root, 'packages', name, 'dist');

for (const { name, platform, target, formats, entries = ['index'] } of PACKAGES) {
  const source = join(root, 'packages', name);
  const outdir = outdirOf(name);
  await rm(outdir, { recursive: true, force: true });
  for (const format of formats) {
    await build({
      // What two entries share must be one for both: errors are told by their class.
      entryPoints: (format === CJS ? ['index'] : entries).map((entry) => join(source, `src/${entry}.ts`)),
      splitting: format === ESM && entries.length > 1,
      outdir,
      bundle: true,
      packages: 'external',
      // The path of tsconfig.json would come before the line above.
      external: ['@keyway/passage-flex-js', '@keyway/passage-flex-js/http.js'],
      plugins: [languagesApart],
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
await buildScripts();

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
    paths: {
      '@keyway/passage-flex-js': [join(outdirOf('browser'), 'index.d.ts')],
      '@keyway/passage-flex-js/http.js': [join(outdirOf('browser'), 'http.d.ts')],
    },
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

/**
 * The elements for `<script type="module" src>`: each for itself, with what it loads later, and both in one file. Languages
 * are files of their own that any of them loads when needed.
 */
async function buildScripts() {
  const source = join(root, 'packages/elements/src');
  const outdir = outdirOf('elements');
  const languages = (await readdir(join(source, 'lang'))).map((file) => basename(file, '.ts'));
  const options = {
    outdir,
    bundle: true,
    format: 'esm',
    platform: 'browser',
    // Older browsers than those that are supported still list and revoke.
    target: ['es2022'],
    minify: true,
    // Half the size of escapes.
    charset: 'utf8',
    sourcemap: 'linked',
    legalComments: 'none',
    logLevel: 'warning',
  };
  for (const name of ['passkey-table', 'passkey-sign-in', 'passkey-history']) {
    await build({
      ...options,
      splitting: true,
      chunkNames: `${name}-[hash]`,
      plugins: [languagesApart, withoutWhiteSpace],
      entryPoints: [{ in: join(source, `${name}.ts`), out: name }],
    });
  }
  await build({
    ...options,
    entryPoints: languages.map((code) => ({ in: join(source, `lang/${code}.ts`), out: `lang/${code}` })),
  });
  await build({
    ...options,
    plugins: [languagesApart, withoutWhiteSpace],
    entryPoints: [{ in: join(source, 'index.ts'), out: 'elements' }],
  });
}
