import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import { Matches } from 'class-validator';
import type { FastifyRequest } from 'fastify';
import { AppError } from '../errors/app-error.js';

/** How a caller names a user of an app: by the application's own id, or by ours. */
export type UserKey = { readonly externalId: string } | { readonly id: string };

/** The ids of users and devices, as they stand in URLs. */
export const OPAQUE_ID = /^[A-Za-z0-9_-]{1,64}$/;

const EXTERNAL_ID = /^(?!\.{1,2}$)\P{Cc}{1,255}$/u;

/** 1 to 255 characters without control characters or lone surrogates, and not `.` or `..`, which paths give a meaning. */
export const isExternalId = (text: string): boolean => EXTERNAL_ID.test(text) && text.isWellFormed();

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
  const { user_id: id, external_id: externalId } = params;
  if (id !== undefined && OPAQUE_ID.test(id)) return { id };
  if (externalId !== undefined && isExternalId(externalId)) return { externalId };
  throw new AppError('user_not_found');
});
