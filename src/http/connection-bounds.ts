import { readFileSync } from 'node:fs';
import type { IncomingMessage, RequestListener, ServerOptions, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { FastifyInstance } from 'fastify';
import type { Logger } from 'pino';

const MAX_HEADERS = 32 * 1024; // bytes; Node's 16 KiB would hold no token of 16 KiB
const HEADERS_TIMEOUT = 15_000; // ms until the headers have arrived
const REQUEST_TIMEOUT = 30_000; // ms until the whole request has
const CHECK_INTERVAL = 5_000; // ms; a request is at most that much older than its timeout when it is refused
const KEEP_ALIVE_TIMEOUT = 65_000; // ms; longer than the 60 s of the usual load balancer, so that it hangs up first
const SILENCE_TIMEOUT = 60_000; // ms without a byte in either direction, while an answer is not taken
/** Far more than load balancers keep open; with the largest headers and a body in each, some 150 MB. */
const MAX_CONNECTIONS = 2_000;
const FEWEST_CONNECTIONS = 16;
/** Descriptors beside those of clients and of the database's pool: files, log, resolver, key sets, 26 at a quiet moment. */
const OTHER_DESCRIPTORS = 100;
const MAX_REQUESTS = 1_000; // on one connection; after it a load balancer may choose another replica
/** Requests on one connection that are not answered yet. Browsers and proxies send one. */
const MAX_UNANSWERED = 8;
const WARN_INTERVAL = 60_000; // ms

/** For Node's HTTP server. Its own check is each 30 s, so that a timeout of 30 s may be one of 60. */
export const SERVER_OPTIONS: ServerOptions = {
  requireHostHeader: false,
  maxHeaderSize: MAX_HEADERS,
  headersTimeout: HEADERS_TIMEOUT,
  requestTimeout: REQUEST_TIMEOUT,
  connectionsCheckingInterval: CHECK_INTERVAL,
};

/** The same for Fastify, which sets these after the server is made. */
export const TIMEOUTS = {
  requestTimeout: REQUEST_TIMEOUT,
  keepAliveTimeout: KEEP_ALIVE_TIMEOUT,
  connectionTimeout: SILENCE_TIMEOUT,
} as const;

/** How many connections a process of so many file descriptors holds: full, it must still reach its database. */
export function mostConnections(poolMax: number, descriptors = openFiles()): number {
  const left = descriptors - poolMax - OTHER_DESCRIPTORS;
  return Math.max(FEWEST_CONNECTIONS, Math.min(MAX_CONNECTIONS, left));
}

/** How many files and sockets this process may have open, where the system tells. */
function openFiles(): number {
  try {
    const [, most] = /^Max open files +(\d+)/m.exec(readFileSync('/proc/self/limits', 'utf8')) ?? [];
    return Number(most ?? Infinity);
  } catch {
    return Infinity;
  }
}

interface Limits {
  readonly maxConnections: number;
  readonly log: Logger;
}

/**
 * Bounds what one client can make the server hold: connections, requests on one of them, and answers that it does not
 * read. Comes before everything that listens to the server's requests.
 */
export function installConnectionBounds(fastify: FastifyInstance, { maxConnections, log }: Limits): void {
  const { server } = fastify;
  server.maxConnections = maxConnections;
  let quietUntil = 0;
  server.on('drop', () => {
    if (Date.now() < quietUntil) return;
    quietUntil = Date.now() + WARN_INTERVAL;
    log.warn({ maxConnections }, 'Connections are refused: there are as many as this replica holds');
  });
  const [handle] = server.listeners('request') as [RequestListener];
  server.off('request', handle);
  server.on('request', oneAtATime(handle, log));
}

/** A connection with the requests that it brought. */
interface Line {
  /** The answer to the request that is carried out, or was last. */
  current: ServerResponse;
  /** Requests that were read, and are not begun. */
  readonly waiting: Parameters<RequestListener>[];
  /** How many requests there were. */
  count: number;
}

/**
 * Hands the requests of a connection over one after another, each once the network has the whole answer before it: a client
 * that does not read has one answer in memory, not as many as it can ask for. Past the bounds, an answer has
 * `Connection: close`; what was sent behind it is not read, and a client has to send it again (RFC 9112 §9.3.2).
 */
function oneAtATime(handle: RequestListener, log: Logger): RequestListener {
  const lines = new WeakMap<Socket, Line>();
  const next = (line: Line): void => {
    const exchange = line.waiting.shift();
    if (exchange === undefined) return;
    const [request, response] = exchange;
    if (!request.socket.writable) {
      log.info({ method: request.method, route: 'unbegun', aborted: true });
      return next(line);
    }
    line.current = response;
    if (line.waiting.length > 0) response.once('close', () => next(line));
    handle(request, response);
  };
  return (request, response) => {
    const { socket } = request;
    const line = lines.get(socket);
    if (line === undefined) {
      lines.set(socket, { current: response, waiting: [], count: 1 });
      return handle(request, response);
    }
    line.count += 1;
    const isFirst = line.waiting.length === 0;
    if (line.count >= MAX_REQUESTS || line.waiting.length + 2 >= MAX_UNANSWERED) {
      response.shouldKeepAlive = false;
      readNoMore(socket);
    }
    if (isFirst && line.current.closed) {
      line.current = response;
      return handle(request, response);
    }
    if (isFirst) line.current.once('close', () => next(line));
    line.waiting.push([request, response]);
  };
}

interface ParsedSocket extends Socket {
  readonly parser?: { onIncoming: (request: IncomingMessage) => number } | null;
}

/**
 * Lets Node read this request to its end, and no other. By its parser, as nothing else stops that: it makes requests of all
 * that came in one piece, two thousand and more in 64 KiB, though the socket was paused or destroyed meanwhile. Told of an
 * upgrade (2), it drops the rest of the piece.
 */
function readNoMore(socket: ParsedSocket): void {
  if (!socket.parser) return;
  socket.parser.onIncoming = () => {
    socket.pause();
    return 2;
  };
}
