/** Tells the other tables, of this page and of this origin's other tabs, that a list has changed. No data is sent. */
export class Changes {
  #channel: BroadcastChannel | null = null;

  /** Calls `changed` whenever another table says so, until {@link close}. */
  open(changed: () => void): void {
    this.close();
    if (typeof BroadcastChannel !== 'function') return;
    this.#channel = new BroadcastChannel('keyway-passkeys');
    this.#channel.onmessage = changed;
  }

  tell(): void {
    this.#channel?.postMessage('changed');
  }

  close(): void {
    this.#channel?.close();
    this.#channel = null;
  }
}
