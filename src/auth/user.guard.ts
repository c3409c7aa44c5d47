import { ExecutionContext, Injectable } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import { AuthGuard } from '@nestjs/passport';
import { AppError } from '../errors/app-error.js';
import { Refusal } from '../errors/refusal.js';
import { Unavailable } from '../errors/unavailable.js';
import { PUBLIC } from '../http/public.decorator.js';
import { currentRequest } from '../http/request-context.js';
import type { Caller } from './caller.js';
import { toRefusal } from './token-refusal.js';

/**
 * Admits a request with a verified token, and puts the `Caller` into `request.user`; lets requests to `@Public()` routes
 * pass unread. Throws `AppError`, which is `missing_token` or `invalid_token` (its cause a `TokenRefusal`), or
 * `Unavailable('token_keys_unavailable')`.
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
    if (!caller) throw failureOf(error, info);
    const context = currentRequest();
    if (context) context.actor = `user:${caller.subject}`;
    return caller as T;
  }
}

/** `error` is what reading the claims threw, `info` what getting and verifying the token did. */
function failureOf(error: unknown, info: unknown): unknown {
  const thrown = error ?? info;
  if (thrown instanceof AppError || thrown instanceof Unavailable) return thrown;
  if (error && !(error instanceof Refusal)) return error;
  return new AppError('invalid_token', { cause: toRefusal(thrown) });
}
