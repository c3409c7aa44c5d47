// Builds the service, the browser's part and the packages, each only if a file of its own has changed since it was last
// built. `--all` builds all of them.
import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
// Goes with node_modules: other dependencies may build another result.
const stamps = join(root, 'node_modules/.cache/keyway-build');
const EVERYWHERE = ['package.json', 'package-lock.json', 'tsconfig.json', 'scripts'];

// Not the packages' folders themselves: these change as they are built.
const PACKAGES = readdirSync(join(root, 'packages')).flatMap((name) =>
  ['src', 'package.json', 'tsconfig.json'].map((entry) => join('packages', name, entry)),
);

const PARTS = [
  // First: the service is compiled with the types of the client for servers.
  {
    name: 'packages',
    inputs: PACKAGES,
    output: 'packages/node/dist/index.js',
    build: () => run('scripts/build-packages.js'),
  },
  {
    name: 'service',
    inputs: ['src', 'nest-cli.json', 'tsconfig.build.json'],
    output: 'dist/main.js',
    build: () => {
      run('scripts/build-marks.js');
      run('node_modules/@nestjs/cli/bin/nest.js', 'build');
      chmodSync(join(root, 'dist/cli/main.js'), 0o755);
    },
  },
  {
    // After the service, whose build empties dist.
    name: 'elements',
    inputs: PACKAGES,
    output: 'dist/elements/files.json',
    build: () => run('scripts/build-elements.js'),
  },
  {
    name: 'web',
    inputs: ['web', ...PACKAGES],
    output: 'dist/web/index.html',
    build: () => run('scripts/build-web.js'),
  },
];

mkdirSync(stamps, { recursive: true });
const all = process.argv.includes('--all');
for (const { name, inputs, output, build } of PARTS) {
  const stamp = join(stamps, name);
  const began = new Date();
  const isBuilt = existsSync(stamp) && existsSync(join(root, output));
  if (!all && isBuilt && latestChange([...EVERYWHERE, ...inputs]) < statSync(stamp).mtimeMs) continue;
  rmSync(stamp, { force: true });
  // Else the first start looks as if it hung.
  console.error(`Building ${name} …`);
  build();
  // What is changed while it is built is built again the next time.
  writeFileSync(stamp, began.toISOString());
  utimesSync(stamp, began, began);
}

/** When any of these files or folders last changed, in milliseconds since the epoch; a deletion changes its folder. */
function latestChange(paths) {
  const times = paths.map((path) => {
    const status = statSync(join(root, path));
    const inside = status.isDirectory() ? readdirSync(join(root, path)) : [];
    return Math.max(status.mtimeMs, latestChange(inside.map((entry) => join(path, entry))));
  });
  return Math.max(0, ...times);
}

function run(script, ...args) {
  execFileSync(process.execPath, [script, ...args], { cwd: root, stdio: 'inherit' });
}
