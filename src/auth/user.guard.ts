import { ExecutionContext, Injectable } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import { AuthGuard } from '@nestjs/passport';
import type { FastifyRequest } from 'fastify';
import { PUBLIC } from '../http/public.decorator.js';
import { assertWithin, refusalOfUnknown } from '../http/rate-limit.js';
import { currentRequest, servesUser } from '../http/request-context.js';
import type { Caller } from './caller.js';

/**
 * Admits a request with a verified token, and puts the `Caller` into `request.user`; lets requests to `@Public()` routes
 * pass unread. Throws what the strategy does, and `too_many_requests` for a user with too many requests, or for a network of
 * which too many were refused: tokens are verified nevertheless, which asks no database, so that right ones pass. Any other error
 * than refusals and outages is a bug.
 */
@Injectable()
export class UserGuard extends AuthGuard('jwt') {
  constructor(private readonly reflector: Reflector) {
    super();
  }

  override async canActivate(context: ExecutionContext): Promise<boolean> {
    // The controller beside the handler, as a handler may be inherited.
    const isPublic = this.reflector.getAllAndOverride<boolean | undefined>(PUBLIC, [
      context.getHandler(),
      context.getClass(),
    ]);
    if (isPublic === true) return true;
    const request = context.switchToHttp().getRequest<FastifyRequest>();
    try {
      await super.canActivate(context);
    } catch (error) {
      throw await refusalOfUnknown(error, request);
    }
    await assertWithin(request.server.counts.user, request);
    return true;
  }

  override handleRequest<T = Caller>(error: unknown, caller: Caller | false, info: unknown): T {
    if (!caller) throw error ?? info;
    const context = currentRequest();
    if (context) context.actor = `user:${caller.subject}`;
    servesUser(caller.issuer, caller.subject);
    return caller as T;
  }
}
