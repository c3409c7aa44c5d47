import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import type { IncomingHttpHeaders } from 'node:http';
import type { FastifyRequest } from 'fastify';
import { AppError } from '../../errors/app-error.js';
import type { ActOfPerson, StepUp } from './step-up.js';

/**
 * That a server does not act for itself: it passes on what a person does to their own account, and how they have stepped up,
 * in headers; undefined without them. Throws `invalid_request` for a word it does not know.
 */
export const PersonsAct = createParamDecorator(
  (_data: unknown, context: ExecutionContext): ActOfPerson | undefined => {
    const stepUp = stepUpIn(context.switchToHttp().getRequest<FastifyRequest>().headers);
    return stepUp && { stepUp };
  },
);

function stepUpIn(headers: IncomingHttpHeaders): StepUp | undefined {
  const nonce = headers['x-keyway-nonce'];
  if (typeof nonce === 'string') return { nonce, signedInAt: secondsIn(headers['x-keyway-signed-in-at']) };
  const word = headers['x-keyway-step-up'];
  if (word === undefined || word === 'done' || word === 'missing') return word;
  throw new AppError('invalid_request', { detail: 'X-Keyway-Step-Up must be done or missing.' });
}

const secondsIn = (header: unknown): number | null =>
  typeof header === 'string' && /^\d{1,12}(\.\d{1,9})?$/.test(header) ? Number(header) : null;
