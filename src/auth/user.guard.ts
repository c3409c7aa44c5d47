import { ExecutionContext, Injectable } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import { AuthGuard } from '@nestjs/passport';
import { PUBLIC } from '../http/public.decorator.js';
import { currentRequest, servesUser } from '../http/request-context.js';
import type { Caller } from './caller.js';

/**
 * Admits a request with a verified token, and puts the `Caller` into `request.user`; lets requests to `@Public()` routes
 * pass unread. Throws what the strategy does; any other error than its refusals and outages is a bug.
 */
@Injectable()
export class UserGuard extends AuthGuard('jwt') {
  constructor(private readonly reflector: Reflector) {
    super();
  }

  override canActivate(context: ExecutionContext) {
    // The controller beside the handler, as a handler may be inherited.
    const isPublic = this.reflector.getAllAndOverride<boolean | undefined>(PUBLIC, [
      context.getHandler(),
      context.getClass(),
    ]);
    return isPublic === true || super.canActivate(context);
  }

  override handleRequest<T = Caller>(error: unknown, caller: Caller | false, info: unknown): T {
    if (!caller) throw error ?? info;
    const context = currentRequest();
    if (context) context.actor = `user:${caller.subject}`;
    servesUser(caller.issuer, caller.subject);
    return caller as T;
  }
}
