import { LRUCache } from 'lru-cache';

const WINDOW = 60_000; // ms
const MAX_NETWORKS = 20_000;

/** Requests that one network may send in a minute without credentials. */
export const MAX_REQUESTS = 300;

interface Window {
  current: number;
  readonly until: number;
}

/** Counts the requests of each network in a minute, in this process's memory, which holds those seen last. */
export class RequestCounts {
  private readonly windows = new LRUCache<string, Window>({ max: MAX_NETWORKS });

  /** Counts one request more, or several; `ttl` is the milliseconds until the count starts again at 0. */
  add(network: string, requests = 1): { readonly current: number; readonly ttl: number } {
    const window = this.windowOf(network) ?? { current: 0, until: Date.now() + WINDOW };
    if (window.current === 0) this.windows.set(network, window);
    window.current += requests;
    return { current: window.current, ttl: window.until - Date.now() };
  }

  /** Milliseconds until the network may send requests again; 0 while it may. */
  wait(network: string): number {
    const window = this.windowOf(network);
    return !window || window.current < MAX_REQUESTS ? 0 : window.until - Date.now();
  }

  private windowOf(network: string): Window | undefined {
    const known = this.windows.get(network);
    return known && known.until > Date.now() ? known : undefined;
  }
}
