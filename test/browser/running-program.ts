import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as pause } from 'node:timers/promises';

const START_LIMIT = 60_000; // ms; the embedded database is created first

/** A program of its own, such as a server that the test is about. */
export class RunningProgram {
  private constructor(private readonly child: ChildProcess) {}

  /** Runs a command until its `probe` answers with less than 500; throws what it wrote if it ends before. */
  static async start(
    [command, ...args]: readonly [string, ...string[]],
    { env, cwd, probe }: { readonly env: NodeJS.ProcessEnv; readonly cwd: string; readonly probe: string },
  ): Promise<RunningProgram> {
    let output = '';
    const child = spawn(command, args, { cwd, env });
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (text) => (output += String(text)));
    const program = new RunningProgram(child);
    for (
      const limit = Date.now() + START_LIMIT;
      Date.now() < limit && child.exitCode === null;
      await pause(50)
    ) {
      const answer = await fetch(probe).catch(() => null);
      if (answer && answer.status < 500) return program;
    }
    await program.stop();
    throw new Error(`${args.join(' ')} did not start. It said:\n${output}`);
  }

  async stop(): Promise<void> {
    if (this.child.exitCode !== null) return;
    this.child.kill();
    await once(this.child, 'close');
  }
}
