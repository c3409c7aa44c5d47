import { applyDecorators } from '@nestjs/common';
import { Transform } from 'class-transformer';
import { Matches } from 'class-validator';
import { shownText, tidyText, toShownText } from '../config/shown-text.js';

/** Characters of a passkey's name. */
const MAX_NAME = 64;

/** The name of a passkey as it is kept, trimmed and in NFC, or null if it is not fit to be shown. */
export const toDisplayText = (text: string): string | null => toShownText(text, MAX_NAME);

/** Validates a member of a body as a name that people are shown, after trimming it and bringing it to NFC. */
export const IsDisplayText = (max = MAX_NAME): PropertyDecorator =>
  applyDecorators(
    Transform(({ value }: { value: unknown }) => (typeof value === 'string' ? tidyText(value, max) : value)),
    Matches(shownText(max), {
      message:
        `$property must have 1 to ${max} characters, at least one of them visible, and none of them a line break, ` +
        'control or bidirectional-override character',
    }),
  );
