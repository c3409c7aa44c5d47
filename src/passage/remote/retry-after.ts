const MAX = 300; // seconds: a slip of the provider's must not shut it out for hours

/** Reads a `Retry-After` header (RFC 9110 §10.2.3): 1 to 300 seconds from now; undefined if it says nothing. */
export function parseRetryAfter(header: string | null, now = Date.now()): number | undefined {
  if (header === null) return undefined;
  const seconds = /^\d{1,9}$/.test(header) ? Number(header) : (Date.parse(header) - now) / 1000;
  return Number.isNaN(seconds) ? undefined : Math.min(MAX, Math.max(1, Math.ceil(seconds)));
}
