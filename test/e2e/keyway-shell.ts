import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { DIST } from './build-keyway.js';
import type { Ending, Environment } from './keyway-process.js';

const PATIENCE = 60_000; // ms

/** Runs a script of sh, for pipes and redirections: `keyway` is the command, `"$NODE" "$KEYWAY"` one to be signalled. */
export function runScript(script: string, env: Environment, cwd: string): Promise<Ending> {
  const places = { PATH: process.env.PATH, NODE: process.execPath, KEYWAY: join(DIST, 'cli/main.js') };
  const options = { cwd, env: { ...places, ...env }, timeout: PATIENCE };
  return new Promise((resolve) => {
    execFile(
      'sh',
      ['-c', `keyway() { "$NODE" "$KEYWAY" "$@"; }\n${script}`],
      options,
      (error, stdout, stderr) => {
        const code = error ? (error.code as number | null) : 0;
        resolve({ code, stdout, stderr, output: stdout + stderr });
      },
    );
  });
}
