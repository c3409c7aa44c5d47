import { Agent } from 'node:http';
import { setTimeout as pause } from 'node:timers/promises';
import { type Answer, ask } from '../e2e/ask.js';

/** One request of a person's or a server's. */
export interface Wish {
  readonly method: 'GET' | 'POST' | 'PATCH' | 'DELETE';
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: object;
  /** The statuses of a refusal that is the right answer to it. */
  readonly refusals?: readonly number[];
}

/** What became of a wish. */
export interface Outcome {
  /** Of the answer that settled it; 0 if none did while anybody waited. */
  readonly status: number;
  readonly json: unknown;
  /** How many tries before that one may have been carried out all the same. */
  readonly doubts: number;
}

const PATIENCE = 45_000; // ms for which somebody tries again
const PAUSE = 250; // ms

/** What was sent through the balancer, and how it was answered. */
export class Traffic {
  /** By status, of the replicas' own answers; `reset` where a connection broke. */
  readonly statuses = new Map<number | 'reset', number>();
  /** Answers that are neither a success nor the refusal that was right: at most a few. */
  readonly surprises: string[] = [];
  requests = 0;
  /** ms */
  slowest = 0;
  /** The longest time in ms in which nobody had a success. */
  longestGap = 0;
  private served = 0;
  private readonly agent = new Agent({ keepAlive: true });

  constructor(private readonly origin: string) {}

  begin(): void {
    this.served = performance.now();
  }

  end(): void {
    this.noteGap();
    this.agent.destroy();
  }

  count(...statuses: (number | 'reset')[]): number {
    return statuses.reduce<number>((sum, status) => sum + (this.statuses.get(status) ?? 0), 0);
  }

  /** How many answers were a success (2), or a refusal (4). */
  ofClass(hundreds: number): number {
    const found = [...this.statuses].filter(([it]) => it !== 'reset' && Math.floor(it / 100) === hundreds);
    return found.reduce((sum, [, count]) => sum + count, 0);
  }

  /** Sends it until it is settled: an outage or a broken connection does not settle it. */
  async settle(wish: Wish): Promise<Outcome> {
    const until = Date.now() + PATIENCE;
    for (let doubts = 0; ; doubts += 1) {
      const { status, json } = await this.send(wish);
      if (status !== 503 && status !== 0) return { status, json, doubts };
      if (Date.now() > until) return { status: 0, json: null, doubts: doubts + 1 };
      await pause(PAUSE);
    }
  }

  /** Sends it once; status 0 if the connection broke. */
  async send(wish: Wish): Promise<{ readonly status: number; readonly json: unknown }> {
    const { method, path, headers, body } = wish;
    const begun = performance.now();
    const answer = await ask(this.origin + path, {
      method,
      headers: { ...headers, ...(body && { 'content-type': 'application/json' }) },
      agent: this.agent,
      ...(body && { body: JSON.stringify(body) }),
    }).catch((error: Error) => error);
    this.slowest = Math.max(this.slowest, performance.now() - begun);
    this.requests += 1;
    // Keyway never answers with 502: that is a balancer whose connection broke.
    if (answer instanceof Error || answer.status === 502) {
      this.add('reset');
      return { status: 0, json: null };
    }
    this.judge(wish, answer);
    return { status: answer.status, json: answer.body.startsWith('{') ? JSON.parse(answer.body) : null };
  }

  private judge({ method, path, refusals = [] }: Wish, { status, body }: Answer): void {
    this.add(status);
    const isSuccess = status >= 200 && status < 300;
    if (isSuccess) this.noteGap();
    const isFine = isSuccess || status === 503 || refusals.includes(status);
    if (!isFine && this.surprises.length < 10) this.surprises.push(`${method} ${path}: ${status} ${body}`);
  }

  private noteGap(): void {
    const now = performance.now();
    this.longestGap = Math.max(this.longestGap, now - this.served);
    this.served = now;
  }

  private add(status: number | 'reset'): void {
    this.statuses.set(status, (this.statuses.get(status) ?? 0) + 1);
  }
}
