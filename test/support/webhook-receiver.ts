import { once } from 'node:events';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** One request that a receiver of webhooks had. */
export interface ReceivedWebhook {
  readonly headers: Record<string, string>;
  readonly body: string;
  readonly at: number;
  readonly event: {
    readonly type: string;
    readonly data: { readonly id: string; readonly user: { readonly id: string } | null } & Record<
      string,
      unknown
    >;
  };
}

/** What becomes of a request; without an answer of its own it is accepted. */
export type ReceiverAnswer = (response: ServerResponse, received: ReceivedWebhook) => void;

/** An application that is told of events, on this machine. */
export class WebhookReceiver {
  readonly received: ReceivedWebhook[] = [];
  /** Connections that were ever made to it. */
  connections = 0;
  answer: ReceiverAnswer = (response) => response.writeHead(204).end();
  private readonly server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('error', () => undefined);
    request.on('end', () => {
      const body = Buffer.concat(chunks).toString();
      const headers = request.headers as Record<string, string>;
      const received = { headers, body, at: Date.now(), event: JSON.parse(body) };
      this.received.push(received);
      this.answer(response, received);
    });
  });

  get port(): number {
    return (this.server.address() as AddressInfo).port;
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}/hook`;
  }

  async start(): Promise<this> {
    this.server.on('connection', () => (this.connections += 1));
    this.server.listen(0, '127.0.0.1');
    await once(this.server, 'listening');
    return this;
  }

  /** What it received, once that is as much as `count`. Throws until then. */
  expect(count: number): ReceivedWebhook[] {
    if (this.received.length < count) throw new Error(`${this.received.length} of ${count} were received.`);
    return this.received;
  }

  /** The types of what it received. */
  get types(): string[] {
    return this.received.map(({ event }) => event.type);
  }

  async close(): Promise<void> {
    if (!this.server.listening) return;
    this.server.close();
    this.server.closeAllConnections();
    await once(this.server, 'close');
  }
}
