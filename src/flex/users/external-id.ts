import { Matches } from 'class-validator';

const EXTERNAL_ID = /^(?!\.{1,2}$)\P{Cc}{1,255}$/u;

/** 1 to 255 characters without control characters, and not a path segment with a meaning of its own. */
export const isExternalId = (text: string): boolean => EXTERNAL_ID.test(text) && text.isWellFormed();

/** Validates a member of a body as an external ID. */
export const IsExternalId = (): PropertyDecorator =>
  Matches(EXTERNAL_ID, {
    message: '$property must have 1 to 255 characters without control characters, and not be . or ..',
  });
