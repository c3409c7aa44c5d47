import type { ArgumentMetadata, PipeTransform } from '@nestjs/common';
import { type ClassConstructor, plainToInstance } from 'class-transformer';
import { validate, type ValidationError, type ValidatorOptions } from 'class-validator';
import { AppError } from '../errors/app-error.js';
import { PendingBody } from './pending-body.js';

const optionsFor = (unknownMembers: 'refuse' | 'ignore'): ValidatorOptions => ({
  whitelist: true,
  forbidNonWhitelisted: unknownMembers === 'refuse',
  forbidUnknownValues: true,
  stopAtFirstError: true,
});

/**
 * Validates a body against its DTO; throws `invalid_request` with every broken rule in its detail. Not Nest's
 * `ValidationPipe`: what that one does besides is for values which `json-body.ts` cannot give, and costs as much again.
 */
class BodyPipe implements PipeTransform<unknown, unknown> {
  private readonly options: ValidatorOptions;
  /** DTOs that an empty body satisfies, which is how most sign-ins start: it needs no second look. */
  private readonly allOptional = new Set<ClassConstructor<object>>();

  constructor(
    unknownMembers: 'refuse' | 'ignore',
    /** What counts as an empty object. */
    private readonly empties: readonly unknown[] = [],
  ) {
    this.options = optionsFor(unknownMembers);
  }

  async transform(given: unknown, { type, metatype }: ArgumentMetadata): Promise<unknown> {
    if (type !== 'body') return given;
    const sent = given instanceof PendingBody ? await given.read() : given;
    const value = this.empties.includes(sent) ? {} : sent;
    // An array would be validated element by element, an empty one not at all.
    if (typeof value !== 'object' || value === null || Array.isArray(value)) {
      throw new AppError('invalid_request', { detail: 'The body must be a JSON object.' });
    }
    const dto = metatype as ClassConstructor<object>;
    const isEmpty = Object.keys(value).length === 0;
    if (isEmpty && this.allOptional.has(dto)) return new dto();
    const body = await validated(dto, value, this.options);
    if (isEmpty) this.allOptional.add(dto);
    return body;
  }
}

/** For our own API: a member it does not know is refused. */
export const StrictBody = new BodyPipe('refuse');

/** The same, for routes that need no body: none, and `null`, counts as an empty object. */
export const StrictOptionalBody = new BodyPipe('refuse', [undefined, null]);

/** For the Flex protocol: a member it does not know is ignored. */
export const LenientBody = new BodyPipe('ignore');

/** The same, for routes that may be called without a body: it counts as an empty object. */
export const LenientOptionalBody = new BodyPipe('ignore', [undefined]);

/**
 * Validates the parameters of a query against their DTO. One that is unknown is refused at both edges, and so is `type[]=…`:
 * a filter that is ignored would widen what is listed.
 */
export const StrictQuery: PipeTransform<object, Promise<object>> = {
  transform: (given, { metatype }) =>
    validated(metatype as ClassConstructor<object>, given, optionsFor('refuse')),
};

async function validated(
  dto: ClassConstructor<object>,
  value: object,
  options: ValidatorOptions,
): Promise<object> {
  const instance = plainToInstance(dto, value);
  const errors = await validate(instance, options);
  if (errors.length > 0) throw new AppError('invalid_request', { detail: sentencesOf(errors) });
  return instance;
}

const sentencesOf = (errors: readonly ValidationError[]): string =>
  errors
    .map((error) => Object.values(error.constraints ?? {}).join(', ') || `${error.property} is invalid`)
    .join('; ');

/** For a route that takes nothing: no body or an empty object. */
export const NoBody: PipeTransform<unknown, Promise<undefined>> = {
  async transform(given) {
    const body = given instanceof PendingBody ? await given.read() : given;
    const isObject = typeof body === 'object' && !Array.isArray(body);
    const isNothing = body == null || (isObject && Object.keys(body).length === 0);
    if (!isNothing) throw new AppError('invalid_request', { detail: 'The route takes no body.' });
    return undefined;
  },
};
