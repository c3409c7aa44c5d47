import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import { AppError } from '../../errors/app-error.js';
import { OPAQUE_ID } from '../opaque-id.js';
import { isExternalId } from './external-id.js';
import type { UserKey } from './user-key.js';

/**
 * The user that the path names as `:user_id` or `:external_id`; one is never looked up as the other. Throws
 * `user_not_found` for what can be neither.
 */
export const NamedUser = createParamDecorator((_data: unknown, context: ExecutionContext): UserKey => {
  const { params } = context.switchToHttp().getRequest<FastifyRequest<{ Params: Record<string, string> }>>();
  const { user_id: id, external_id: externalId } = params;
  if (id !== undefined && OPAQUE_ID.test(id)) return { id };
  if (externalId !== undefined && isExternalId(externalId)) return { externalId };
  throw new AppError('user_not_found');
});
