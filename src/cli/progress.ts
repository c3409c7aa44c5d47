/** One line on standard error that says how far it is, for whoever watches a terminal; nothing into a file or a pipe. */
export class Progress {
  private isShown = false;

  show(text: string): void {
    if (!process.stderr.isTTY) return;
    process.stderr.write(`\r\u001b[K${text}`);
    this.isShown = true;
  }

  /** Leaves an empty line to whoever writes next. */
  clear(): void {
    if (this.isShown) process.stderr.write('\r\u001b[K');
    this.isShown = false;
  }
}
