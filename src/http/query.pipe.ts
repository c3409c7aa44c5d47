import { applyDecorators } from '@nestjs/common';
import { Transform } from 'class-transformer';
import { IsDate, IsInt, Max, Min } from 'class-validator';

const RFC_3339 = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?(?:Z|[+-]\d\d:\d\d)$/i;

/** Validates a query parameter as a point in time (RFC 3339) and makes it a `Date`. */
export const IsMoment = (): PropertyDecorator =>
  applyDecorators(
    Transform(({ value }: { value: unknown }) =>
      typeof value === 'string' && RFC_3339.test(value) ? momentIn(value) : value,
    ),
    IsDate({ message: '$property must be a time such as 2026-11-22T18:00:00Z' }),
  );

/** The text itself for a year that has no four digits in UTC, or is 0: databases do not read them all. */
function momentIn(text: string): Date | string {
  const moment = new Date(text);
  const year = moment.getUTCFullYear();
  return year >= 1 && year <= 9999 ? moment : text;
}

/** Validates a query parameter as a whole number from 1 to `max` and makes it one. */
export const IsCountUpTo = (max: number): PropertyDecorator => {
  const message = `$property must be a whole number from 1 to ${max}`;
  return applyDecorators(
    Transform(({ value }: { value: unknown }) =>
      typeof value === 'string' && /^\d{1,9}$/.test(value) ? Number(value) : value,
    ),
    IsInt({ message }),
    Min(1, { message }),
    Max(max, { message }),
  );
};
