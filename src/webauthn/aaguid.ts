/** An AAGUID as it is kept: a lower-case UUID. */
export const AAGUID = /^[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}$/;

/** Stands for "not told" and names no model. */
export const ZERO_AAGUID = '00000000-0000-0000-0000-000000000000';
