import { randomUUID } from 'node:crypto';
import { type IncomingMessage, type ServerResponse, STATUS_CODES } from 'node:http';
import type { Socket } from 'node:net';
import type { FastifyInstance } from 'fastify';
import { AppError, type RefusalCode } from '../errors/app-error.js';
import { answerOf } from './error-answer.js';
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
 * Answers requests that Node would answer by itself, most of all those its parser gives up on, which never reach a route
 * or break off in the middle of their body: in the shape of the edge they were sent to. Hangs up on what was not
 * understood, as nothing that follows can be trusted.
 */
export class UnparsedRequests {
  private readonly latest = new WeakMap<Socket, Exchange>();

  install(fastify: FastifyInstance): void {
    const { server } = fastify;
    // A body that breaks off does not say whose it was.
    server.prependListener('request', (request, response) => {
      this.latest.set(request.socket, { request, response });
    });
    // RFC 9110 §10.1.1 leaves it to the server whether it heeds what it does not know; Node's own answer has no body.
    server.on('checkExpectation', (request, response) => server.emit('request', request, response));
    fastify.addHook('onRequest', ({ headers, raw }, _reply, done) => {
      const lacksHost = headers.host === undefined && raw.httpVersion !== '1.0';
      done(
        lacksHost ? new AppError('invalid_request', { detail: 'The Host header is missing.' }) : undefined,
      );
    });
  }

  answer(error: ParserError, socket: Socket): void {
    if (socket.destroyed || error.code === 'ECONNRESET') return;
    const latest = this.latest.get(socket);
    // What came before is sound, and the client would take this for its answer.
    const isAwaited = latest && latest.request.complete && !latest.response.writableEnded;
    if (socket.writable && !isAwaited) socket.write(this.render(error, latest?.request));
    socket.destroySoon();
  }

  private render(error: ParserError, latest: IncomingMessage | undefined): string {
    const target = targetIn(error.rawPacket) ?? (latest && originForm(latest));
    const requestId = randomUUID();
    // Where nothing tells, the protocol's shape says enough to either side.
    const isFlex = target === undefined || isFlexTarget(target);
    const { status, type, body } = answerOf(new AppError(codeOf(error)), { isFlex, requestId });
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
