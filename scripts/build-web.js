// Bundles the browser side into dist/web, or into the folder given; `--watch` goes on whenever a file changes. Runs after
// `nest build`, which empties dist.
import { copyFile, mkdir, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { build, context } from 'esbuild';
import { choiceStyles, getStartedPage } from './get-started.js';

const root = fileURLToPath(new URL('..', import.meta.url));
const isWatching = process.argv[2] === '--watch';
const outdir = (!isWatching && process.argv[2]) || `${root}dist/web`;

await mkdir(outdir, { recursive: true });
const options = {
  absWorkingDir: root,
  entryPoints: [
    { in: 'web/demo/demo.ts', out: 'demo' },
    { in: 'web/demo/demo.css', out: 'demo' },
    { in: 'web/start/start.ts', out: 'start' },
    { in: 'web/start/start.css', out: 'start' },
  ],
  outdir,
  bundle: true,
  splitting: true,
  chunkNames: '[name]-[hash]',
  format: 'esm',
  platform: 'browser',
  target: ['es2022'],
  minify: true,
  sourcemap: 'linked',
  legalComments: 'none',
  tsconfig: 'web/tsconfig.json',
  logLevel: 'warning',
};
if (isWatching) await (await context(options)).watch();
else await build(options);
for (const file of ['index.html', 'icon.svg']) await copyFile(`${root}web/demo/${file}`, `${outdir}/${file}`);
await mkdir(`${outdir}/get-started`, { recursive: true });
await writeFile(`${outdir}/get-started/index.html`, getStartedPage());
await writeFile(`${outdir}/choices.css`, choiceStyles());
