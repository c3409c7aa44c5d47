import { once } from 'node:events';
import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';

/** An HTTP server of the test's own making, on this machine. */
export class FakeServer {
  /** Method and path of every request so far. */
  readonly requests: string[] = [];
  /** Connections that were ever made to it. */
  connections = 0;
  /** The same after each start. */
  port = 0;
  private readonly server: Server;

  constructor(answer: RequestListener) {
    this.server = createServer((request, response) => {
      this.requests.push(`${request.method} ${request.url}`);
      answer(request, response);
    });
    this.server.on('connection', () => (this.connections += 1));
  }

  /** Its origin, without a trailing slash. */
  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  async start(): Promise<this> {
    this.server.listen(this.port, '127.0.0.1');
    await once(this.server, 'listening');
    this.port = (this.server.address() as AddressInfo).port;
    return this;
  }

  /** Refuses connections, and cuts those there are. */
  async close(): Promise<void> {
    if (!this.server.listening) return;
    this.server.close();
    this.server.closeAllConnections();
    await once(this.server, 'close');
  }
}

/** Starts a server that answers as it is told. */
export const fakeServer = (answer: RequestListener): Promise<FakeServer> => new FakeServer(answer).start();
