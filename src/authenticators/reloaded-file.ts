import { statSync } from 'node:fs';
import { Logger } from '@nestjs/common';

const EVERY = 30_000; // ms

/**
 * Reads a file again whenever it is another one than before. It looks at the clock of the file each half minute rather than
 * watching it: Kubernetes replaces what is mounted by swapping a symbolic link further up, which no watcher of the file
 * notices. What cannot be used is survived with one warning, and what was read last stays.
 */
export class ReloadedFile {
  private readonly log = new Logger(ReloadedFile.name);
  private seen: string;
  private timer: NodeJS.Timeout | undefined;
  private underWay: Promise<void> | null = null;

  /**
   * Make it before the file is read for the first time: what changes from then on is noticed.
   *
   * @param read takes over what is in the file; throws a sentence, and takes over nothing, if it cannot be used.
   */
  constructor(
    private readonly path: string,
    private readonly read: () => void | Promise<void>,
  ) {
    this.seen = stateOf(path);
  }

  start(): void {
    this.timer = setInterval(() => void this.check(), EVERY);
    this.timer.unref();
  }

  /** Waits for the reading under way. */
  async stop(): Promise<void> {
    clearInterval(this.timer);
    await this.underWay;
  }

  /** Looks whether the file has changed, and reads it if so. Throws nothing. */
  check(): Promise<void> {
    this.underWay ??= this.readIfChanged().finally(() => {
      this.underWay = null;
    });
    return this.underWay;
  }

  private async readIfChanged(): Promise<void> {
    const state = stateOf(this.path);
    if (state === this.seen) return;
    this.seen = state;
    try {
      await this.read();
      this.log.log(`${this.path} has changed and was read again`);
    } catch (error) {
      this.log.warn(`${(error as Error).message} What was read before stays in use.`);
    }
  }
}

/** Which file is there, through all symbolic links, and when it was written. */
function stateOf(path: string): string {
  const stats = statSync(path, { throwIfNoEntry: false });
  return stats ? [stats.dev, stats.ino, stats.size, stats.mtimeMs].join() : 'none';
}
