import { once } from 'node:events';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';

/** A server of the test's own making, on this machine. */
export interface FakeServer {
  /** Its origin, without a trailing slash. */
  readonly url: string;
  /** Method and path of every request so far. */
  readonly requests: readonly string[];
  close(): Promise<void>;
}

/** Starts a server that answers as it is told. */
export async function fakeServer(answer: RequestListener): Promise<FakeServer> {
  const requests: string[] = [];
  const server = createServer((request, response) => {
    requests.push(`${request.method} ${request.url}`);
    answer(request, response);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests,
    close: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}
