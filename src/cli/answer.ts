import type { Command } from 'commander';
import { say } from './standard-output.js';

/** What a command found or did, in both of the forms it may be asked for. */
export interface Answer {
  /** For people; lines, without the last line's end. Null where all of the answer was written already. */
  readonly text: string | null;
  /** For people only, on standard error, where it stays out of what a pipe takes. */
  readonly note?: string | undefined;
  /** On standard error, for people and programs alike: what else to look at. */
  readonly warning?: string | undefined;
  /** For programs: what `--json` writes. */
  readonly json: unknown;
  /** What the command fails with once it has answered. */
  readonly failure?: Error | undefined;
}

/** Lets a command do `work` with its operands and options and write the answer to standard output; adds `--json`. */
export function answering<Operands extends readonly unknown[], Options extends object>(
  command: Command,
  work: (options: Options, ...operands: Operands) => Promise<Answer>,
): void {
  command.option('--json', 'answer in JSON').action(async () => {
    const { json: wantsJson, ...options } = command.optsWithGlobals<Options & { json?: boolean }>();
    const answer = await work(
      options as unknown as Options,
      ...(command.processedArgs as unknown as Operands),
    );
    const text = wantsJson && answer.text !== null ? JSON.stringify(answer.json) : answer.text;
    const said = text === null ? Promise.resolve() : say(`${text}\n`);
    const unsaid = await said.then(
      () => undefined,
      (error: Error) => error,
    );
    for (const line of [answer.warning, wantsJson ? undefined : answer.note]) {
      if (line !== undefined) process.stderr.write(`${line}\n`);
    }
    const failure = answer.failure ?? unsaid;
    if (failure) throw failure;
  });
}
