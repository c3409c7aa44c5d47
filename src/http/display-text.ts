import { applyDecorators } from '@nestjs/common';
import { Transform } from 'class-transformer';
import { Matches } from 'class-validator';

/** 1 to 64 characters, one of them visible; no control characters, line breaks, lone surrogates or bidirectional overrides. */
const DISPLAY_TEXT = /^(?=.*[^\p{Z}\p{C}])[^\p{Cc}\p{Cs}\p{Zl}\p{Zp}\u202a-\u202e\u2066-\u2069]{1,64}$/u;

/** UTF-16 code units: what is longer cannot become 64 characters, and composing a long text can take a second. */
const MAX_UNTIDY = 1_024;

/** The text as it is kept, trimmed and in NFC, or null if it is not fit to be shown as a name. */
export function toDisplayText(text: string): string | null {
  const kept = tidy(text);
  return DISPLAY_TEXT.test(kept) ? kept : null;
}

function tidy(text: string): string {
  const trimmed = text.trim();
  return trimmed.length > MAX_UNTIDY ? trimmed : trimmed.normalize('NFC');
}

/** Validates a member of a body as a name that people are shown, after trimming it and bringing it to NFC. */
export const IsDisplayText = (): PropertyDecorator =>
  applyDecorators(
    Transform(({ value }: { value: unknown }) => (typeof value === 'string' ? tidy(value) : value)),
    Matches(DISPLAY_TEXT, {
      message:
        '$property must have 1 to 64 characters, none of them control or bidirectional-override characters',
    }),
  );
