import {
  type ArgumentMetadata,
  type PipeTransform,
  ValidationPipe,
  type ValidationError,
} from '@nestjs/common';
import { AppError } from '../errors/app-error.js';

/** Validates a body against its DTO; throws `invalid_request` with every broken rule in its detail. */
class BodyPipe extends ValidationPipe {
  constructor(unknownMembers: 'refuse' | 'ignore') {
    super({
      transform: true,
      whitelist: true,
      forbidNonWhitelisted: unknownMembers === 'refuse',
      forbidUnknownValues: true,
      stopAtFirstError: true,
      exceptionFactory: (errors) => new AppError('invalid_request', { detail: sentencesOf(errors) }),
    });
  }

  override async transform(value: unknown, metadata: ArgumentMetadata): Promise<unknown> {
    if (metadata.type !== 'body') return value;
    // An array would be validated element by element, an empty one not at all.
    if (typeof value !== 'object' || value === null || Array.isArray(value)) {
      throw new AppError('invalid_request', { detail: 'The body must be a JSON object.' });
    }
    return (await super.transform(value, metadata)) as unknown;
  }
}

/** For our own API: a member it does not know is refused. */
export const StrictBody = new BodyPipe('refuse');

/** For the Flex protocol: a member it does not know is ignored. */
export const LenientBody = new BodyPipe('ignore');

const sentencesOf = (errors: readonly ValidationError[]): string =>
  errors
    .map((error) => Object.values(error.constraints ?? {}).join(', ') || `${error.property} is invalid`)
    .join('; ');

/** For a route that takes nothing: no body or an empty object. */
export const NoBody: PipeTransform<unknown, undefined> = {
  transform(body) {
    const isObject = typeof body === 'object' && !Array.isArray(body);
    const isNothing = body == null || (isObject && Object.keys(body).length === 0);
    if (!isNothing) throw new AppError('invalid_request', { detail: 'The route takes no body.' });
    return undefined;
  },
};
