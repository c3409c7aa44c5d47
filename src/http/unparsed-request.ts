import { randomUUID } from 'node:crypto';
import { type IncomingMessage, type ServerResponse, STATUS_CODES } from 'node:http';
import type { Socket } from 'node:net';
import type { FastifyInstance } from 'fastify';
import type { Logger } from 'pino';
import { AppError, type RefusalCode } from '../errors/app-error.js';
import { answerOf, type ErrorAnswer } from './error-answer.js';
import { isFlexTarget, originForm } from './request-target.js';

/** What Node's HTTP parser throws, with the bytes it was reading. */
type ParserError = Error & { readonly code?: string; readonly rawPacket?: unknown };

/** What a connection asked for last, and its answer. */
interface Exchange {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
}

const REQUEST_LINE = /^[A-Z]+ (\S+)/;
const LONGEST_REQUEST_LINE = 2_048; // bytes

/**
 * Answers the requests that Node would answer by itself, in the shape of the edge they were sent to: above all those that
 * its parser cannot read, which never reach a route or end in the middle of their body. Closes the connection after
 * them, as nothing that follows can be trusted.
 */
export class UnparsedRequests {
  private readonly latest = new WeakMap<Socket, Exchange>();

  constructor(private readonly log: Logger) {}

  install(fastify: FastifyInstance): void {
    const { server } = fastify;
    // The parser's error does not name the request that it belongs to.
    server.prependListener('request', (request, response) => {
      this.latest.set(request.socket, { request, response });
    });
    // RFC 9110 §10.1.1 allows a server to ignore an expectation that it does not know; Node's own answer has no body.
    server.on('checkExpectation', (request, response) => server.emit('request', request, response));
  }

  answer(error: ParserError, socket: Socket): void {
    if (socket.destroyed || error.code === 'ECONNRESET') return;
    const latest = this.latest.get(socket);
    const isOfItsBody = latest?.request.complete === false;
    const isAnswered = latest?.response.writableEnded !== false;
    // Else the client would read this as the answer to a sound request, or as a second one.
    const isDue = isOfItsBody ? !isAnswered && latest.response.socket === socket : isAnswered;
    const requestId = randomUUID();
    const code = codeOf(error);
    const target = targetIn(error.rawPacket) ?? (latest && originForm(latest.request));
    // If the edge is unknown, clients of either understand the protocol's shape.
    const isFlex = target === undefined || isFlexTarget(target);
    const answer = answerOf(new AppError(code), { isFlex, requestId });
    if (socket.writable && isDue) socket.write(rendered(answer, requestId));
    // A request that ends in the middle of its body has a line of its own.
    if (!isOfItsBody) this.log.info({ requestId, route: 'unparsed', status: answer.status, code });
    socket.destroySoon();
  }
}

function rendered({ status, type, body }: ErrorAnswer, requestId: string): string {
  const content = JSON.stringify(body);
  return [
    `HTTP/1.1 ${status} ${STATUS_CODES[status]}`,
    `content-type: ${type}`,
    `content-length: ${Buffer.byteLength(content)}`,
    'cache-control: no-store',
    'x-content-type-options: nosniff',
    `x-request-id: ${requestId}`,
    'connection: close',
    '',
    content,
  ].join('\r\n');
}

function codeOf({ code }: ParserError): RefusalCode {
  if (code === 'HPE_HEADER_OVERFLOW') return 'headers_too_large';
  return code === 'ERR_HTTP_REQUEST_TIMEOUT' ? 'request_timeout' : 'invalid_request';
}

function targetIn(packet: unknown): string | undefined {
  if (!Buffer.isBuffer(packet)) return undefined;
  const [, url] = REQUEST_LINE.exec(packet.toString('latin1', 0, LONGEST_REQUEST_LINE)) ?? [];
  return url === undefined ? undefined : originForm({ url });
}
