import { Injectable } from '@nestjs/common';
import { AuthGuard } from '@nestjs/passport';
import { AppError } from '../errors/app-error.js';
import { currentRequest } from '../http/request-context.js';
import type { Caller } from './caller.js';
import { toRefusal } from './refusal.js';

/**
 * Lets a request pass whose token is verified, with the `Caller` as `request.user`. Throws `AppError`:
 * `missing_token`, `invalid_token` (its cause a `Refusal`), or `token_keys_unavailable`.
 */
@Injectable()
export class UserGuard extends AuthGuard('jwt') {
  override handleRequest<T = Caller>(error: unknown, caller: Caller | false, info: unknown): T {
    if (!caller) throw toAppError(error ?? info);
    const context = currentRequest();
    if (context) context.actor = `user:${caller.subject}`;
    return caller as T;
  }
}

const toAppError = (thrown: unknown): AppError =>
  thrown instanceof AppError ? thrown : new AppError('invalid_token', { cause: toRefusal(thrown) });
