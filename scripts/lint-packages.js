// Packs each package as it would be published and checks what is in the archive: publint (all that package.json promises is
// there, in the right kind of module) and "Are the types wrong?" (each way to import it finds types that fit). Needs
// `npm run build`, and no network.
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const { workspaces } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
const work = mkdtempSync(join(tmpdir(), 'keyway-packages-'));

try {
  for (const folder of workspaces) {
    const archive = pack(folder);
    check('publint/src/cli.js', 'run', archive, '--strict');
    const types = [archive, ...profileOf(folder), ...modulesAlone(folder), '--format', 'ascii'];
    check('@arethetypeswrong/cli/dist/index.js', ...types);
  }
} finally {
  rmSync(work, { recursive: true });
}

function pack(folder) {
  // Its prepack script would build all of the packages anew.
  const args = ['pack', `./${folder}`, '--json', '--ignore-scripts', '--pack-destination', work];
  const [{ filename }] = JSON.parse(execFileSync('npm', args, { cwd: root, encoding: 'utf8' }));
  return join(work, filename);
}

/** A package that has nothing for `require` is for modules alone. */
function profileOf(folder) {
  const { exports } = JSON.parse(readFileSync(join(root, folder, 'package.json'), 'utf8'));
  return JSON.stringify(exports).includes('"require"') ? [] : ['--profile', 'esm-only'];
}

/** Entries that have nothing for `require`, in a package that has else. */
function modulesAlone(folder) {
  return folder === 'packages/browser' ? ['--exclude-entrypoints', './http.js'] : [];
}

/** Both packages export no path to their command: it is found in node_modules. */
function check(script, ...args) {
  const { status } = spawnSync(process.execPath, [join(root, 'node_modules', script), ...args], {
    cwd: root,
    stdio: 'inherit',
  });
  if (status !== 0) process.exitCode = 1;
}
