import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import type { RemotePassageSettings } from '../../src/config/configuration.js';
import { remoteSettings } from './providers.js';

export interface OddRequest {
  readonly method: string;
  readonly url: string;
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
}

/** What it answers; an object as JSON. `silence` keeps the client waiting, `reset` cuts the connection. */
export type OddAnswer =
  | 'silence'
  | 'reset'
  | { status?: number; headers?: Record<string, string>; body?: object | string | Buffer };

type Respond = (request: OddRequest) => OddAnswer;

/** A server on a port of this machine that answers as a test wants it to, and remembers what it was asked. */
export class OddProvider {
  readonly requests: OddRequest[] = [];
  /** Connections that were ever made to it. */
  connections = 0;
  private readonly sockets = new Set<Socket>();
  private server: Server | undefined;
  private port = 0;

  constructor(private respond: Respond = () => ({ status: 500 })) {}

  get settings(): RemotePassageSettings {
    return remoteSettings(this.port);
  }

  /** From now on it answers in this way, and has been asked nothing. */
  answers(respond: Respond | OddAnswer): void {
    this.respond = typeof respond === 'function' ? respond : () => respond;
    this.requests.length = 0;
  }

  /** The same port after each stop. */
  async start(): Promise<this> {
    this.server = createServer((request, response) => void this.handle(request, response));
    this.server.on('connection', (socket) => {
      this.connections += 1;
      this.sockets.add(socket);
      socket.on('close', () => this.sockets.delete(socket));
    });
    await new Promise<void>((resolve) => this.server!.listen(this.port, '127.0.0.1', resolve));
    this.port = (this.server.address() as AddressInfo).port;
    return this;
  }

  /** Refuses connections, and cuts those there are. */
  async stop(): Promise<void> {
    const closed = new Promise((resolve) => this.server?.close(resolve) ?? resolve(null));
    this.sockets.forEach((socket) => socket.destroy());
    await closed;
  }

  private async handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const { method = '', url = '', headers } = request;
    const asked = { method, url, headers, body: Buffer.concat(chunks).toString() };
    this.requests.push(asked);
    const answer = this.respond(asked);
    if (answer === 'silence') return;
    if (answer === 'reset') return void request.socket.resetAndDestroy();
    const { status = 200, body = '' } = answer;
    const isJson = typeof body === 'object' && !Buffer.isBuffer(body);
    response.writeHead(status, { 'content-type': 'application/json', ...answer.headers });
    response.end(isJson ? JSON.stringify(body) : body);
  }
}
