import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import { Matches } from 'class-validator';
import type { FastifyRequest } from 'fastify';
import { AppError } from '../errors/app-error.js';
import { servesUser } from '../http/request-context.js';
import { EXTERNAL_ID, isExternalId } from '../users/external-id.js';
import type { Identity } from '../users/user.repository.js';

/**
 * How a caller names a user of an app: by the application's own id, or by ours. `tiedTo` is the identity that acts, where
 * a user acts for themself: its tie to the external ID has to hold in the transaction of the act.
 */
export type UserKey =
  { readonly externalId: string; readonly tiedTo?: Identity | undefined } | { readonly id: string };

/** The ids of users and devices, as they stand in URLs. */
export const OPAQUE_ID = /^[A-Za-z0-9_-]{1,64}$/;

/** Validates a member of a body as an external ID. */
export const IsExternalId = (): PropertyDecorator =>
  Matches(EXTERNAL_ID, {
    message: '$property must have 1 to 255 characters without control characters, and not be . or ..',
  });

/**
 * The user that the path names as `:user_id` or `:external_id`; one is never looked up as the other. Throws
 * `user_not_found` for a name that can be neither.
 */
export const NamedUser = createParamDecorator((_data: unknown, context: ExecutionContext): UserKey => {
  const { params } = context.switchToHttp().getRequest<FastifyRequest<{ Params: Record<string, string> }>>();
  const { app = '', user_id: id, external_id: externalId } = params;
  if (id !== undefined && OPAQUE_ID.test(id)) {
    servesUser(app, id);
    return { id };
  }
  if (externalId !== undefined && isExternalId(externalId)) {
    servesUser(app, externalId);
    return { externalId };
  }
  throw new AppError('user_not_found');
});
