import { applyDecorators } from '@nestjs/common';
import { Transform } from 'class-transformer';
import { Matches } from 'class-validator';

/** 1 to 64 characters, one of them visible; no control characters, line breaks or bidirectional overrides. */
const DISPLAY_TEXT = /^(?=.*[^\p{Z}\p{C}])[^\p{Cc}\p{Zl}\p{Zp}\u202a-\u202e\u2066-\u2069]{1,64}$/u;

/** Validates a member of a body as a name that people are shown, after trimming it and bringing it to NFC. */
export const IsDisplayText = (): PropertyDecorator =>
  applyDecorators(
    Transform(({ value }: { value: unknown }) =>
      typeof value === 'string' ? value.normalize('NFC').trim() : value,
    ),
    Matches(DISPLAY_TEXT, {
      message:
        '$property must have 1 to 64 characters, none of them control or bidirectional-override characters',
    }),
  );
