import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { DIST } from './build-keyway.js';

export type Environment = Record<string, string>;

/** How a process ended: `code` is null if a signal ended it. */
export interface Ending {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
  /** Everything it wrote. */
  readonly output: string;
}

/** A service that runs as an operator runs it: a process of its own with nothing in its environment but `env`. */
export interface KeywayProcess {
  /** Where it listens, without a slash at its end. */
  readonly url: string;
  readonly ending: Promise<Ending>;
  readonly signal: (signal: NodeJS.Signals) => void;
}

const children = new Set<ChildProcess>();
const directories: string[] = [];

/** Ends whatever a test has left running and deletes its directories; for `afterEach`. */
export async function sweep(): Promise<void> {
  const running = [...children];
  await Promise.all(
    running.map(
      (child) =>
        new Promise((resolve) => {
          child.once('close', resolve).kill('SIGKILL');
        }),
    ),
  );
  for (const directory of directories.splice(0)) rmSync(directory, { recursive: true, force: true });
}

/** An empty directory, until the test has ended. */
export function aDirectory(): string {
  const directory = mkdtempSync(join(tmpdir(), 'keyway-e2e-'));
  directories.push(directory);
  return directory;
}

/** Starts the service and answers once it listens; throws with all it said if it ends instead. */
export const startKeyway = (env: Environment, cwd = aDirectory()): Promise<KeywayProcess> =>
  untilItListens(launch(['main.js'], env, cwd));

/** The same by the script of `npm start`, in the shell that npm would run it in and signal. */
export function startByScript(env: Environment): Promise<KeywayProcess> {
  const { scripts } = JSON.parse(readFileSync('package.json', 'utf8')) as { scripts: { start: string } };
  const path = `${dirname(process.execPath)}:${process.env.PATH}`;
  return untilItListens(spawnIn(join(DIST, '..'), 'sh', ['-c', scripts.start], { ...env, PATH: path }));
}

async function untilItListens({ child, ending }: ReturnType<typeof launch>): Promise<KeywayProcess> {
  const url = await new Promise<string>((resolve, reject) => {
    let seen = '';
    child.stdout.on('data', (chunk: string) => {
      seen += chunk;
      const [, address] =
        /Keyway listens on ([^"]+)|demo is at http:\/\/([^ ]+)/.exec(seen)?.filter(Boolean) ?? [];
      if (address) resolve(`http://${address}`);
    });
    void ending.then(({ output }) => reject(new Error(`Keyway ended before it listened:\n${output}`)));
  });
  return { url, ending, signal: (signal) => void child.kill(signal) };
}

/** Starts the service and waits for its end, for starts that are to fail. */
export const runKeyway = (env: Environment, cwd = aDirectory()): Promise<Ending> =>
  launch(['main.js'], env, cwd).ending;

/** Runs `keyway` with these arguments. */
export const runCommand = (args: readonly string[], env: Environment, cwd = aDirectory()): Promise<Ending> =>
  launch(['cli/main.js', ...args], env, cwd).ending;

/** Starts a process of the service or of a command, and waits for nothing. */
export const launch = ([script, ...args]: string[], env: Environment, cwd: string) =>
  spawnIn(cwd, process.execPath, [join(DIST, script!), ...args], env);

function spawnIn(cwd: string, command: string, args: readonly string[], env: Environment) {
  const child = spawn(command, args, {
    cwd,
    env: { PATH: process.env.PATH, NODE_COMPILE_CACHE: join(DIST, '../compile-cache'), ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  children.add(child);
  let [stdout, stderr] = ['', ''];
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => (stdout += chunk));
  child.stderr.setEncoding('utf8').on('data', (chunk: string) => (stderr += chunk));
  const ending = new Promise<Ending>((resolve) => {
    child.once('close', (code) => {
      children.delete(child);
      resolve({ code, stdout, stderr, output: stdout + stderr });
    });
  });
  return { child, ending };
}
