import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

/** A server on the loopback that counts who calls. */
export interface CallCounter {
  readonly url: string;
  /** Connections so far. */
  calls(): number;
  close(): Promise<void>;
}

/** Listens on a free port. */
export async function countCalls(): Promise<CallCounter> {
  let connections = 0;
  const server = createServer((_request, response) => response.writeHead(404).end());
  server.on('connection', () => (connections += 1));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/revoked.crl`,
    calls: () => connections,
    close: () =>
      new Promise((resolve) => {
        server.closeAllConnections();
        server.close(() => resolve());
      }),
  };
}
