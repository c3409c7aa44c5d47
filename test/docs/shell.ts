import { execFile } from 'node:child_process';
import { chmodSync, existsSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';

const CURL = join(process.cwd(), 'test/docs/curl.ts');
const PATIENCE = 30_000; // ms

/** What a block did: its output, and the status of each request that it sent. */
export interface Ran {
  readonly stdout: string;
  readonly statuses: readonly number[];
}

/**
 * A shell in a directory of its own, in which the blocks of a document run one after the other: a variable that one sets
 * is there in the next. `curl` is that of curl.ts, `node` the one that runs the tests; a command that fails rejects.
 */
export class Shell {
  private variables: Record<string, string> = {};

  constructor(private readonly directory: string) {
    const curl = join(directory, 'curl');
    writeFileSync(curl, `#!/bin/sh\nexec '${process.execPath}' '${CURL}' "$@"\n`);
    chmodSync(curl, 0o755);
    symlinkSync(process.execPath, join(directory, 'node'));
  }

  set(name: string, value: string): void {
    this.variables[name] = value;
  }

  async run(script: string): Promise<Ran> {
    const [statuses, state] = ['statuses', 'state'].map((name) => join(this.directory, name)) as [
      string,
      string,
    ];
    rmSync(statuses, { force: true });
    const env = { PATH: `${this.directory}:/usr/bin:/bin`, CURL_STATUSES: statuses, ...this.variables };
    const whole = `set -aeu\n${script}\n{ env -0 >'${state}'; }`;
    const { stdout } = await promisify(execFile)('sh', ['-c', whole], {
      cwd: this.directory,
      env,
      timeout: PATIENCE,
    });
    this.variables = variablesIn(readFileSync(state, 'utf8'));
    const sent = existsSync(statuses) ? readFileSync(statuses, 'utf8').trim().split('\n').map(Number) : [];
    return { stdout, statuses: sent };
  }
}

const variablesIn = (state: string): Record<string, string> =>
  Object.fromEntries(
    state
      .split('\0')
      .filter((line) => /^[A-Z_]+=/.test(line) && !/^(PATH|PWD|CURL_STATUSES)=/.test(line))
      .map((line) => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)]),
  );
