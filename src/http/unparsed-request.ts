import { randomUUID } from 'node:crypto';
import { STATUS_CODES } from 'node:http';
import type { Socket } from 'node:net';
import type { FastifyInstance } from 'fastify';
import { AppError, type ErrorCode } from './app-error.js';
import { answerOf } from './error-answer.js';
import { isFlexTarget, originForm } from './request-target.js';

/** What Node's HTTP parser throws, with the bytes it was reading. */
type ParserError = Error & { readonly code?: string; readonly rawPacket?: unknown };

const REQUEST_LINE = /^[A-Z]+ (\S+)/;
const LONGEST_REQUEST_LINE = 2_048; // bytes

/**
 * Answers requests that Node's parser gives up on, which never reach a route or stop in the middle of their body, in
 * the shape of the edge they were sent to; then hangs up, as nothing that follows can be trusted.
 */
export class UnparsedRequests {
  private readonly targets = new WeakMap<Socket, string>();

  /** Remembers what each connection asked for last: a body that breaks off does not say whose it was. */
  install(fastify: FastifyInstance): void {
    fastify.server.prependListener('request', (request) => {
      this.targets.set(request.socket, originForm(request));
    });
  }

  answer(error: ParserError, socket: Socket): void {
    if (socket.destroyed || error.code === 'ECONNRESET') return;
    if (socket.writable) socket.write(this.render(error, socket));
    socket.destroySoon();
  }

  private render(error: ParserError, socket: Socket): string {
    const target = targetIn(error.rawPacket) ?? this.targets.get(socket);
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

function codeOf({ code }: ParserError): ErrorCode {
  if (code === 'HPE_HEADER_OVERFLOW') return 'headers_too_large';
  return code === 'ERR_HTTP_REQUEST_TIMEOUT' ? 'request_timeout' : 'invalid_request';
}

function targetIn(packet: unknown): string | undefined {
  if (!Buffer.isBuffer(packet)) return undefined;
  const [, url] = REQUEST_LINE.exec(packet.toString('latin1', 0, LONGEST_REQUEST_LINE)) ?? [];
  return url === undefined ? undefined : originForm({ url });
}
