import { once } from 'node:events';
import {
  Agent,
  createServer,
  type IncomingHttpHeaders,
  type IncomingMessage,
  request,
  type Server,
  type ServerResponse,
} from 'node:http';
import type { AddressInfo } from 'node:net';

const CHECK_EVERY = 500; // ms
const CHECK_PATIENCE = 3_000; // ms
const NO_REPLICA = 'no_replica';

/** Names, in an answer that no replica gave, why there was none. */
const BALANCER_HEADER = 'x-balancer';

/** What stands in front of the replicas. */
export interface LoadBalancer {
  readonly url: string;
  /** Each reason for which a replica was found not to be ready, where it tells. */
  readonly unready: ReadonlySet<string>;
  /** Sends requests to the replica as well, once it is ready; answers then. */
  add(url: string): Promise<void>;
  /** The replica has ended. */
  remove(url: string): void;
  close(): Promise<void>;
}

interface Backend {
  readonly url: string;
  readonly agent: Agent;
  readonly timer: NodeJS.Timeout;
  isHealthy: boolean;
}

/**
 * A load balancer as they commonly are: sends each request to the next replica that is ready, over connections that it keeps
 * open, and tries none again. It answers 503 while no replica is ready, and 502 where a connection breaks.
 */
export class Balancer implements LoadBalancer {
  readonly unready = new Set<string>();
  private readonly backends = new Map<string, Backend>();
  private readonly server: Server;
  private turn = 0;

  private constructor() {
    this.server = createServer((incoming, outgoing) => this.pass(incoming, outgoing));
    this.server.keepAliveTimeout = 60_000;
  }

  static async start(): Promise<Balancer> {
    const balancer = new Balancer();
    balancer.server.listen(0, '127.0.0.1');
    await once(balancer.server, 'listening');
    return balancer;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  async add(url: string): Promise<void> {
    const backend: Backend = {
      url,
      agent: new Agent({ keepAlive: true }),
      timer: setInterval(() => void this.check(backend), CHECK_EVERY),
      isHealthy: false,
    };
    this.backends.set(url, backend);
    while (!backend.isHealthy && this.backends.has(url)) await this.check(backend);
  }

  remove(url: string): void {
    const backend = this.backends.get(url);
    clearInterval(backend?.timer);
    backend?.agent.destroy();
    this.backends.delete(url);
  }

  async close(): Promise<void> {
    for (const url of this.backends.keys()) this.remove(url);
    this.server.close();
    this.server.closeAllConnections();
    await once(this.server, 'close');
  }

  private async check(backend: Backend): Promise<void> {
    try {
      const signal = AbortSignal.timeout(CHECK_PATIENCE);
      const answer = await fetch(`${backend.url}/health/ready`, { signal });
      const { reason } = (await answer.json()) as { reason?: string };
      backend.isHealthy = answer.status === 200;
      if (reason !== undefined) this.unready.add(reason);
    } catch {
      backend.isHealthy = false;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }

  private pass(incoming: IncomingMessage, outgoing: ServerResponse): void {
    const healthy = [...this.backends.values()].filter(({ isHealthy }) => isHealthy);
    const backend = healthy[this.turn++ % healthy.length];
    if (!backend) return fail(outgoing, 503, NO_REPLICA);
    const { method, headers, url } = incoming;
    const onward = request(backend.url + url!, {
      method: method!,
      headers: ofBothHops(headers),
      agent: backend.agent,
    });
    onward.on('response', (answer) => {
      outgoing.writeHead(answer.statusCode!, ofBothHops(answer.headers));
      answer.pipe(outgoing);
      answer.once('error', () => outgoing.destroy());
    });
    onward.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'ECONNREFUSED') backend.isHealthy = false;
      if (outgoing.headersSent) outgoing.destroy();
      else fail(outgoing, 502, error.code ?? error.message);
    });
    incoming.pipe(onward);
  }
}

/** Without those that are about the one connection. */
function ofBothHops(headers: IncomingHttpHeaders): IncomingHttpHeaders {
  const all = Object.entries(headers);
  return Object.fromEntries(all.filter(([name]) => !['connection', 'keep-alive'].includes(name)));
}

function fail(outgoing: ServerResponse, status: number, reason: string): void {
  outgoing.writeHead(status, { [BALANCER_HEADER]: reason, 'content-length': '0' }).end();
}
