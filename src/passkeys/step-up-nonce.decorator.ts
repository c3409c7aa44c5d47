import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';

/** The nonce of a step-up that the caller brings in the header `X-Keyway-Nonce`; null without one. */
export const StepUpNonce = createParamDecorator(
  (_data: unknown, context: ExecutionContext): string | null => {
    const nonce = context.switchToHttp().getRequest<FastifyRequest>().headers['x-keyway-nonce'];
    return typeof nonce === 'string' ? nonce : null;
  },
);
