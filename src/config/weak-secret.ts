/** No secret may be shorter. */
export const MIN_SECRET_BYTES = 32;
const MIN_DISTINCT_BYTES = 8;

/** Whether bytes are so monotonous that nobody can have drawn them at random. */
export const isWeak = (bytes: Buffer): boolean => new Set(bytes).size < MIN_DISTINCT_BYTES;
