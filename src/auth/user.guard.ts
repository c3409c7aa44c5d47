import { Injectable } from '@nestjs/common';
import { AuthGuard } from '@nestjs/passport';
import { AppError } from '../errors/app-error.js';
import { Refusal } from '../errors/refusal.js';
import { Unavailable } from '../errors/unavailable.js';
import { currentRequest } from '../http/request-context.js';
import type { Caller } from './caller.js';
import { toRefusal } from './token-refusal.js';

/**
 * Admits a request with a verified token, and puts the `Caller` into `request.user`. Throws `AppError`, which is
 * `missing_token` or `invalid_token` (its cause a `TokenRefusal`), or `Unavailable('token_keys_unavailable')`.
 */
@Injectable()
export class UserGuard extends AuthGuard('jwt') {
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
