// Bundles the browser side into dist/web, or into the folder given. Runs after `nest build`, which empties dist.
import { copyFile, mkdir } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const root = fileURLToPath(new URL('..', import.meta.url));
const outdir = process.argv[2] ?? `${root}dist/web`;

await mkdir(outdir, { recursive: true });
await build({
  absWorkingDir: root,
  entryPoints: [
    { in: 'web/passkey-table/passkey-table.ts', out: 'passkey-table' },
    { in: 'web/demo/demo.ts', out: 'demo' },
    { in: 'web/demo/demo.css', out: 'demo' },
  ],
  outdir,
  bundle: true,
  format: 'esm',
  platform: 'browser',
  target: ['chrome123', 'edge123', 'firefox124', 'safari17.5'],
  minify: true,
  sourcemap: 'linked',
  legalComments: 'none',
  tsconfig: 'web/tsconfig.json',
  logLevel: 'warning',
});
for (const file of ['index.html', 'icon.svg']) await copyFile(`${root}web/demo/${file}`, `${outdir}/${file}`);
