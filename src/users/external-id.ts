/** What an external ID may be, as validators need it. */
export const EXTERNAL_ID = /^(?!\.{1,2}$)\P{Cc}{1,255}$/u;

/** 1 to 255 characters without control characters or lone surrogates, and not `.` or `..`, which paths give a meaning. */
export const isExternalId = (text: string): boolean => EXTERNAL_ID.test(text) && text.isWellFormed();
