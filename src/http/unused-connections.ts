import type { Server, Socket } from 'node:net';
import type { FastifyInstance } from 'fastify';

const PATIENCE = 500; // ms for a request on a connection that was accepted at the last moment
const LONGEST_WAIT = 2_000; // ms for a moment in which no connection waits to be accepted

/**
 * Closes the port, at shutdown, when nobody is being connected, and then the connections on which nothing was ever asked: Node
 * does not count them as idle. A little later, as on some of them a request is on its way, and no other replica would get it.
 */
export function closeUnusedConnections(fastify: FastifyInstance): void {
  const { server } = fastify;
  const unused = new Set<Socket>();
  server.on('connection', (socket) => {
    unused.add(socket);
    socket.once('close', () => unused.delete(socket));
  });
  server.on('request', ({ socket }) => unused.delete(socket));
  fastify.addHook('preClose', (done) => {
    // A hook is called once for each of Fastify's contexts.
    if (!server.listening) return done();
    whenAllAreAccepted(server, () => {
      // Here rather than by Fastify, which does so some turns later, and waits for the connections in either case.
      server.close();
      setTimeout(() => unused.forEach((socket) => socket.destroy()), PATIENCE).unref();
      done();
    });
  });
}

/**
 * Calls back when the system holds no connection that waits to be accepted: it resets those when the port closes. Node accepts
 * one in each turn of its loop, so that none waits after a turn without one.
 */
function whenAllAreAccepted(server: Server, callback: () => void): void {
  const latest = performance.now() + LONGEST_WAIT;
  let hasAccepted = true;
  const note = (): void => {
    hasAccepted = true;
  };
  const look = (): void => {
    if (hasAccepted && performance.now() < latest) {
      hasAccepted = false;
      return void setImmediate(look);
    }
    server.off('connection', note);
    callback();
  };
  server.on('connection', note);
  setImmediate(look);
}
