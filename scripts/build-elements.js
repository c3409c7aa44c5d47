// Puts the elements' scripts where the service serves them from, dist/elements, each also compressed, with a list of their
// hashes for pages that check the integrity of what they load.
import { createHash } from 'node:crypto';
import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';

const root = fileURLToPath(new URL('..', import.meta.url));
const source = join(root, 'packages/elements/dist');
const outdir = join(root, 'dist/elements');

const { version } = JSON.parse(await readFile(join(root, 'packages/elements/package.json'), 'utf8'));
// Not index.js, which is for bundlers.
const names = (await readdir(source, { recursive: true }))
  .filter((name) => /\.js(\.map)?$/.test(name) && !/^index\./.test(name))
  .sort();

await rm(outdir, { recursive: true, force: true });
const content = createHash('sha256');
const files = {};
for (const name of names) {
  const bytes = await readFile(join(source, name));
  const target = join(outdir, name);
  await mkdir(dirname(target), { recursive: true });
  await writeFile(target, bytes);
  await writeFile(`${target}.gz`, gzipSync(bytes, { level: 9 }));
  content.update(`${name}\0`).update(bytes);
  files[name] = `sha384-${createHash('sha384').update(bytes).digest('base64')}`;
}
const build = `${version}-${content.digest('hex').slice(0, 12)}`;
await writeFile(join(outdir, 'files.json'), `${JSON.stringify({ build, files }, null, 2)}\n`);
